"""How far people have read their rooms, and how much of what was said they have not seen."""

from collections.abc import Collection
from typing import Any

from django.db import connection

from streams.models import Member, Message, Room
from streams.publishing import Identity

COUNTED = 100  # unread messages of a room; more are told as that many

_UNREAD = """
    SELECT member.room_id, member.read_seq, (
        SELECT COUNT(*) FROM (
            SELECT 1 FROM {message} AS message
            WHERE message.topic_id = room.topic_id AND message.seq > member.read_seq
                AND message.author_id <> %s AND message.deleted_at IS NULL
            LIMIT {counted}
        ) AS counted
    )
    FROM {member} AS member JOIN {room} AS room ON room.id = member.room_id
    WHERE member.person = %s AND member.room_id IN ({rooms})
"""


def unread(who: Identity, rooms: Collection[int]) -> dict[int, tuple[int, int]]:
    """``{room: (last read, unread)}`` of the rooms (by key) in which ``who`` has a place; one query for all of them.

    Unread are the messages of others behind what was read last; at most ``COUNTED`` of a room are counted.
    """
    if not rooms or not who.is_one:
        return {}
    tables = {name: model._meta.db_table for name, model in (("message", Message), ("member", Member), ("room", Room))}
    sql = _UNREAD.format(**tables, counted=COUNTED, rooms=", ".join(["%s"] * len(rooms)))
    with connection.cursor() as cursor:
        cursor.execute(sql, [who.id, who.id, *rooms])
        return {room: (read, count) for room, read, count in cursor.fetchall()}


def reading_of(room: Room, who: Identity) -> dict[str, Any]:
    """``{"last_read": seq | None, "unread": number}``; None: nothing is known of what ``who`` has read here."""
    last_read, count = unread(who, [room.pk]).get(room.pk, (None, 0))
    return {"last_read": last_read, "unread": count}
