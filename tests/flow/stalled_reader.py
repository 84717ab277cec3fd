"""What a reader costs that has stopped reading: a queue without a bound beside the pipe.

    python -m tests.flow.stalled_reader queue|pipe|piped

A producer has 200 MB in chunks of 64 KiB; the consumer takes one and stalls. Prints by how many MB the process has
grown once the producer waits or is done.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing

import psutil

from streams.flow import Pipe, piped

CHUNK_BYTES = 64 * 1024
CHUNKS = 200_000_000 // CHUNK_BYTES
AHEAD = 16


class Source:
    """Chunks that are really resident; ``read`` tells how many were read."""

    read = 0

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        for _ in range(CHUNKS):
            await asyncio.sleep(0)
            self.read += 1
            yield b"x" * CHUNK_BYTES

    async def settled(self) -> None:
        """Wait until it is read no further."""
        before = -1
        while before != self.read:
            before = self.read
            for _ in range(100):
                await asyncio.sleep(0)


async def stall_queue(source: Source) -> int:
    """``asyncio.Queue()``: the usual mistake."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()

    async def produce() -> None:
        async for chunk in source.chunks():
            await queue.put(chunk)

    async with asyncio.TaskGroup() as group:
        group.create_task(produce())
        await queue.get()
        await source.settled()
        return resident()


async def stall_pipe(source: Source) -> int:
    """The pipe, by hand."""
    pipe: Pipe[bytes] = Pipe(AHEAD)

    async def produce() -> None:
        with pipe.producing():
            async for chunk in source.chunks():
                await pipe.put(chunk)

    async with asyncio.TaskGroup() as group, aclosing(pipe):
        group.create_task(produce())
        await anext(pipe)
        await source.settled()
        return resident()


async def stall_piped(source: Source) -> int:
    """Read-ahead."""
    async with aclosing(piped(source.chunks(), AHEAD)) as chunks:
        await anext(chunks)
        await source.settled()
        return resident()


def resident() -> int:
    """Bytes of this process in memory."""
    return psutil.Process().memory_info().rss


WAYS = {"queue": stall_queue, "pipe": stall_pipe, "piped": stall_piped}


async def main(way: str) -> None:
    before = resident()
    print(round((await WAYS[way](Source()) - before) / 1e6, 1))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
