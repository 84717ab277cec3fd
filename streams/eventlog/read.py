"""Read: keyset pages by (topic, seq), never a held cursor."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Min

from streams.errors import NoSuchTopic
from streams.models import Event, SlowReaders, Topic
from streams.wire.event import LogEvent

FIRST_ROWS = 8  # read before anything is known of their size; how many more is reckoned from them
HEADS_AT_ONCE = 500
_HEAD = ("id", "epoch", "head", "slow_readers", "max_lag")
_FIELDS = ("topic__epoch", "seq", "type", "data", "created_at")


@dataclass(frozen=True, slots=True)
class Head:
    """Where a topic's log stands, and what becomes of readers that fall behind it."""

    topic_id: int
    epoch: str
    seq: int
    slow_readers: str = SlowReaders.REPLAY
    max_lag: int | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Events after a cursor, oldest first; the first may lie further on than cursor + 1, if the log was trimmed."""

    head: Head
    events: tuple[LogEvent, ...]


def read_head(name: str) -> Head:
    """The head of one topic; raises NoSuchTopic."""
    row = Topic.objects.filter(name=name).values_list(*_HEAD).first()
    if row is None:
        raise NoSuchTopic(f"no topic {name!r}")
    return Head(*row)


def read_heads(topic_ids: Collection[int]) -> dict[int, Head]:
    """The heads of many topics by id; those that are gone are left out."""
    heads: dict[int, Head] = {}
    ids = sorted(topic_ids)
    for start in range(0, len(ids), HEADS_AT_ONCE):
        rows = Topic.objects.filter(id__in=ids[start : start + HEADS_AT_ONCE]).values_list(*_HEAD)
        heads.update((row[0], Head(*row)) for row in rows)
    return heads


def read_bounds(name: str) -> tuple[Head, int]:
    """The head, and the sequence number of the oldest event that is kept (head + 1 where none is)."""
    head = read_head(name)
    first = Event.objects.filter(topic_id=head.topic_id).aggregate(first=Min("seq"))["first"]
    return head, head.seq + 1 if first is None else first


def read_types(positions: Mapping[str, tuple[str | None, int]]) -> dict[str, str]:
    """The types of the events at ``{topic: (epoch, seq)}``, by topic; an epoch of None is the current one."""
    found = {}
    for name, (epoch, seq) in positions.items():
        events = Event.objects.filter(topic__name=name, seq=seq)
        if epoch is not None:
            events = events.filter(topic__epoch=epoch)
        if (event_type := events.values_list("type", flat=True).first()) is not None:
            found[name] = event_type
    return found


def read_page(name: str, topic_id: int, after: int, *, max_events: int, max_bytes: int) -> LogPage:
    """At most ``max_events`` events and about ``max_bytes`` of data after ``after``; at least one if there is one.

    Read in slices, and not by an iterator that is left early: PostgreSQL would first copy all the rows that were asked
    for (its cursor is WITH HOLD), which for large events is many times what a page takes.
    The head is read first, so that an empty page after a head further on means: trimmed. Each row brings the epoch of
    its own moment: if the log was reset in between, the page is empty and its head is of the new life.
    """
    head = read_head(name)
    rows: list[LogEvent] = []
    size, wanted = 0, min(FIRST_ROWS, max_events)
    while wanted > 0:
        cursor = rows[-1].seq if rows else after
        some = list(Event.objects.of(topic_id).after(cursor).values_list(*_FIELDS)[:wanted])
        if rows and some and some[0][1] != cursor + 1:
            break  # trimmed in between: the next page begins with the gap
        for row in some:
            if row[0] != head.epoch:
                return LogPage(read_head(name), ())
            rows.append(LogEvent(name, *row))
            size += len(row[3])
            if size >= max_bytes:
                return LogPage(head, tuple(rows))
        wanted = min(max_events - len(rows), (max_bytes - size) * len(rows) // size + 1) if len(some) == wanted else 0
    if not rows and head.seq > after:
        now = read_head(name)  # trimmed, or reset since the head was read
        head = head if now.epoch == head.epoch else now
    return LogPage(head, tuple(rows))
