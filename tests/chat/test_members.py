"""Inviting, roles, muting, joining and leaving: what is done, what is told, and what is refused."""

import json
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from streams.chat import members
from streams.chat.changing import change_room
from streams.chat.generation_start import Asked, create_generation
from streams.chat.invitations import renew_invitation
from streams.chat.rooms import ensure_room
from streams.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound, TooLarge
from streams.models import Event, Member, Role, Room, RoomKind
from tests.chat.people import guest, user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def olga():
    return user("olga")


@pytest.fixture
def room(olga):
    room = ensure_room("den", title="The den")
    Member.objects.create(room=room, person=olga.id, user_id=olga.user_id, name="olga", role=Role.OWNER)
    return room


def told(*types):
    """The data of the events of these types, in order."""
    events = Event.objects.filter(topic__name="room:den", type__in=types).order_by("seq")
    return [json.loads(event.data) for event in events]


def test_what_is_done_to_people_is_told_in_the_room(room, olga):
    ann = user("ann")
    members.invite(room, olga, username="@ANN", role="reader")
    members.invite(room, olga, username="ann")  # is there already: nothing changes
    members.mute(room, olga, person=ann.id, minutes=10)
    members.mute(room, olga, person=ann.id, minutes=0)
    members.set_role(room, olga, person=ann.id, role="removed")
    events = told("member")
    person = {"id": ann.id, "name": "ann", "kind": "user"}
    assert {json.dumps(event["person"]) for event in events} == {json.dumps(person)}
    assert [event["role"] for event in events] == ["reader", "reader", "reader", "removed"]
    assert [event["muted_until"] is not None for event in events] == [False, True, False, False]
    assert all(event["by"] == olga.as_author() for event in events)


def test_the_last_owner_stays(room, olga):
    for act in (
        lambda: members.set_role(room, olga, person=olga.id, role="member"),
        lambda: members.set_role(room, olga, person=olga.id, role="removed"),
        lambda: members.leave(room, olga),
    ):
        with pytest.raises(Conflict, match="olga is the last owner of The den"):
            act()
    user("ann")
    members.invite(room, olga, username="ann", role="owner")
    members.leave(room, olga)
    assert [(row.name, row.role) for row in room.members.all()] == [("ann", "owner")]
    assert told("member")[-1]["role"] == "left"


def test_leaving_sheds_neither_a_mute_nor_a_role(room, olga):
    ann = user("ann")
    with pytest.raises(Conflict, match="nothing in The den that you could leave"):
        members.leave(room, ann)
    members.invite(room, olga, username="ann", role="reader")
    with pytest.raises(Conflict, match="nothing in The den that you could leave"):
        members.leave(room, ann)
    members.set_role(room, olga, person=ann.id, role="member")
    members.mute(room, olga, person=ann.id, minutes=5)
    with pytest.raises(Conflict, match="you are muted here until"):
        members.leave(room, ann)


