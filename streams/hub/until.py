"""Until: reading that ends by itself, behind the first event of a type in each topic."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from streams.hub.follow import Reader, follow
from streams.hub.ring import Batch


@dataclass(frozen=True, slots=True)
class Until:
    """The type of the event that ends a topic for a reader. reached: topics that it comes back to behind their end."""

    type: str
    reached: frozenset[str] = frozenset()

    def cut(self, batch: Batch) -> tuple[Batch, bool]:
        """The batch up to the ending event, and whether that is in it."""
        for number, event in enumerate(batch.events, 1):
            if event.type == self.type:
                return Batch(batch.topic, batch.events[:number], event.seq, batch.gap), True
        return batch, False


def follow_until(reader: Reader, until: Until | None) -> AsyncGenerator[Batch, None]:
    """``follow``; a topic is left behind its ending event, and when none is left it ends. None: it never does.

    Raises, and is consumed, as ``follow``.
    """
    return follow(reader) if until is None else _follow_until(reader, until)


async def _follow_until(reader: Reader, until: Until) -> AsyncGenerator[Batch, None]:
    for name in until.reached:
        await reader.unsubscribe(name)
    async with aclosing(follow(reader)) as batches:
        while reader.topics:
            batch, ends = until.cut(await anext(batches))
            yield batch
            if ends and batch.topic in reader.topics:
                await reader.unsubscribe(batch.topic)
