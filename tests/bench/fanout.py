"""What fan-out costs: the ring with cursors beside a queue per reader, in one run.

    python -m tests.bench.fanout [--readers 1000] [--seconds 3]

Both deliver the same 100-byte events to readers that join them and hand them to a sink; events come as fast as the
loop takes them. The figure to quote is the ratio: machines differ.
"""

import argparse
import asyncio
import os
import time
from datetime import UTC, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup()

from streams.conf import get_settings
from streams.eventlog import Head
from streams.hub.live import LiveTopic, Silence, Waiter
from streams.hub.ring import Announcement
from streams.wire.event import LogEvent
from streams.wire.sse import encode_event

DATA = '"' + "x" * 98 + '"'
NOW = datetime.now(UTC)


class Tally:
    """What the sink got."""

    def __init__(self) -> None:
        self.events = self.bytes = 0

    def take(self, events: int, frames: bytes) -> None:
        """One write to one reader."""
        self.events += events
        self.bytes += len(frames)


def event(seq: int) -> LogEvent:
    return LogEvent("bench", "epoch", seq, "message", DATA, NOW)


async def run_ring(readers: int, seconds: float, batch: int) -> Tally:
    """Ring and cursors: a reader takes all there is after its cursor."""
    live, tally = LiveTopic("bench", get_settings()), Tally()
    live.begin(Head(1, "epoch", 0))
    silence = Silence()

    async def read() -> None:
        cursor, waiter = 0, Waiter(silence)
        while True:
            taken = live.ring.take(cursor)
            if taken is None:
                raise RuntimeError("a reader fell out of the ring: the bench is too fast for it")
            if taken.events:
                cursor = taken.cursor
                tally.take(len(taken.events), taken.joined("sse", encode_event))
            else:
                await waiter.wait((live,))

    async def publish() -> None:
        seq = 0
        while True:
            events = tuple(event(seq + n) for n in range(1, batch + 1))
            seq += batch
            live.hear(Announcement("bench", "epoch", seq, events))
            await asyncio.sleep(0)
            while live._round:  # as a publisher that waits for its answer would
                await asyncio.sleep(0)

    return await timed(tally, readers, read, publish, seconds)


async def run_queues(readers: int, seconds: float, batch: int) -> Tally:
    """A bounded queue per reader: each event is put and taken once for each."""
    tally = Tally()
    queues: list[asyncio.Queue[LogEvent]] = [asyncio.Queue(100) for _ in range(readers)]
    waiting = iter(queues)

    async def read() -> None:
        queue = next(waiting)
        while True:
            one = await queue.get()
            tally.take(1, encode_event(one))

    async def publish() -> None:
        seq = 0
        while True:
            for _ in range(batch):
                seq += 1
                one = event(seq)
                for queue in queues:
                    if queue.full():
                        await queue.put(one)
                    else:
                        queue.put_nowait(one)
            await asyncio.sleep(0)

    return await timed(tally, readers, read, publish, seconds)


async def timed(tally: Tally, readers: int, read, publish, seconds: float) -> Tally:
    tasks = [asyncio.create_task(read()) for _ in range(readers)]
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(publish()))
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    for batch in (1, 50):
        rates = {}
        for name, run in (("queue per reader", run_queues), ("ring and cursors", run_ring)):
            started = time.process_time()
            tally = asyncio.run(run(options.readers, options.seconds, batch))
            rates[name] = tally.events / (time.process_time() - started)
            print(f"{batch:3} events at once  {name:17} {rates[name]:12,.0f} deliveries per second of CPU")
        print(f"{batch:3} events at once  ratio {rates['ring and cursors'] / rates['queue per reader']:.1f}")


if __name__ == "__main__":
    main()