def test_whoever_was_removed_comes_in_by_an_owner_only(room, olga):
    ann = user("ann")
    room.kind = RoomKind.INVITATION
    room.save()
    first = renew_invitation(room, olga)
    members.join(room, ann, secret=first)
    members.set_role(room, olga, person=ann.id, role="removed")
    with pytest.raises(Forbidden, match="you were removed from The den"):
        members.join(room, ann, secret=first)
    renew_invitation(room, olga)
    with pytest.raises(NotFound, match="no good any more"):  # withdrawn between the look at it and the coming in
        members.join(room, user("ben"), secret=first)
    members.invite(room, olga, username="ann")
    assert room.members.get(person=ann.id).role == Role.MEMBER


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda room, by: members.invite(room, by, username="nobody"), NotFound, "no user 'nobody'"),
        (lambda room, by: members.invite(room, by, username=7), InvalidInput, "the name of a user, not 7"),
        (lambda room, by: members.invite(room, by, username="ann", role="king"), InvalidInput, "role 'king' is none"),
        (lambda room, by: members.set_role(room, by, person="u:999", role="member"), NotFound, "nobody with the id"),
        (lambda room, by: members.set_role(room, by, person=["x"], role="member"), InvalidInput, "an id such as"),
        (lambda room, by: members.mute(room, by, person=user("eve").id, minutes=5), NotFound, "nobody with the id"),
        (lambda room, by: members.set_role(room, by, person="g:ffff", role="removed"), NotFound, "nobody with the id"),
        (lambda room, by: members.mute(room, by, person=by.id, minutes=5), Conflict, "owners can't be muted"),
        (lambda room, by: members.mute(room, by, person="u:1", minutes=True), InvalidInput, "a whole number from 0 to"),
        (lambda room, by: members.mute(room, by, person="u:1", minutes=10**9), InvalidInput, "not 1000000000"),
        (lambda room, by: members.mute(room, user("ann"), person=by.id, minutes=5), Forbidden, "only an owner of The"),
        (lambda room, by: change_room(room, user("ann"), changes={"title": "x"}), Forbidden, "only an owner"),
        (lambda room, by: change_room(room, by, changes={"title": " "}), InvalidInput, "must not be empty"),
        (lambda room, by: change_room(room, by, changes={"title": "x" * 81}), TooLarge, r"81 characters \(limit 80\)"),
        (lambda room, by: change_room(room, by, changes={"system": "x" * 4001}), TooLarge, r"4001 .* \(limit 4000\)"),
        (lambda room, by: change_room(room, by, changes={"thinking": 1}), InvalidInput, "true or false, not 1"),
        (lambda room, by: change_room(room, by, changes={"kind": "direct"}), InvalidInput, "no field 'kind'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(room, olga, act, error, words):
    with pytest.raises(error, match=words):
        act(room, olga)
    assert told("member", "room.changed") == []


def test_a_guest_can_be_held_to_less_and_own_nothing(room, olga, streams_settings):
    streams_settings(guests=1)
    fox = guest()
    Member.objects.create(room=room, person=fox.id, name=fox.name)
    members.mute(room, olga, person=fox.id, minutes=5)
    members.set_role(room, olga, person=fox.id, role="removed")
    with pytest.raises(InvalidInput, match="Amber Fox has no account here, and so can't own a room"):
        members.set_role(room, olga, person=fox.id, role="owner")


def test_a_room_has_so_many_members_at_most(room, olga, streams_settings):
    streams_settings(max_room_members=2)
    for name in ("ann", "ben", "eve"):
        user(name)
        members.invite(room, olga, username=name)  # in a public room everybody is one who reads there
    assert room.members.count() == 4
    Room.objects.update(kind=RoomKind.INVITATION)
    Member.objects.filter(name__in=("ben", "eve")).delete()
    with pytest.raises(LimitReached, match=r"The den has 2 members \(limit 2\)"):
        members.invite(room, olga, username="ben")


def test_the_people_of_a_direct_room_stay_who_they_are(room, olga):
    Room.objects.update(kind=RoomKind.DIRECT)
    for act in (lambda: members.leave(room, olga), lambda: members.invite(room, olga, username="olga")):
        with pytest.raises(Conflict, match="a direct room is of two people"):
            act()


def test_a_change_is_told_once_and_the_prompt_not_at_all(room, olga):
    change_room(room, olga, changes={"title": " Den ", "system": "Speak like a river.", "thinking": True})
    change_room(room, olga, changes={"title": "Den", "thinking": True})
    by = olga.as_author()
    assert told("room.changed") == [{"by": by, "title": "Den", "system": True, "thinking": True}]
    assert Room.objects.get().system == "Speak like a river."


def test_a_room_asks_the_model_that_it_has_by_now(room, olga):
    """A socket that was open when its room got another model went on with the one before."""
    as_a_socket_has_it = Room.objects.get(pk=room.pk)
    change_room(room, olga, changes={"model": "claude-opus-5-5"})
    provider = SimpleNamespace(demo=False, model="claude-sonnet-4-6", label="Claude")
    generation, _ = create_generation(as_a_socket_has_it, provider, Asked(olga, 1, "@claude hi"))
    assert generation.model == "claude-opus-5-5"


def test_what_is_rolled_back_was_neither_done_nor_told(room, olga):
    user("ann")
    with pytest.raises(IntegrityError), transaction.atomic():
        members.invite(room, olga, username="ann")
        User.objects.create_user("ann")
    assert (room.members.count(), told("member")) == (1, [])
