"""The hub of a process: which topics are followed here, and the tasks that keep their rings at the head of the log."""

import asyncio
import logging
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from streams.conf import StreamSettings, get_settings
from streams.errors import CloseReason, NoSuchTopic, StreamClosed
from streams.eventlog import Gateway, Head, LogPage, read_head, read_heads, read_page
from streams.flow import Supervisor
from streams.hub.doorbell import Doorbell, running_hubs
from streams.hub.live import LiveTopic, Silence
from streams.hub.memory import make_room
from streams.hub.ring import Announcement, RingMemory, dense_end

logger = logging.getLogger(__name__)

TELL_EVERY_S = 0.05  # readers who are told of the end, some at a time
MAX_PAUSE_S = 1.0  # however long the database was away: once it is back, readers wait no longer than this


@dataclass(frozen=True, slots=True)
class Traffic:
    """Of one followed topic: where its log stands, deliveries from it in this process, and readers here."""

    head: int
    events_out: int
    readers: int


class Hub:
    """One per process (and event loop). ``events_in`` counts events published here, ``events_out`` deliveries."""

    def __init__(self, settings: StreamSettings) -> None:
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self.gateway = Gateway(threads=settings.database_threads, timeout_s=settings.database_timeout_s)
        self.bulk = Gateway(threads=settings.bulk_threads, timeout_s=settings.database_timeout_s)
        self.tasks = Supervisor()
        self.doorbell = Doorbell(self)
        self.silence = Silence()
        self.draining = False  # told to end, if not yet of the readers: who balances the load should look elsewhere
        self.closing: CloseReason | None = None
        self._to_tell: set[Callable[[], None]] = set()
        self.events_in = 0
        self.events_out = 0
        self._live: dict[str, LiveTopic] = {}
        self._memory = RingMemory()
        self._behind: set[LiveTopic] = set()
        self._something_behind = asyncio.Event()

    async def start(self) -> None:
        """Start what runs as long as the process."""
        await self.tasks.opened()
        self.tasks.keep_running("hub: catch up", self._catch_up, max_pause_s=MAX_PAUSE_S)
        self.tasks.keep_running("hub: compare heads", self._compare_heads, max_pause_s=MAX_PAUSE_S)
        self.tasks.keep_running("hub: heartbeat", self._beat)
        if self.doorbell.reaches_others:
            self.tasks.keep_running("doorbell: send", self.doorbell.send)
            self.tasks.keep_running("doorbell: listen", self.doorbell.listen)
        running_hubs.add(self)

    def end_streams(self, reason: CloseReason) -> None:
        """Wake every reader to be told that its stream ends; new ones are turned away. Readers' cleanup comes after."""
        self.draining, self.closing = True, reason
        for tell in tuple(self._to_tell):
            tell()

    async def end_streams_over(self, reason: CloseReason, spread_s: float) -> None:
        """The same in ``spread_s`` seconds, some at a time: they come back elsewhere as they are told here.

        New ones are turned away at once. Cancellation: those who were not told are told by ``end_streams``.
        """
        self.draining, self.closing = True, reason
        waiting, begun = list(self._to_tell), self.loop.time()
        while waiting:
            left_s = begun + spread_s - self.loop.time()
            turns = max(1, round(left_s / TELL_EVERY_S))
            count = -(-len(waiting) // turns)
            for tell in waiting[:count]:
                if tell in self._to_tell:
                    tell()
            del waiting[:count]
            if waiting:
                await asyncio.sleep(TELL_EVERY_S)

    async def close(self) -> None:
        """End the hub's tasks and give the database back; for after the readers have left."""
        self.end_streams(CloseReason.SHUTDOWN)
        running_hubs.discard(self)
        await self.tasks.close()
        await self.loop.run_in_executor(None, self.gateway.close)
        await self.loop.run_in_executor(None, self.bulk.close)

    @contextmanager
    def told_of_the_end(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call ``tell`` when streams are to end; at once, if they are already."""
        self._to_tell.add(tell)
        try:
            if self.closing is not None:
                tell()
            yield
        finally:
            self._to_tell.discard(tell)

    def check_open(self) -> None:
        """Raise StreamClosed once streams are to end."""
        if self.closing is not None:
            raise StreamClosed(self.closing)

    # Topics

    @asynccontextmanager
    async def reading(self, name: str) -> AsyncGenerator[LiveTopic, None]:
        """A topic for one reader, as long as it reads; raises NoSuchTopic, Unavailable, StreamClosed."""
        self.check_open()
        live = self._live.get(name)
        if live is None:
            live = self._live[name] = LiveTopic(name, self.settings, self._memory)
        live.readers += 1
        try:
            if not live.opened.is_set():
                await self._open(live)
            if live.gone:
                raise NoSuchTopic(f"no topic {name!r}")
            yield live
        finally:
            live.readers -= 1
            live.last_left = self.loop.time()
            if not live.readers and not live.opened.is_set():
                self._forget(live)

    async def _open(self, live: LiveTopic) -> None:
        """Stand at the head of the log. Several readers may come here at once: the first answer counts."""
        head = await self.gateway.run(read_head, live.name)
        if not live.opened.is_set():
            live.begin(head)
            live.opened.set()
            self._mark(live)

    def readers(self) -> dict[str, int]:
        """How many readers each followed topic has here."""
        return {live.name: live.readers for live in self._live.values() if live.readers}

    def traffic(self) -> dict[str, Traffic]:
        """What went through each followed topic since it is followed."""
        lives = [live for live in self._live.values() if live.opened.is_set()]
        return {live.name: Traffic(live.target, live.events_out, live.readers) for live in lives}

    # Events coming in

    def publish(self, announcement: Announcement) -> None:
        """What was committed in this process: to the readers here, then to the other processes."""
        self.events_in += len(announcement.events)
        self.hear(announcement)
        self.doorbell.ring(announcement)

    def hear(self, announcement: Announcement) -> None:
        """What any process committed; runs in the hub's loop."""
        live = self._live.get(announcement.topic)
        if live is not None:
            if not live.opened.is_set():
                live.target = max(live.target, announcement.head)
            live.hear(announcement)
            self._mark(live)
            self._bound_memory()

    def forget_events(self, name: str) -> None:
        """Events of the topic read otherwise in the log by now: whoever asks for what has been is served from there."""
        if (live := self._live.get(name)) is not None:
            live.ring.shrink(0)

    def _mark(self, live: LiveTopic) -> None:
        if live.behind:
            self._behind.add(live)
            self._something_behind.set()

    async def _catch_up(self) -> None:
        """Read into the rings what the doorbell did not bring, for ever."""
        while True:
            await self._something_behind.wait()
            self._something_behind.clear()
            for live in list(self._behind):  # a page of each in turn: one that never rests keeps no other waiting
                if live.behind and not live.gone:
                    await self._read_on(live)
                if live.behind and not live.gone:
                    self._something_behind.set()
                else:
                    self._behind.discard(live)

    async def _read_on(self, live: LiveTopic) -> None:
        settings = self.settings
        if live.target - live.ring.head > settings.ring_events:
            live.ring.skip_to(live.target - settings.ring_events)
        after, life = live.ring.head, live.life
        page = await self.read_log(live, after)
        if page is not None and self.learn(live, page.head, asked_of=life):
            events = dense_end(page.events)
            if events and events[0].seq > live.ring.head + 1:
                live.ring.skip_to(events[0].seq - 1)  # trimmed or compacted in between
            elif not events and live.ring.head == after:
                live.target = min(live.target, page.head.seq)
                live.ring.skip_to(live.target)
            live.ring.offer(events)
        live.wake()
        self._bound_memory()

    async def read_log(self, live: LiveTopic, after: int) -> LogPage | None:
        """One page of the log after ``after``; None if the topic was deleted, which its readers are told.

        Raises Unavailable.
        """
        limits = {"max_events": self.settings.log_page_events, "max_bytes": self.settings.log_page_bytes}
        life = live.life
        try:
            return await self.gateway.run(read_page, live.name, live.topic_id, after, **limits)
        except NoSuchTopic:
            self._end(live, asked_of=life)
            return None

    def learn(self, live: LiveTopic, head: Head, *, asked_of: tuple[int, str]) -> bool:
        """Take to heart what the database says of the head; False if it is not of the log that was ``asked_of``.

        An answer may come late: what was learnt since of a newer life is not taken back.
        """
        if live.life != asked_of:
            return False
        if head.epoch != live.epoch:
            live.begin(head)
            live.wake()
            return False
        live.learn(head)
        self._mark(live)
        return True

    def _end(self, live: LiveTopic, *, asked_of: tuple[int, str]) -> None:
        """The log is gone: tell its readers; one of the same name that comes later is another topic."""
        if live.life == asked_of:
            live.gone = True
            live.wake()
            self._forget(live)

    def _forget(self, live: LiveTopic) -> None:
        if self._live.get(live.name) is live:
            del self._live[live.name]
            live.ring.leave()

    @property
    def ring_bytes(self) -> int:
        """About what all rings hold of this process's memory: a sum that is kept, and costs nothing to ask."""
        return self._memory.bytes

    def _bound_memory(self) -> None:
        if self._memory.bytes > self.settings.rings_total_bytes:
            make_room(self._memory, self.settings.rings_total_bytes, list(self._live.values()), self._forget)

    async def _compare_heads(self) -> None:
        """Compare the heads of all followed topics with the database: what makes every lost doorbell good."""
        while True:
            await asyncio.sleep(self.settings.head_poll_s)
            self._forget_unread()
            lives = {live.life: live for live in self._live.values() if live.opened.is_set()}
            if not lives:
                continue
            heads = await self.gateway.run(read_heads, [topic_id for topic_id, _ in lives])
            for life, live in lives.items():
                head = heads.get(life[0])
                if head is None:
                    self._end(live, asked_of=life)
                else:
                    self.learn(live, head, asked_of=life)

    def _forget_unread(self) -> None:
        long_ago = self.loop.time() - self.settings.ring_linger_s
        for live in list(self._live.values()):
            if not live.readers and live.last_left < long_ago:
                self._forget(live)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(min(1.0, self.settings.heartbeat_s / 4))
            self.silence.beat(self.loop.time() - self.settings.heartbeat_s)


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = weakref.WeakKeyDictionary()
_starting: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]" = weakref.WeakKeyDictionary()


async def current_hub() -> Hub:
    """The hub of this event loop; the first call starts it, since not every server tells when it starts."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        async with _starting.setdefault(loop, asyncio.Lock()):
            hub = _hubs.get(loop)
            if hub is None:
                hub = Hub(get_settings())
                await hub.start()
                _hubs[loop] = hub
    return hub


async def close_hub() -> None:
    """Close the hub of this event loop, if there is one; who comes later is turned away by it."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        await hub.close()
