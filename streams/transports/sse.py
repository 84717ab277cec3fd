"""Server-sent events: a topic as an endless ``text/event-stream``.  Source: WHATWG HTML 9.2."""

import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict

from streams.conf import StreamSettings
from streams.connections import Connection, registry
from streams.errors import StreamClosed, StreamsError
from streams.hub import Batch, Hub, follow, resolve
from streams.publishing import Identity
from streams.wire import sse
from streams.wire.last_event_id import Wish

logger = logging.getLogger(__name__)
CONTENT_TYPE = "text/event-stream; charset=utf-8"


def _frames(batch: Batch) -> bytes:
    if batch.gap is not None:
        told = sse.encode_control("stream.gap", asdict(batch.gap), last_event_id=batch.gap.resumed_at)
        return told + batch.joined("sse", sse.encode_event)
    return batch.joined("sse", sse.encode_event) if batch.events else sse.HEARTBEAT


async def stream_topic(hub: Hub, name: str, wish: Wish, who: Identity) -> AsyncGenerator[bytes, None]:
    """The bytes of one reader's stream, from ``wish`` on; ends with ``stream.close`` when the server ends it.

    A failure after the first byte is told as ``stream.error`` and logged; the client comes back with its position.
    Cancellation: safe at every yield; consume under ``aclosing``.
    """
    with registry.opened(Connection("sse", (name,), who.id)):
        try:
            async with hub.reading(name) as live:
                position = await resolve(hub, live, wish)
                opening = position.id if position.gap is None else None
                yield sse.encode_opening(opening, retry_ms=hub.settings.retry_ms)
                async with aclosing(follow(hub, live, position)) as batches:
                    async for batch in batches:
                        yield _frames(batch)
        except StreamClosed as closed:
            yield _farewell(closed, hub.settings)
        except StreamsError as error:
            logger.warning("stream of %s ends: %s", name, error)
            yield sse.encode_control("stream.error", error.as_json())


def _farewell(closed: StreamClosed, settings: StreamSettings) -> bytes:
    """``stream.close``, and when to come back: by chance a little earlier or later, so that not all come at once."""
    retry = b""
    if closed.reason.reconnect:
        retry = sse.encode_retry(settings.drain_retry_ms + secrets.randbelow(settings.drain_retry_ms))
    return retry + sse.encode_control("stream.close", {"reason": closed.reason, "reconnect": closed.reason.reconnect})
