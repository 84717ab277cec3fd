"""Who may read, talk and command: kind of room x role x who asks."""

from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from streams.chat import members
from streams.chat.message_rows import mark_read
from streams.chat.people import of_user
from streams.chat.roles import check_talk, commands_room
from streams.chat.room_topics import keep_in_step
from streams.chat.rooms import ensure_room, readable_rooms, room_to_read
from streams.chat.stopping import request_stop
from streams.chat.versions import choose_version
from streams.errors import Forbidden, NoSuchTopic, NotSignedIn, StreamsError
from streams.models import Generation, Member, Role, Room, RoomKind, Topic
from streams.publishing import identify, topic_to_read
from streams.publishing.identity import NOBODY
from tests.chat.people import guest, token, user

pytestmark = pytest.mark.django_db(transaction=True)
READS, TALKS, COMMANDS = "reads", "talks", "commands"


@pytest.fixture(autouse=True)
def with_guests(streams_settings):
    streams_settings(guests=1)


def make(kind):
    """A room of that kind, of two owners."""
    room = ensure_room("den", title="The den")
    room.kind = kind
    room.save()
    keep_in_step(room)
    owner = user("olga")
    Member.objects.create(room=room, person=owner.id, user_id=owner.user_id, name="olga", role=Role.OWNER)
    keep_in_step(room)
    return room


def may(room, who):
    """Everything that ``who`` may there, asked at every door."""
    found = []
    doors = [lambda: room_to_read(who, room.slug), lambda: topic_to_read(who, f"room:{room.slug}:live")]
    listed = [one.slug for one in readable_rooms(who)] == [room.slug]
    opened = []
    for door in doors:
        try:
            opened.append(bool(door()))
        except (NoSuchTopic, NotSignedIn):
            opened.append(False)
    assert set(opened) == {listed}, "one door is open and another is not"
    if listed:
        found.append(READS)
    try:
        check_talk(room, who)
        found.append(TALKS)
    except (Forbidden, NotSignedIn):
        pass
    return [*found, COMMANDS] if commands_room(room, who) else found


PUBLIC = {
    None: [READS, TALKS],
    Role.OWNER: [READS, TALKS, COMMANDS],
    Role.MEMBER: [READS, TALKS],
    Role.READER: [READS],
    Role.REMOVED: [],
    "muted": [READS],
}
PRIVATE = {**PUBLIC, None: []}


@pytest.mark.parametrize("role", PUBLIC)
@pytest.mark.parametrize("kind", RoomKind.values)
def test_what_a_role_may_is_the_same_at_every_door(kind, role):
    room, ann = make(kind), user("ann")
    if role is not None:
        is_muted = role == "muted"
        Member.objects.create(
            room=room,
            person=ann.id,
            user_id=ann.user_id,
            name="ann",
            role=Role.MEMBER if is_muted else role,
            muted_until=timezone.now() + timedelta(minutes=5) if is_muted else None,
        )
        keep_in_step(room)
    assert may(room, ann) == (PUBLIC if kind == RoomKind.PUBLIC else PRIVATE)[role]


def test_guests_and_nobody_have_a_part_in_public_rooms_only():
    room = make(RoomKind.PUBLIC)
    assert may(room, guest()) == [READS, TALKS]
    assert may(room, NOBODY) == []
    members.set_role(room, user("olga"), person=_seen(room, guest()), role=Role.READER)
    assert may(room, guest()) == [READS]
    assert may(room, guest("bb22")) == [READS, TALKS]
    Room.objects.update(kind=RoomKind.INVITATION)
    keep_in_step(room := Room.objects.get())
    assert may(room, guest("bb22")) == []


def _seen(room, who):
    Member.objects.create(room=room, person=who.id, name=who.name)
    return who.id


@pytest.mark.parametrize("kind", [RoomKind.PUBLIC, RoomKind.INVITATION])
def test_a_token_has_a_part_of_what_its_user_has(kind):
    room, publisher = make(kind), Permission.objects.get(codename="add_event")
    user("olga")
    User.objects.get(username="olga").user_permissions.add(publisher)
    User.objects.create_user("ann").user_permissions.add(publisher)
    wide = {"read": ["room:*"], "publish": ["room:*"]}
    assert may(room, token(of="olga", **wide)) == [READS, TALKS, COMMANDS]
    assert may(room, token(of="olga", read=["room:*"])) == [READS]
    assert may(room, token(of="olga", read=["room:other*"])) == []
    assert may(room, token(of="ann", **wide)) == ([READS, TALKS] if kind == RoomKind.PUBLIC else [])


