"""Topics as an endless body: what server-sent events and HTTP streaming share, which is all but their frames."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Protocol

from streams.connections import connected_reader
from streams.errors import LimitReached, StreamClosed, StreamsError
from streams.hub import Batch, Hub, Position, Until, follow_until
from streams.publishing import Identity
from streams.wire.last_event_id import Wish

logger = logging.getLogger(__name__)
Wishes = Mapping[str, Wish]  # where to begin, by topic, in the order of the request


class Frames(Protocol):
    """A technique: its name in the registry, its content type, and the bytes of each thing that a stream says.

    One object a stream: it may remember what it has said.
    """

    technique: str
    content_type: str

    def opening(self, positions: Mapping[str, Position], *, retry_ms: int) -> bytes:
        """What comes first: where the reader stands in each topic."""
        ...

    def batch(self, batch: Batch) -> bytes:
        """The gap, if there is one, and the events; ``stream.notice``; a heartbeat for a batch with nothing."""
        ...

    def farewell(self, closed: StreamClosed, *, retry_ms: int) -> bytes:
        """``stream.close``; ``retry_ms`` is about when to come back."""
        ...

    def failure(self, error: StreamsError) -> bytes:
        """``stream.error``."""
        ...


async def stream_topics(
    hub: Hub, wishes: Wishes, who: Identity, frames: Frames, until: Until | None = None
) -> AsyncGenerator[bytes, None]:
    """The bytes of one reader's stream, from ``wishes`` on; ends with ``stream.close`` when the server ends it.

    With ``until`` it ends behind the ending event of the last topic, and says nothing more.

    A failure after the first byte is told as ``stream.error`` and logged; the client comes back with its position.
    Cancellation: safe at every yield; consume under ``aclosing``.
    """
    settings = hub.settings
    try:
        async with connected_reader(hub, frames.technique, who) as (reader, connection):
            positions = {name: await reader.subscribe(name, wish) for name, wish in wishes.items()}
            opening = frames.opening(positions, retry_ms=settings.retry_ms)
            yield opening
            connection.sent(len(opening))
            async with aclosing(follow_until(reader, until)) as batches:
                async for batch in batches:
                    chunk = frames.batch(batch)
                    yield chunk
                    connection.delivered(batch, len(chunk))
    except StreamClosed as closed:
        yield frames.farewell(closed, retry_ms=settings.drain_retry_ms)
    except StreamsError as error:
        logger.log(
            logging.INFO if isinstance(error, LimitReached) else logging.WARNING,
            "stream of %s ends: %s",
            ", ".join(wishes),
            error,
        )
        yield frames.failure(error)
