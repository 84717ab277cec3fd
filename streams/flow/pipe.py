"""A bounded pipe between producer and consumer: the producer waits when it is full, the consumer takes all there is.

    pipe = Pipe(16)

    async def produce():
        with pipe.producing():              # the end, or the error, goes to the consumer
            async for row in rows():
                await pipe.put(row)

    async def consume():
        async with aclosing(pipe):          # from contextlib: leaving early frees the producer
            async for row in pipe:
                await send(row)

    await asyncio.gather(produce(), consume())

The end is a state of the pipe and not an item in it. A sentinel would need room, so that a producer that fails could
not tell it to a full pipe; it would carry no error, reach only one of several consumers, and be a value that no
producer may use.

Several tasks may put and several may take: who waits is woken in the order of arrival, and each item goes to one of
them. But either side has one owner: ``producing`` and ``aclosing`` stand once, around the group of the tasks.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Self, TypeVar

T = TypeVar("T")
Turn = asyncio.Future[None]


class PipeClosed(Exception):
    """Raised by ``put`` once the pipe is closed, and by ``take`` once it has ended and all is taken."""


class PipeAborted(Exception):
    """Raised to the consumer of what broke off without an end: the producer was cancelled, or the consumer has left.

    Not a PipeClosed: half of something must not be mistaken for the whole.
    """


class Pipe(Generic[T]):
    """At most ``maxsize`` items wait in it; an async iterator of them. For one event loop, not for threads.

    ``size`` weighs an item, and ``maxsize`` is then the weight from which on producers wait: ``Pipe(2**20, size=len)``
    holds 1 MiB of bytes, and at most one item more. An item is weighed once, when it is put, and weighs 1 at least.
    """

    def __init__(self, maxsize: int, *, size: Callable[[T], int] | None = None) -> None:
        if maxsize < 1:
            raise ValueError(f"a pipe's maxsize is {maxsize} (must be at least 1)")
        self._maxsize = maxsize
        self._size = size
        self._items: deque[T] = deque()
        self._weights: deque[int] = deque()  # of the items, where they are weighed
        self._held = 0
        self._has_producer = False
        self._closed = False
        self._error: Exception | None = None
        self._putters: deque[Turn] = deque()
        self._takers: deque[Turn] = deque()

    async def put(self, item: T) -> None:
        """Wait for room, then add. Raises PipeClosed, and what ``size`` raises. Cancellation: the item is not added."""
        weight = 1 if self._size is None else max(1, self._size(item))
        while self._held >= self._maxsize and not self._closed:
            await self._wait(self._putters)
        if self._closed:
            raise PipeClosed("nothing more goes into this pipe: it was closed, or its consumer has left")
        self._held += weight
        self._items.append(item)
        if self._size is not None:
            self._weights.append(weight)
        if self._takers:
            _wake_next(self._takers)
        if self._putters and self._held < self._maxsize:
            _wake_next(self._putters)

    async def take(self) -> list[T]:
        """Wait until there is something, then take all of it, oldest first.

        Raises what ``close`` was given, or PipeClosed, but only after the last item was taken. Cancellation: safe.
        """
        while not self._items:
            if self._closed:
                raise PipeClosed("this pipe has ended") if self._error is None else self._error
            await self._wait(self._takers)
        items = list(self._items)
        self._clear()
        if self._putters:
            _wake_next(self._putters)
        return items

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """The next item. After the last one: the end, or what ``close`` was given. Cancellation: safe."""
        while not self._items:
            if self._closed:
                raise StopAsyncIteration if self._error is None else self._error
            await self._wait(self._takers)
        item = self._items.popleft()
        self._held -= 1 if self._size is None else self._weights.popleft()
        if self._putters and self._held < self._maxsize:
            _wake_next(self._putters)
        return item

    @contextmanager
    def producing(self) -> Iterator[None]:
        """The block that fills the pipe; the first line of its task, for what fails before it is told to nobody.

        Its end closes the pipe; its error closes the pipe with that error, and goes on. Once the consumer has left,
        ``put`` raises PipeClosed, which ends the block and goes no further: nobody is left who wants the rest.
        """
        if self._has_producer:
            raise RuntimeError("this pipe has a producing block already; put one around the group of its producers")
        self._has_producer = True
        try:
            yield
        except BaseException as error:
            if self._closed and _is_pipe_closed(error):
                return
            self.close(error)
            raise
        self.close()

    def close(self, error: BaseException | None = None) -> None:
        """No more items: the consumer gets what is left and then ``error`` (or the end); a waiting ``put`` fails.

        The first call counts. What would pass for the consumer's own end (a cancellation, a StopAsyncIteration) is
        told as PipeAborted.
        """
        if self._closed:
            return
        self._closed = True
        if isinstance(error, Exception) and not isinstance(error, PipeClosed | StopIteration | StopAsyncIteration):
            self._error = error
        elif error is not None:
            self._error = PipeAborted(f"the producer broke off: {error!r}")
            self._error.__cause__ = error
        for line in (self._putters, self._takers):
            while line:
                _wake_next(line)

    async def aclose(self) -> None:
        """The consumer leaves: what is left is dropped, a waiting ``put`` fails. Waits for nothing."""
        self.close(PipeAborted("the consumer has left"))
        self._clear()

    def _clear(self) -> None:
        self._items.clear()
        self._weights.clear()
        self._held = 0

    async def _wait(self, line: deque[Turn]) -> None:
        """Stand in ``line`` until it is one's turn; who is cancelled just then gives it to the next."""
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                _wake_next(line)
            elif turn in line:
                line.remove(turn)
            raise


def _wake_next(line: deque[Turn]) -> None:
    while line:
        turn = line.popleft()
        if not turn.done():
            turn.set_result(None)
            return


def _is_pipe_closed(error: BaseException) -> bool:
    """Whether it is PipeClosed, by itself or as all that comes out of a group of producers."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(PipeClosed)[1] is None
    return isinstance(error, PipeClosed)
