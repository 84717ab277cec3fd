"""Read-ahead: an async iterator runs as a producer ahead of its consumer, by as much as a pipe holds.

    async with aclosing(piped(rows(), 100)) as read_ahead:
        async for row in read_ahead:
            await send(row)                 # meanwhile up to 100 more rows are read

For whatever is slow on both sides by turns: a file and a socket, an upstream API and a client.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import TypeVar

from streams.flow.pipe import Pipe
from streams.flow.source import reading

T = TypeVar("T")

_producers: set[asyncio.Task[None]] = set()  # the loop itself holds tasks by weak references only


def piped(source: AsyncIterable[T], maxsize: int, *, size: Callable[[T], int] | None = None) -> AsyncGenerator[T, None]:
    """Yield what ``source`` yields while a task reads on in it: at most ``maxsize`` items (or their ``size``) ahead.

    The source is begun with the first item that is asked for, and read and closed in that one task, as libraries with
    cancel scopes want it. What it raises is raised when its turn has come, after the items before it; what is never
    reached is never told. Raises ValueError at once.
    Cancellation, and leaving early (consume under ``aclosing``): the source is cancelled at once, wherever it waits,
    and has been closed when this generator is.
    """
    return _ahead(source, Pipe(maxsize, size=size))


async def _ahead(source: AsyncIterable[T], pipe: Pipe[T]) -> AsyncGenerator[T, None]:
    # Not in a TaskGroup: around a yield it would cancel whoever consumes. The task ends with this generator.
    producer = asyncio.create_task(_fill(pipe, source), name="piped")
    _producers.add(producer)
    producer.add_done_callback(_producers.discard)
    try:
        async for item in pipe:
            yield item
    finally:
        await pipe.aclose()
        await _end(producer)


async def _fill(pipe: Pipe[T], source: AsyncIterable[T]) -> None:
    with pipe.producing():
        async with reading(source) as items:
            async for item in items:
                await pipe.put(item)


async def _end(producer: asyncio.Task[None]) -> None:
    """Cancel it and wait; what it raises while it is being closed is raised here, for no one else would tell."""
    left_early = producer.cancel()
    await asyncio.wait([producer])
    error = None if producer.cancelled() else producer.exception()
    if left_early and error is not None:
        raise error
