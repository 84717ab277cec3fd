"""Long polling: one answer with what there is, or with what comes first; for old clients and hostile networks.

{"events": [envelope, ...], "last_event_id": "...", "gap": {...} | null}
"""

import asyncio
from contextlib import aclosing, suppress
from dataclasses import asdict

from streams.connections import Connection, registry
from streams.errors import InvalidInput
from streams.http import release_thread
from streams.hub import Batch, Hub, follow, resolve
from streams.publishing import Identity
from streams.wire.event import encode_envelope
from streams.wire.jsontext import encode_json
from streams.wire.last_event_id import Wish

CONTENT_TYPE = "application/json"
DEFAULT_TIMEOUT_S = 25.0  # proxies cut idle requests at 60 s
MAX_TIMEOUT_S = 60.0


def parse_timeout(text: str | None) -> float:
    """The seconds that ``?timeout=`` asks for; 0 answers at once. Raises InvalidInput with the limit and the value."""
    if not text:
        return DEFAULT_TIMEOUT_S
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MAX_TIMEOUT_S):
        raise InvalidInput(f"timeout must be whole seconds from 0 to {MAX_TIMEOUT_S:g}, not {text!r:.40}")
    return float(text)


async def poll_topic(hub: Hub, name: str, wish: Wish, who: Identity, timeout_s: float) -> bytes:
    """The body: events after ``wish``, as soon as there are any; none after ``timeout_s``. A gap is told at once.

    Raises NoSuchTopic, Unavailable, StreamClosed. Cancellation: safe.
    """
    await release_thread()
    answer = Batch((), 0)
    with registry.opened(Connection("longpoll", (name,), who.id)):
        async with hub.reading(name) as live:
            position = await resolve(hub, live, wish)
            last_event_id = position.id
            with suppress(TimeoutError):
                async with (
                    asyncio.timeout(timeout_s or None),
                    aclosing(follow(hub, live, position, wait=timeout_s > 0)) as batches,
                ):
                    async for batch in batches:
                        if batch.events or batch.gap:
                            answer = batch
                            break
    if answer.gap is not None:
        last_event_id = answer.gap.resumed_at
    if answer.events:
        last_event_id = answer.events[-1].id
    return _encode(answer, last_event_id)


def _encode(batch: Batch, last_event_id: str) -> bytes:
    events = b",".join(event.frame("envelope", encode_envelope) for event in batch.events)
    gap = None if batch.gap is None else asdict(batch.gap)
    rest = encode_json({"last_event_id": last_event_id, "gap": gap})
    return b'{"events":[' + events + b"]," + rest[1:].encode()
