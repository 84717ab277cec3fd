"""The two topics of a room, and who may read them: in step with its kind and its members."""

from typing import Any

from streams.models import Member, Room, RoomKind, Topic, Visibility
from streams.wire.names import room_topics

LIVE_EVENTS, LIVE_S = 1_000, 600  # what passes is kept for as long as a reader may be away for a moment
VISIBILITY = {RoomKind.PUBLIC: Visibility.MEMBERS}  # the other kinds are private


def visibility_of(kind: str) -> Visibility:
    """Of the topics of a room of that kind."""
    return VISIBILITY.get(RoomKind(kind), Visibility.PRIVATE)


def ensure_topics(slug: str, *, title: str, kind: str) -> Topic:
    """The topic of a room's log; both are made where they are missing, and stay as they are where not."""
    log, live = room_topics(slug)
    visibility = visibility_of(kind)
    about: dict[str, Any] = {"description": f"Everything said in {title}", "visibility": visibility}
    passing = {
        "description": f"Who is in {title}, and who is typing",
        "visibility": visibility,
        "retain_events": LIVE_EVENTS,
        "retain_s": LIVE_S,
    }
    Topic.objects.get_or_create(name=live, defaults=passing)
    return Topic.objects.get_or_create(name=log, defaults=about)[0]


def topics_of(room: Room) -> list[Topic]:
    """Those two of its topics that there are."""
    return list(Topic.objects.filter(name__in=room_topics(room.slug)))


def open_to(room: Room, user_id: int, *, may: bool) -> None:
    """Name the user among the readers of both topics, or no more. Part of the caller's transaction."""
    through = Topic.readers.through.objects
    if may:
        rows = [Topic.readers.through(topic_id=topic.pk, user_id=user_id) for topic in topics_of(room)]
        through.bulk_create(rows, ignore_conflicts=True)
    else:
        through.filter(topic__name__in=room_topics(room.slug), user_id=user_id).delete()


def keep_in_step(room: Room) -> None:
    """Make both topics what the room's kind and members say. Part of the caller's transaction."""
    ensure_topics(room.slug, title=room.title, kind=room.kind)
    users = Member.objects.filter(room=room).within().exclude(user=None).values_list("user_id", flat=True)
    for topic in topics_of(room):
        topic.visibility = visibility_of(room.kind)
        topic.save(update_fields=["visibility"])
        topic.readers.set(users)
