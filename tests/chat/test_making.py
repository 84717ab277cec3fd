"""Making rooms, those of two people, and letting people in by a link."""

import pytest
from django.contrib.auth.models import Permission, User

from streams.chat.invitations import accept, invited_to, renew_invitation, withdraw_invitation
from streams.chat.making import direct_room, make_room
from streams.chat.members import set_role
from streams.chat.rooms import ensure_room, readable_rooms
from streams.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound, NotSignedIn, TooLarge
from streams.models import Room, RoomKind, Topic
from tests.chat.people import guest, token, user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann():
    return user("ann")


def people(room):
    return sorted((row.name, row.role) for row in room.members.all())


def test_whoever_makes_a_room_owns_it_and_those_who_are_named_are_in_it(ann):
    ben = user("ben")
    room = make_room(
        ann, title=" The  River ", description="Of water", kind="invitation", members=["ben", "BEN", "ann"]
    )
    assert (room.slug, room.kind, room.created_by) == ("the-river", "invitation", ann.id)
    assert people(room) == [("ann", "owner"), ("ben", "member")]
    assert [one.slug for one in readable_rooms(ben)] == ["the-river"]
    assert readable_rooms(user("eve")) == []
    live = Topic.objects.get(name="room:the-river:live")
    assert (live.visibility, live.retain_events, live.retain_s) == ("private", 1_000, 600)


def test_a_title_makes_a_slug_that_nothing_has(ann):
    Topic.objects.create(name="room:tea-2", visibility="public")  # of a program that published before there was a room
    made = [make_room(ann, title=title).slug for title in ("Tea", "tea!", "茶", "Direct 1 2", "New", "x" * 80)]
    assert made == ["tea", "tea-3", "room", "room-direct-1-2", "room-new", "x" * 55]


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"title": ""}, InvalidInput, "title must not be empty"),
        ({"title": None}, InvalidInput, "title must be a string, not null"),
        ({"title": "a\nb"}, InvalidInput, "can't be shown"),
        ({"title": "x", "description": "y" * 201}, TooLarge, r"201 characters \(limit 200\)"),
        ({"title": "x", "kind": "secret"}, InvalidInput, "kind 'secret' is none"),
        ({"title": "x", "kind": "direct"}, InvalidInput, "kind 'direct' is none"),
        ({"title": "x", "slug": "A b"}, InvalidInput, "slug 'A b' is not allowed"),
        ({"title": "x", "slug": "x" * 61}, InvalidInput, "1 to 60"),
        ({"title": "x", "slug": "new"}, InvalidInput, "reserved"),
        ({"title": "x", "slug": "direct-1-2"}, InvalidInput, "reserved"),
        ({"title": "x", "slug": "lobby"}, Conflict, "there is a room with the slug 'lobby'"),
        ({"title": "x", "slug": "taken"}, Conflict, "there is a topic room:taken"),
        ({"title": "x", "members": "ben"}, InvalidInput, "a list of user names, not str"),
        ({"title": "x", "members": ["nobody"]}, NotFound, "no user 'nobody'"),
    ],
)
def test_a_room_that_can_not_be_is_refused_and_nothing_is_left_of_it(ann, fields, error, words):
    ensure_room("lobby", title="Lobby")
    Topic.objects.create(name="room:taken")
    with pytest.raises(error, match=words):
        make_room(ann, **fields)
    assert (Room.objects.count(), Topic.objects.count()) == (1, 3)


def test_one_person_makes_so_many_rooms_and_the_staff_more(ann, streams_settings):
    streams_settings(max_rooms_per_user=1)
    make_room(ann, title="One")
    user("ben")
    direct_room(ann, "ben")
    with pytest.raises(LimitReached, match=r"you have made 1 rooms \(limit 1\)"):
        make_room(ann, title="Two")
    User.objects.get(username="ann").user_permissions.add(Permission.objects.get(codename="add_room"))
    assert make_room(ann, title="Two")


def test_guests_make_none_and_tokens_what_their_scope_and_user_may(ann, streams_settings):
    streams_settings(guests=1)
    with pytest.raises(NotSignedIn, match="needs an account"):
        make_room(guest(), title="x")
    with pytest.raises(Forbidden, match="belongs to nobody"):
        make_room(token(publish=["room:*"]), title="x")
    User.objects.get(username="ann").user_permissions.add(Permission.objects.get(codename="add_event"))
    with pytest.raises(Forbidden, match="may not publish to room:x"):
        make_room(token(of="ann", publish=["room:other"]), title="x")
    user("ben")
    for _ in range(2):  # before there is that room, and after
        with pytest.raises(Forbidden, match="may not publish to room:direct-"):
            direct_room(token(of="ann", read=["room:*"], publish=["room:other"]), "ben")
        direct_room(ann, "ben")
    assert people(make_room(token(of="ann", publish=["room:*"]), title="x")) == [("ann", "owner")]


def test_two_people_have_one_room_which_each_sees_under_the_other_s_name(ann):
    ben, eve = user("ben"), user("eve", is_staff=True)
    room, made = direct_room(ann, "ben")
    assert direct_room(ben, "ann") == (room, False)
    assert (made, room.kind, people(room)) == (True, RoomKind.DIRECT, [("ann", "member"), ("ben", "member")])
    assert [one.title for one in readable_rooms(ann)] == ["ben"]
    assert [one.title for one in readable_rooms(ben)] == ["ann"]
    assert readable_rooms(eve) == [], "the staff may read it and is not in it"
    with pytest.raises(InvalidInput, match="not with yourself"):
        direct_room(ann, "ann")


def test_a_link_lets_people_in_until_another_is_made_or_none(ann):
    room, ben = make_room(ann, title="Den", kind="invitation"), user("ben")
    first = renew_invitation(room, ann)
    assert accept(ben, first) == room
    assert accept(ben, first) == room, "a second time changes nothing"
    second = renew_invitation(room, ann)
    for secret in (first, "", "x"):
        with pytest.raises(NotFound, match="no good any more"):
            invited_to(secret)
    set_role(room, ann, person=ben.id, role="removed")
    with pytest.raises(Forbidden, match="you were removed from Den"):
        accept(ben, second)
    with pytest.raises(NotSignedIn):
        accept(guest(), second)
    withdraw_invitation(room, ann)
    with pytest.raises(NotFound):
        accept(user("eve"), second)


def test_only_owners_invite_and_only_where_an_invitation_is_needed(ann):
    room = make_room(ann, title="Den", kind="invitation")
    with pytest.raises(Forbidden):
        renew_invitation(room, user("ben"))
    with pytest.raises(Conflict, match="it needs no invitation"):
        renew_invitation(make_room(ann, title="Open"), ann)
