"""Read: keyset pages by (topic, seq), never a held cursor.

Numbers may be missing between two events that are kept: those were compacted, and what is said of them is in an event
behind them. What is missing below the oldest event that is kept was trimmed, and is lost.
"""

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
    """Events after a cursor, oldest first. lost: how many numbers after the cursor were trimmed before the first."""

    head: Head
    events: tuple[LogEvent, ...]
    lost: int = 0


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


def read_bounds(name: str, last: int | None = None) -> tuple[Head, int]:
    """The head, and the number of the oldest event that is kept, or of the oldest of the ``last`` (else head + 1)."""
    head = read_head(name)
    if last == 0:
        return head, head.seq + 1
    if last is not None:
        newest = Event.objects.filter(topic_id=head.topic_id, seq__lte=head.seq).order_by("-seq")
        for seq in newest.values_list("seq", flat=True)[last - 1 : last]:
            return head, seq
    return head, first_kept(head.topic_id) or head.seq + 1


def first_kept(topic_id: int) -> int | None:
    """The sequence number of the oldest event that is kept; None where none is."""
    first: int | None = Event.objects.filter(topic_id=topic_id).aggregate(first=Min("seq"))["first"]
    return first


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
    its own moment: if the log was reset in between, the page is empty and its head is of the new life. What is missing
    before the first row was compacted, unless the oldest event, asked for after it, lies behind: trimming takes all up
    to some number, so in one answer of the database nothing is trimmed between two rows.
    """
    head = read_head(name)
    rows: list[LogEvent] = []
    size, wanted = 0, min(FIRST_ROWS, max_events)
    while wanted > 0:
        cursor = rows[-1].seq if rows else after
        some = list(Event.objects.of(topic_id).after(cursor).values_list(*_FIELDS)[:wanted])
        if rows and some and some[0][1] != cursor + 1:
            break  # compacted, or trimmed in between: the next page begins with it
        for row in some:
            if row[0] != head.epoch:
                return LogPage(read_head(name), ())
            rows.append(LogEvent(name, *row))
            size += len(row[3])
            if size >= max_bytes:
                return LogPage(head, tuple(rows), _trimmed(topic_id, after, rows[0].seq))
        wanted = min(max_events - len(rows), (max_bytes - size) * len(rows) // size + 1) if len(some) == wanted else 0
    if not rows and head.seq > after:
        now = read_head(name)  # trimmed, or reset since the head was read
        head = head if now.epoch == head.epoch else now
        return LogPage(head, (), max(0, head.seq - after))
    return LogPage(head, tuple(rows), _trimmed(topic_id, after, rows[0].seq) if rows else 0)


def _trimmed(topic_id: int, after: int, first: int) -> int:
    """How many numbers between a cursor and the first row behind it were trimmed."""
    if first == after + 1:
        return 0
    oldest = first_kept(topic_id)
    return 0 if oldest is not None and oldest <= after else first - 1 - after
