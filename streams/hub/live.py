"""A live topic: the ring of a topic that is followed in this process, and the readers that wait for it."""

import asyncio
from collections import deque

from streams.conf import StreamSettings
from streams.hub.ring import Announcement, Ring


class LiveTopic:
    """Opened by the hub, shared by all readers of the topic in the process.

    Readers are woken in slices: the loop looks at its sockets between two slices, so publishing goes on during a
    round and the batches of those who are still to wake grow instead of their number.
    """

    def __init__(self, name: str, settings: StreamSettings) -> None:
        self.name = name
        self.topic_id = 0
        self.epoch = ""
        self.target = 0  # the highest seq heard of; the ring catches up with it from the log
        self.gone = False  # the topic was deleted
        self.readers = 0
        self.last_left = 0.0  # loop time
        self.opened = asyncio.Event()
        self.ring = Ring(0, max_events=settings.ring_events, max_bytes=settings.ring_bytes)
        self._slice = settings.wake_slice
        self._waiting: deque[tuple[float, asyncio.Future[bool]]] = deque()
        self._round: deque[tuple[float, asyncio.Future[bool]]] = deque()
        self._again = False

    @property
    def behind(self) -> bool:
        """Whether the log has events that the ring has not."""
        return self.target > self.ring.head

    @property
    def waiting(self) -> int:
        """How many wait for the next round, those who left since the last heartbeat included."""
        return len(self._waiting) + len(self._round)

    def begin(self, topic_id: int, epoch: str, head: int) -> None:
        """Stand at ``head`` of (a new life of) the log."""
        if epoch != self.epoch:
            self.target = head
        self.topic_id, self.epoch = topic_id, epoch
        self.target = max(self.target, head)
        self.ring.skip_to(head)

    def hear(self, announcement: Announcement) -> None:
        """Take what the doorbell brought. Whoever calls looks at ``behind`` after it."""
        if announcement.epoch != self.epoch:
            return  # from another life of the log, or not opened yet: heads are compared soon
        self.target = max(self.target, announcement.head)
        if self.ring.offer(announcement.events):
            self.wake()

    async def wait(self) -> bool:
        """Wait for the next round: True; False after a heartbeat's silence. Cancellation: safe."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((loop.time(), future))
        return await future

    def wake(self) -> None:
        """Wake all who wait, a slice at a time; called again during a round, it starts another after it."""
        if self._round:
            self._again = True
        elif self._waiting:
            self._round, self._waiting = self._waiting, deque()
            self._wake_slice()

    def _wake_slice(self) -> None:
        for _ in range(min(self._slice, len(self._round))):
            _, future = self._round.popleft()
            if not future.done():
                future.set_result(True)
        if self._round:
            asyncio.get_running_loop().call_soon(self._wake_slice)
        elif self._again:
            self._again = False
            asyncio.get_running_loop().call_soon(self.wake)

    def beat(self, waiting_since: float) -> None:
        """Let those who wait since ``waiting_since`` (loop time) or longer send a heartbeat; forget those who left."""
        while self._waiting and (self._waiting[0][0] <= waiting_since or self._waiting[0][1].done()):
            _, future = self._waiting.popleft()
            if not future.done():
                future.set_result(False)
