"""Rooms: which there are, who may read one, and who may talk in it."""

from django.db import transaction

from streams.errors import Forbidden, NotSignedIn
from streams.models import Room, Topic, Visibility
from streams.publishing import Identity, check_read
from streams.publishing.permissions import may_publish, readable


@transaction.atomic
def ensure_room(slug: str, *, title: str, description: str = "") -> Room:
    """The room, made with its topic if it is missing."""
    room = Room.objects.filter(slug=slug).first()
    if room is None:
        topic, _ = Topic.objects.get_or_create(
            name=f"room:{slug}",
            defaults={"description": f"Everything said in {title}", "visibility": Visibility.MEMBERS},
        )
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


def check_talk(who: Identity, slug: str) -> None:
    """Raise unless ``who`` may talk in a room it may read. Guests need the name that the page gave them."""
    if who.kind == "guest" and not who.by_cookie:
        raise NotSignedIn("open the room's page first: it gives you a name")
    if not who.known and not may_publish(who=who, name=f"room:{slug}"):
        raise Forbidden(f"{who.name} may read here but not talk")
