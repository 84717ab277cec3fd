"""Follow: a reader of one topic or of many, from where it stands to the head and on."""

from collections import deque
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from streams.errors import CloseReason, InvalidInput, StreamClosed
from streams.hub.cursor import Cursor
from streams.hub.hub import Hub
from streams.hub.live import Waiter
from streams.hub.position import Position, resolve
from streams.hub.ring import Batch
from streams.wire.last_event_id import Wish

HEARTBEAT = Batch("", (), 0)
MAX_NOTICES = 10  # that wait for a reader that is busy; the oldest give way


class Reader:
    """A cursor in each of its topics, and nothing else: what it has not taken yet costs nothing.

    Consume under ``open_reader``, which leaves the topics again.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.closing: CloseReason | None = None
        self.notices: deque[str] = deque(maxlen=MAX_NOTICES)
        self.cursors: tuple[Cursor, ...] = ()  # replaced, never changed: whoever goes through it can wait meanwhile
        self._cursors: dict[str, Cursor] = {}
        self._reading: dict[str, AsyncExitStack] = {}
        self._waiter = Waiter(hub.silence)

    @property
    def topics(self) -> Collection[str]:
        """Their names, in the order in which they were subscribed to."""
        return self._cursors.keys()

    @property
    def positions(self) -> dict[str, Position]:
        """Where it stands, by topic."""
        return {name: cursor.position for name, cursor in self._cursors.items()}

    async def subscribe(self, name: str, wish: Wish) -> Position:
        """Read ``name`` too, from where ``wish`` leads. Raises InvalidInput, NoSuchTopic, Unavailable, StreamClosed.

        Cancellation: nothing is subscribed to.
        """
        if name in self._reading:
            raise InvalidInput(f"topic {name} is already subscribed to here")
        stack = self._reading[name] = AsyncExitStack()
        try:
            live = await stack.enter_async_context(self.hub.reading(name))
            position = await resolve(self.hub, live, wish)
            self.check_open()  # it may have left meanwhile
        except BaseException:
            del self._reading[name]
            await stack.aclose()
            raise
        self._cursors[name] = Cursor(live, position)
        self.cursors = tuple(self._cursors.values())
        self._waiter.wake()
        return position

    async def unsubscribe(self, name: str) -> None:
        """Read ``name`` no longer. Raises InvalidInput if it is not read."""
        cursor = self._cursors.pop(name, None)
        if cursor is None:
            raise InvalidInput(f"topic {name:.128} is not subscribed to here")
        cursor.left = True
        self.cursors = tuple(self._cursors.values())
        cursor.live.forget(self._waiter)
        await self._reading.pop(name).aclose()

    async def leave(self) -> None:
        """Leave all topics, for good."""
        self.closing = self.closing or CloseReason.SHUTDOWN
        for name in tuple(self._cursors):
            await self.unsubscribe(name)

    def end(self, reason: CloseReason) -> None:
        """Let ``follow`` end with ``reason`` as soon as what is being sent is sent."""
        self.closing = self.closing or reason
        self._waiter.wake()

    def notify(self, text: str) -> None:
        """Let ``follow`` yield a notice before anything else."""
        self.notices.append(text)
        self._waiter.wake()

    def check_open(self) -> None:
        """Raise StreamClosed once this reader, or every reader, is to end."""
        if self.closing is not None:
            raise StreamClosed(self.closing)

    def cursor(self, name: str) -> Cursor | None:
        """Its cursor in a topic; another one after it was subscribed to again."""
        return self._cursors.get(name)

    async def wait(self) -> bool:
        """Wait until a topic moves: True; False after a heartbeat's silence. Cancellation: safe."""
        moved = await self._waiter.wait([cursor.live for cursor in self.cursors])
        for cursor in self.cursors:
            cursor.rest()
        return moved


@asynccontextmanager
async def open_reader(hub: Hub) -> AsyncGenerator[Reader, None]:
    """A reader without topics yet; it leaves those it has then, whichever way the block ends."""
    reader = Reader(hub)
    with hub.told_of_the_end(partial(reader.end, CloseReason.SHUTDOWN)):
        try:
            yield reader
        finally:
            await reader.leave()


async def follow(reader: Reader, *, wait: bool = True) -> AsyncGenerator[Batch, None]:
    """Yield batches of events, each of one topic, from where the reader stands: first what is there, then what comes.

    One step in every topic that has news, then the next, so that a busy topic keeps no other waiting. A batch with
    neither events nor gap is a heartbeat's silence, or a notice. Without ``wait`` it ends where it would have to wait.
    Topics may be subscribed to and unsubscribed from meanwhile.
    Raises StreamClosed when the server ends the stream, Unavailable when the log can't be read.
    Cancellation: safe at every await; consume under ``aclosing``.
    """
    while True:
        moved = False
        while reader.notices:
            yield Batch("", (), 0, notice=reader.notices.popleft())
        for cursor in reader.cursors:
            if cursor.left or not cursor.has_news:
                continue
            reader.check_open()
            moved = True
            batch = await cursor.step(reader.hub)
            if batch is not None and not cursor.left:
                yield batch
        if moved:
            continue
        reader.check_open()
        if not wait:
            return
        if not await reader.wait():
            yield HEARTBEAT
