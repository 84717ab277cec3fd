"""A bounded pipe between one producer and one consumer: the producer waits when it is full, the consumer takes all.

The end is a state, not an item, so that no value can be mistaken for it.
"""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class PipeClosed(Exception):
    """Raised by ``put`` once the consumer is gone, and by ``take`` once the producer has ended and all is taken."""


class Pipe(Generic[T]):
    """At most ``maxsize`` items wait in it. For one event loop; nothing here is thread-safe."""

    def __init__(self, maxsize: int) -> None:
        if maxsize < 1:
            raise ValueError(f"a pipe's maxsize is {maxsize} (must be at least 1)")
        self._maxsize = maxsize
        self._items: deque[T] = deque()
        self._error: BaseException | None = None
        self._closed = False
        self._changed = asyncio.Event()

    async def put(self, item: T) -> None:
        """Wait for room, then add. Raises PipeClosed. Cancellation: the item is not added."""
        while len(self._items) >= self._maxsize and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if self._closed:
            raise PipeClosed
        self._items.append(item)
        self._changed.set()

    async def take(self) -> list[T]:
        """Wait until there is something, then take all of it, oldest first.

        Raises what ``close`` was given, or PipeClosed, but only after the last item was taken. Cancellation: safe.
        """
        while not self._items and not self._closed:
            self._changed.clear()
            await self._changed.wait()
        if not self._items:
            raise self._error or PipeClosed
        items = list(self._items)
        self._items.clear()
        self._changed.set()
        return items

    def close(self, error: BaseException | None = None) -> None:
        """No more items: the consumer gets what is left and then ``error`` (or PipeClosed); a waiting ``put`` fails."""
        if not self._closed:
            self._closed, self._error = True, error
            self._changed.set()
