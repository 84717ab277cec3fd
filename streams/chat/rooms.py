"""Rooms: which there are, and who may read one."""

from django.db import transaction

from streams.chat.room_topics import ensure_topics
from streams.models import Room, RoomKind
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
    return room


def readable_rooms(who: Identity) -> list[Room]:
    """The rooms that ``who`` may read, by title."""
    rooms = list(Room.objects.select_related("topic"))
    may = {topic.pk for topic in readable(who=who, topics=[room.topic for room in rooms])}
    return [room for room in rooms if room.topic_id in may]
