"""The ring: the newest events of one topic, as many as its bounds allow, whoever reads.

A reader is an integer. One who stands before the ring reads the log instead; one who wakes takes everything after
its cursor as one batch, which is made once for all readers at that cursor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from streams.wire.event import LogEvent

BATCH_BYTES = 262_144  # of data in one batch: what a reader that stops may pin
MAX_CUTS = 16  # batches kept for the next reader at their cursor; most readers are at the newest cursors
EVENT_BYTES = 450  # what an event takes in memory beside its text, which is there twice: as data, and in a frame


class RingMemory:
    """About how many bytes all rings of a process hold; each ring keeps its share of the sum right."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the doorbell says: the topic stands at ``head``; the newest events may come along as a courtesy."""

    topic: str
    epoch: str
    head: int
    events: tuple[LogEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A reader could not be served from where it asked; the fields of ``stream.gap``.

    lost: events, None: unknown. reason: ``trimmed``, ``epoch``, ``malformed`` or ``lagged``.
    """

    requested: str
    resumed_at: str
    lost: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader takes at once of one topic: the events, the seq it has then seen, and the gap before them, if any.

    No events and no gap: nothing happened for a heartbeat, in any of its topics; or there is a notice, which is the
    server's own word to this reader alone.
    """

    topic: str
    events: tuple[LogEvent, ...]
    cursor: int
    gap: Gap | None = None
    notice: str | None = None
    _joined: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    def joined(self, name: str, encode: Callable[[LogEvent], bytes]) -> bytes:
        """All frames of technique ``name`` in a row; made once, shared by all readers of the batch."""
        joined = self._joined.get(name)
        if joined is None:
            joined = self._joined[name] = b"".join([event.frame(name, encode) for event in self.events])
        return joined


def dense_end(events: Sequence[LogEvent]) -> Sequence[LogEvent]:
    """The newest of ``events`` between which no number is missing: what a ring can take of a page of the log."""
    begin = len(events) - 1
    while begin > 0 and events[begin - 1].seq == events[begin].seq - 1:
        begin -= 1
    return events[begin:] if events else events


class Ring:
    """Dense: holds every event from ``first`` to ``head``, also those that were compacted in the log since.

    size: about its bytes in memory, its part of ``memory``.
    """

    __slots__ = (
        "_batches",
        "_bytes",
        "_events",
        "_evicted",
        "_max_bytes",
        "_max_events",
        "_memory",
        "_topic",
        "head",
        "size",
    )

    def __init__(
        self, topic: str, *, head: int = 0, max_events: int, max_bytes: int, memory: RingMemory | None = None
    ) -> None:
        self._topic = topic
        self.head = self._evicted = head
        self.size = 0
        self._memory = memory or RingMemory()
        self._events: list[LogEvent] = []
        self._bytes = 0  # of the text
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._batches: dict[int, Batch] = {}

    def __len__(self) -> int:
        return len(self._events)

    @property
    def cuts(self) -> int:
        """How many batches are kept; each may hold BATCH_BYTES of frames."""
        return len(self._batches)

    @property
    def first(self) -> int:
        """The oldest seq that the ring holds; head + 1 when it is empty."""
        return self.head - len(self._events) + 1

    @property
    def passed(self) -> int:
        """The newest seq that had to make room for newer ones; what gave way to other rings does not count."""
        return max(self._evicted, self.head - self._max_events)

    def offer(self, events: Sequence[LogEvent]) -> int:
        """Take those of ``events`` (dense, ascending) that follow the head; the number taken.

        Events already held are passed over; if there is a hole before the first one, none is taken.
        """
        if not events or events[-1].seq <= self.head or events[0].seq > self.head + 1:
            return 0
        fresh = events[self.head + 1 - events[0].seq :]
        self._events.extend(fresh)
        self._bytes += sum(len(event.data) for event in fresh)
        self.head = fresh[-1].seq
        self._batches.clear()
        self._evict()
        self._settle()
        return len(fresh)

    def _evict(self) -> None:
        drop = max(0, len(self._events) - self._max_events)
        self._bytes -= sum(len(event.data) for event in self._events[:drop])
        while self._bytes > self._max_bytes and drop < len(self._events) - 1:
            self._bytes -= len(self._events[drop].data)
            drop += 1
        if drop:
            del self._events[:drop]
            self._evicted = self.first - 1

    def _settle(self) -> None:
        size = 2 * self._bytes + EVENT_BYTES * len(self._events)
        self._memory.bytes += size - self.size
        self.size = size

    def shrink(self, size: int) -> None:
        """Drop the oldest events until no more than ``size`` is held, which may be nothing."""
        drop, over = 0, self.size - size
        while over > 0 and drop < len(self._events):
            length = len(self._events[drop].data)
            self._bytes -= length
            over -= 2 * length + EVENT_BYTES
            drop += 1
        if drop:
            del self._events[:drop]
            self._batches.clear()
            self._settle()

    def leave(self) -> None:
        """Forget everything, for good: what is still offered is no part of the memory any more."""
        self.skip_to(self.head)
        self._memory = RingMemory()

    def skip_to(self, head: int) -> None:
        """Forget everything and stand at ``head``: readers behind it are served from the log."""
        self._events.clear()
        self._batches.clear()
        self._bytes = 0
        self.head = self._evicted = head
        self._settle()

    def take(self, after: int) -> Batch | None:
        """What follows ``after``, up to BATCH_BYTES; empty at the head; None if the ring no longer holds it."""
        if after < self.first - 1 or after > self.head:
            return None
        batch = self._batches.get(after)
        if batch is None:
            if len(self._batches) >= MAX_CUTS:
                del self._batches[next(iter(self._batches))]
            batch = self._batches[after] = self._cut(after)
        return batch

    def _cut(self, after: int) -> Batch:
        start = after - self.first + 1
        end, size = start, 0
        while end < len(self._events) and size < BATCH_BYTES:
            size += len(self._events[end].data)
            end += 1
        return Batch(self._topic, tuple(self._events[start:end]), self.first + end - 1)
