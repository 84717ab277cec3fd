"""A reader of a topic, as the transports are one: in a task, keeping all that it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from streams.errors import StreamClosed, StreamsError
from streams.hub import Batch, Gap, Hub, follow, open_reader
from streams.wire.event import LogEvent
from streams.wire.last_event_id import parse_last_event_id


class Reader:
    """events, gaps and the number of heartbeats so far; ``ended`` by what the stream ended with."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.events: list[LogEvent] = []
        self.gaps: list[Gap] = []
        self.beats = 0
        self.opened = asyncio.Event()
        self.ended: StreamsError | None = None

    @property
    def seqs(self) -> list[int]:
        """The sequence numbers seen, in the order in which they came."""
        return [event.seq for event in self.events]

    @property
    def reason(self) -> str | None:
        """Why the server ended the stream."""
        return str(self.ended.reason) if isinstance(self.ended, StreamClosed) else None

    def _took(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.events += batch.events
        if batch.gap is not None:
            self.gaps.append(batch.gap)
        elif not batch.events:
            self.beats += 1

    async def run(self, hub: Hub, topic: str, wish: str, pause_s: float | None) -> None:
        """Read until cancelled or ended; ``pause_s``: be slow."""
        try:
            async with open_reader(hub) as reader:
                await reader.subscribe(topic, parse_last_event_id(wish))
                self.opened.set()
                async with aclosing(follow(reader)) as batches:
                    async for batch in batches:
                        self._took(batch)
                        if pause_s is not None:
                            await asyncio.sleep(pause_s)
        except StreamsError as error:
            self.ended = error


@asynccontextmanager
async def reading(hub: Hub, topic: str, wish: str = "", *, pause_s: float | None = None) -> AsyncIterator[Reader]:
    """A reader that has its position when the block begins and is gone when it ends."""
    reader = Reader()
    task = asyncio.create_task(reader.run(hub, topic, wish, pause_s), name=f"reader of {topic}")
    opening = asyncio.create_task(reader.opened.wait())
    try:
        await asyncio.wait([task, opening], return_when=asyncio.FIRST_COMPLETED)
        yield reader
    finally:
        opening.cancel()
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
