"""The rooms that one may read, with what there is to see in each: in a constant number of queries.

Touches the database.
"""

from collections import Counter
from typing import Any

from django.db.models import F, OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from streams.chat.presence import people_everywhere
from streams.chat.reading import unread
from streams.chat.rooms import readable_rooms
from streams.models import Message, Room
from streams.publishing import Identity
from streams.wire.event import format_time

SNIPPET_CHARS = 120
MENTIONS_WITHIN = 5_000  # events behind the newest: what lies further back is not looked through


def list_rooms(who: Identity) -> list[dict[str, Any]]:
    """``[{"slug", "title", "description", "kind", "unread", "mentions", "last", "present"}, …]``, by title.

    unread, mentions: messages of others that were not read yet, and those of them that name ``who``; 0 in a public room
    that ``who`` has never opened. last: ``{"time", "author", "text"}`` of the newest message, or null. present: how
    many people are in the room now.
    """
    rooms = readable_rooms(who)
    counts, mentions = unread(who, [room.pk for room in rooms]), _mentions(who)
    last, present = _last(rooms), people_everywhere()
    return [
        {
            "slug": room.slug,
            "title": room.title,
            "description": room.description,
            "kind": room.kind,
            "unread": counts.get(room.pk, (0, 0))[1],
            "mentions": mentions[room.topic_id],
            "last": last.get(room.topic_id),
            "present": len(present.get(room.slug, {})),
        }
        for room in rooms
    ]


def _mentions(who: Identity) -> Counter[int]:
    """Messages that name ``who`` and were not read yet, by topic."""
    if not who.is_one:
        return Counter()
    naming = Message.objects.annotate(names=Cast("mentions", TextField())).filter(
        topic__room__members__person=who.id,
        seq__gt=F("topic__room__members__read_seq"),
        deleted_at=None,
        names__contains=f'"{who.id}"',
    )
    near = naming.filter(seq__gt=F("topic__head") - MENTIONS_WITHIN).order_by()
    return Counter(near.values_list("topic_id", flat=True))


def _last(rooms: list[Room]) -> dict[int, dict[str, Any]]:
    """The newest message of each room, by topic."""
    newest = Message.objects.of(OuterRef("topic_id")).filter(deleted_at=None).values("pk")[:1]  # type: ignore[arg-type]
    keys = Room.objects.filter(pk__in=[room.pk for room in rooms]).values_list(Subquery(newest), flat=True)
    fields = ("topic_id", "created_at", "author_name", "text")
    return {
        topic: {"time": format_time(created_at), "author": author, "text": " ".join(text[:500].split())[:SNIPPET_CHARS]}
        for topic, created_at, author, text in Message.objects.filter(pk__in=list(keys)).values_list(*fields)
    }