def test_a_token_that_only_listens_does_nothing_for_its_user():
    room, olga = make(RoomKind.INVITATION), user("olga")
    User.objects.get(username="olga").user_permissions.add(Permission.objects.get(codename="add_event"))
    answer = Generation.objects.create(topic=room.topic, start_seq=1, asked_by=olga.id, question="hello")
    listens = token(of="olga", read=["room:*"], publish=["room:other"])
    its = {"generation": answer.pk.hex}
    for act in (members.leave, partial(request_stop, **its), partial(choose_version, **its)):
        with pytest.raises(Forbidden, match="may read here but not talk"):
            act(room, listens)


def test_who_has_an_old_look_at_a_room_has_no_part_in_it_once_it_is_closed():
    room, eve = make(RoomKind.PUBLIC), user("eve", is_staff=True)
    Room.objects.update(kind=RoomKind.INVITATION)
    assert may(room, eve) == [READS]
    mark_read(room, eve, 1)
    assert not room.members.filter(person=eve.id).exists()


def test_a_token_of_nobody_is_in_a_private_room_only_if_it_names_it():
    """A pattern for all rooms was made before there were rooms for two."""
    room = make(RoomKind.INVITATION)
    assert may(room, token(read=["room:*"], publish=["room:*"])) == []
    assert may(room, token(read=["room:den", "room:den:live"], publish=["room:den"])) == [READS, TALKS]


def test_the_staff_read_every_room_and_command_with_the_permission():
    room = make(RoomKind.INVITATION)
    eve = User.objects.create_user("eve", is_staff=True)
    assert may(room, identify(eve, None, {})) == [READS]
    eve.user_permissions.add(Permission.objects.get(codename="change_room"))
    assert may(room, identify(User.objects.get(pk=eve.pk), None, {})) == [READS, COMMANDS]


def test_who_may_not_talk_is_told_why():
    room, ann = make(RoomKind.PUBLIC), user("ann")
    told = {}
    for name, change in {
        "reader": {"role": Role.READER},
        "removed": {"role": Role.REMOVED},
        "muted": {"muted_until": timezone.now().replace(year=2999, month=1, day=2, hour=3, minute=4)},
    }.items():
        Member.objects.filter(person=ann.id).delete()
        Member.objects.create(room=room, person=ann.id, user_id=ann.user_id, name="ann", **change)
        with pytest.raises(StreamsError) as refused:
            check_talk(room, ann)
        told[name] = str(refused.value)
    assert told == {
        "reader": "you may read here but not talk",
        "removed": "you were removed from this room",
        "muted": "you are muted here until 2999-01-02 03:04 UTC",
    }


def test_another_room_of_the_same_beginning_is_another_room():
    room, ann = make(RoomKind.PUBLIC), user("ann")
    other = ensure_room("den-2", title="Another")
    members.invite(room, user("olga"), username="ann")
    members.set_role(room, user("olga"), person=ann.id, role=Role.REMOVED)
    assert [one.slug for one in readable_rooms(ann)] == ["den-2"]
    assert topic_to_read(ann, "room:den-2:live")
    assert commands_room(other, user("olga")) is False


def test_readers_of_both_topics_are_the_members(django_assert_max_num_queries):
    room, olga = make(RoomKind.INVITATION), user("olga")
    ann, ben = user("ann"), user("ben")
    members.invite(room, olga, username="ann", role="reader")
    members.invite(room, olga, username="ben")
    members.set_role(room, olga, person=ben.id, role="removed")
    for topic in Topic.objects.filter(name__startswith="room:den"):
        assert set(topic.readers.values_list("pk", flat=True)) == {olga.user_id, ann.user_id}
    assert of_user(User.objects.get(pk=ben.user_id)).id == ben.id
    with django_assert_max_num_queries(3):
        assert [one.slug for one in readable_rooms(ann)] == ["den"]
