"""A live topic: the ring of a topic that is followed in this process, and the readers that wait for it."""

import asyncio
import weakref
from collections import deque
from collections.abc import Iterable

from streams.conf import StreamSettings
from streams.eventlog import Head
from streams.hub.ring import Announcement, Ring, RingMemory
from streams.models import SlowReaders

REPLAY = SlowReaders.REPLAY.value  # compared at each delivery, where a member of an enum takes longer than the rest


class Silence:
    """The waiters of this process: the source of heartbeats."""

    def __init__(self) -> None:
        self._waiters: weakref.WeakSet[Waiter] = weakref.WeakSet()

    def __len__(self) -> int:
        """How many wait just now."""
        return sum(waiter.waits for waiter in self._waiters)

    def add(self, waiter: "Waiter") -> None:
        """Let ``waiter`` have heartbeats for as long as it lives."""
        self._waiters.add(waiter)

    def beat(self, waiting_since: float) -> None:
        """Let those who wait since ``waiting_since`` (loop time) or longer send a heartbeat."""
        for waiter in self._waiters:
            if waiter.since <= waiting_since:
                waiter.wake(news=False)


class Waiter:
    """One reader that waits, for whichever of its topics moves first. Belongs to a running loop."""

    __slots__ = ("__weakref__", "_loop", "future", "since")

    def __init__(self, silence: Silence) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[bool] | None = None  # of the newest wait: whether there are news
        self.since = 0.0  # loop time at which that began
        silence.add(self)

    @property
    def waits(self) -> bool:
        """Whether it waits just now."""
        return self.future is not None and not self.future.done()

    async def wait(self, topics: Iterable["LiveTopic"]) -> bool:
        """Wait for the next round of any of ``topics``: True; False after a heartbeat's silence. Cancellation: safe.

        Whoever looked for news before calling this misses none: nothing happens between the look and the wait.
        """
        self.since = self._loop.time()
        for live in topics:
            live.waiters[self] = None
        self.future = self._loop.create_future()
        return await self.future

    def wake(self, *, news: bool = True) -> None:
        """End the wait, if it waits."""
        if self.future is not None and not self.future.done():
            self.future.set_result(news)


class LiveTopic:
    """Opened by the hub, shared by all readers of the topic in the process.

    Readers are woken in slices: the loop looks at its sockets between two slices, so publishing goes on during a
    round and the batches of those who are still to wake grow instead of their number.
    """

    def __init__(self, name: str, settings: StreamSettings, memory: RingMemory | None = None) -> None:
        self.name = name
        self.topic_id = 0
        self.epoch = ""
        self.target = 0  # the highest seq heard of; the ring catches up with it from the log
        self.slow_readers = REPLAY
        self.max_lag: int | None = None  # events behind which a reader is slow; None: when it leaves the ring
        self.gone = False  # the topic was deleted
        self.readers = 0
        self.events_out = 0  # deliveries
        self.last_left = 0.0  # loop time
        self.opened = asyncio.Event()
        self.ring = Ring(name, max_events=settings.ring_events, max_bytes=settings.ring_bytes, memory=memory)
        self._slice = settings.wake_slice
        self.waiters: dict[Waiter, None] = {}  # to be woken by the next round; each once, however often it asks
        self._round: deque[Waiter] = deque()
        self._again = False

    @property
    def life(self) -> tuple[int, str]:
        """Which log it stands in: changes when the log is reset, or deleted and made again."""
        return self.topic_id, self.epoch

    @property
    def behind(self) -> bool:
        """Whether the log has events that the ring has not."""
        return self.target > self.ring.head

    @property
    def waiting(self) -> int:
        """How many are to be woken by the next event, or are being woken now."""
        return len(self.waiters) + len(self._round)

    def begin(self, head: Head) -> None:
        """Stand at ``head`` of (a new life of) the log."""
        if self.epoch and head.epoch != self.epoch:
            self.target = head.seq  # else what was heard while the head was being read still counts
        self.topic_id, self.epoch = head.topic_id, head.epoch
        self.learn(head)
        self.ring.skip_to(head.seq)

    def learn(self, head: Head) -> None:
        """Take what the database says of this life of the log. Whoever calls looks at ``behind`` after it."""
        self.target = max(self.target, head.seq)
        self.slow_readers, self.max_lag = head.slow_readers, head.max_lag

    def hear(self, announcement: Announcement) -> None:
        """Take what the doorbell brought. Whoever calls looks at ``behind`` after it."""
        if announcement.epoch != self.epoch:
            return  # from another life of the log, or not opened yet: heads are compared soon
        self.target = max(self.target, announcement.head)
        if self.ring.offer(announcement.events):
            self.wake()

    def forget(self, waiter: Waiter) -> None:
        """Wake it no more."""
        self.waiters.pop(waiter, None)

    def wake(self) -> None:
        """Wake all who wait, a slice at a time; called again during a round, it starts another after it."""
        if self._round:
            self._again = True
        elif self.waiters:
            self._round, self.waiters = deque(self.waiters), {}
            self._wake_slice()

    def _wake_slice(self) -> None:
        for _ in range(min(self._slice, len(self._round))):
            future = self._round.popleft().future  # as Waiter.wake, without a call for each of a thousand readers
            if future is not None and not future.done():
                future.set_result(True)
        if self._round:
            asyncio.get_running_loop().call_soon(self._wake_slice)
        elif self._again:
            self._again = False
            asyncio.get_running_loop().call_soon(self.wake)
