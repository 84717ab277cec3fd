"""What a handover costs: the pipe beside asyncio.Queue, in one run.

    python -m tests.bench.pipe [--items 300000] [--rounds 5]

One producer, one consumer, items as fast as they go. The figure to quote is the ratio: machines differ.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from streams.flow import Pipe, PipeClosed

END = object()


async def through_queue(items: int, maxsize: int) -> int:
    """asyncio.Queue with a sentinel."""
    queue: asyncio.Queue[object] = asyncio.Queue(maxsize)

    async def produce() -> None:
        for item in range(items):
            await queue.put(item)
        await queue.put(END)

    async def consume() -> int:
        taken = 0
        while await queue.get() is not END:
            taken += 1
        return taken

    return (await asyncio.gather(consume(), produce()))[0]


async def fill(pipe: Pipe[int], items: int) -> None:
    with pipe.producing():
        for item in range(items):
            await pipe.put(item)


async def through_iteration(items: int, maxsize: int) -> int:
    """The pipe, an item at a time."""
    pipe: Pipe[int] = Pipe(maxsize)

    async def consume() -> int:
        taken = 0
        async for _ in pipe:
            taken += 1
        return taken

    return (await asyncio.gather(consume(), fill(pipe, items)))[0]


async def through_take(items: int, maxsize: int) -> int:
    """The pipe, all at once."""
    pipe: Pipe[int] = Pipe(maxsize)

    async def consume() -> int:
        taken = 0
        with suppress(PipeClosed):
            while True:
                for _ in await pipe.take():
                    taken += 1
        return taken

    return (await asyncio.gather(consume(), fill(pipe, items)))[0]


WAYS: dict[str, Callable[[int, int], Awaitable[int]]] = {
    "asyncio.Queue": through_queue,
    "Pipe, async for": through_iteration,
    "Pipe, take": through_take,
}


def rate(way: Callable[[int, int], Awaitable[int]], items: int, maxsize: int) -> float:
    """Items per second of CPU."""
    started = time.process_time()
    taken = asyncio.run(way(items, maxsize))
    if taken != items:
        raise RuntimeError(f"{taken} of {items} items came through")
    return items / (time.process_time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for maxsize in (16, 1_024):
        best = dict.fromkeys(WAYS, 0.0)
        for _ in range(options.rounds):  # the ways take turns, so that a busy neighbour slows all of them
            for name, way in WAYS.items():
                best[name] = max(best[name], rate(way, options.items, maxsize))
        for name, per_s in best.items():
            print(f"maxsize {maxsize:5}  {name:15} {per_s:12,.0f} items per second of CPU", end="")
            print(f"  ratio {per_s / best['asyncio.Queue']:.1f}")


if __name__ == "__main__":
    main()
