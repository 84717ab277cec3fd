"""A topic as an endless body: what server-sent events and HTTP streaming share, which is all but their frames."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from streams.connections import Connection, registry
from streams.errors import StreamClosed, StreamsError
from streams.hub import Batch, Hub, Position, follow, resolve
from streams.publishing import Identity
from streams.wire.last_event_id import Wish

logger = logging.getLogger(__name__)


class Frames(Protocol):
    """A technique: its name in the registry, its content type, and the bytes of each thing that a stream says."""

    technique: str
    content_type: str

    def opening(self, name: str, position: Position, *, retry_ms: int) -> bytes:
        """What comes first: the position of the reader of topic ``name``."""
        ...

    def batch(self, batch: Batch) -> bytes:
        """The gap, if there is one, and the events; a heartbeat for a batch with neither."""
        ...

    def farewell(self, closed: StreamClosed, *, retry_ms: int) -> bytes:
        """``stream.close``; ``retry_ms`` is about when to come back."""
        ...

    def failure(self, error: StreamsError) -> bytes:
        """``stream.error``."""
        ...


async def stream_topic(hub: Hub, name: str, wish: Wish, who: Identity, frames: Frames) -> AsyncGenerator[bytes, None]:
    """The bytes of one reader's stream, from ``wish`` on; ends with ``stream.close`` when the server ends it.

    A failure after the first byte is told as ``stream.error`` and logged; the client comes back with its position.
    Cancellation: safe at every yield; consume under ``aclosing``.
    """
    settings = hub.settings
    with registry.opened(Connection(frames.technique, (name,), who.id)):
        try:
            async with hub.reading(name) as live:
                position = await resolve(hub, live, wish)
                yield frames.opening(name, position, retry_ms=settings.retry_ms)
                async with aclosing(follow(hub, live, position)) as batches:
                    async for batch in batches:
                        yield frames.batch(batch)
        except StreamClosed as closed:
            yield frames.farewell(closed, retry_ms=settings.drain_retry_ms)
        except StreamsError as error:
            logger.warning("stream of %s ends: %s", name, error)
            yield frames.failure(error)
