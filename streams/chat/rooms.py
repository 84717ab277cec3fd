"""Rooms: which there are, and who may read one."""

from collections.abc import Sequence

from django.db import transaction

from streams.chat.room_topics import ensure_topics
from streams.models import Member, Room, RoomKind
from streams.publishing import Identity, check_read
from streams.publishing.permissions import readable


@transaction.atomic
def ensure_room(slug: str, *, title: str, description: str = "") -> Room:
    """The public room, made with its topics if it is missing."""
    room = Room.objects.filter(slug=slug).first()
    if room is None:
        topic = ensure_topics(slug, title=title, kind=RoomKind.PUBLIC)
        room = Room.objects.create(slug=slug, title=title, description=description, topic=topic)
    return room


def room_to_read(who: Identity, slug: str) -> Room:
    """The room; one that is missing and one that may not be read answer alike. Raises NoSuchTopic, NotSignedIn."""
    room = Room.objects.select_related("topic").filter(slug=slug).first()
    name = f"room:{slug}"
    check_read(who=who, topic=None if room is None else room.topic, name=name)
    assert room is not None  # check_read has raised
    call_by_the_other(who, [room])
    return room


def readable_rooms(who: Identity) -> list[Room]:
    """The rooms that ``who`` may read, by title; of the direct ones those that they are in, titled with the other."""
    rooms = list(Room.objects.select_related("topic"))
    may = {topic.pk for topic in readable(who=who, topics=[room.topic for room in rooms])}
    theirs = call_by_the_other(who, [room for room in rooms if room.topic_id in may])
    return sorted(theirs, key=lambda room: room.title.casefold())


def call_by_the_other(who: Identity, rooms: Sequence[Room]) -> list[Room]:
    """``rooms`` without the direct ones that ``who`` is not in; the others are called by the other's name."""
    direct = [room.pk for room in rooms if room.kind == RoomKind.DIRECT]
    if not direct:
        return list(rooms)
    people = list(Member.objects.filter(room__in=direct).values_list("room_id", "person", "name"))
    mine = {room for room, person, _ in people if person in who.ids}
    others = {room: name for room, person, name in people if person not in who.ids}
    for room in rooms:
        if room.pk in mine:
            room.title = others.get(room.pk, room.title)
    return [room for room in rooms if room.kind != RoomKind.DIRECT or room.pk in mine]
