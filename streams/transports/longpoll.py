"""Long polling: one answer with what there is, or with what comes first; for old clients and hostile networks.

{"events": [envelope, ...], "last_event_id": "...", "gap": {...} | null}       one topic
{"events": [envelope, ...], "last_event_id": "...", "gaps": [{"topic", ...}]}  several
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict

from streams.connections import connected_reader
from streams.errors import InvalidInput
from streams.http import release_thread
from streams.hub import Batch, Hub, Reader
from streams.publishing import Identity
from streams.transports.stream import Wishes
from streams.wire.event import encode_envelope
from streams.wire.jsontext import encode_json
from streams.wire.last_event_id import SEPARATOR

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


async def poll_topics(hub: Hub, wishes: Wishes, who: Identity, *, timeout_s: float, one: bool) -> bytes:
    """The body: events after ``wishes``, as soon as there are any; none after ``timeout_s``. A gap is told at once.

    Raises NoSuchTopic, Unavailable, StreamClosed. Cancellation: safe.
    """
    await release_thread()
    async with connected_reader(hub, "longpoll", who) as reader:
        ids = {name: (await reader.subscribe(name, wish)).id for name, wish in wishes.items()}
        answer: list[Batch] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s or None):
                answer = await _first(reader, wait=timeout_s > 0)
    for batch in answer:
        ids[batch.topic] = batch.events[-1].id if batch.events else batch.gap.resumed_at if batch.gap else ""
    return _encode(answer, ids, one=one)


async def _first(reader: Reader, *, wait: bool) -> list[Batch]:
    """One step in every topic that has news, as soon as any has; nothing if none has and we don't ``wait``."""
    while True:
        reader.check_open()
        cursors = reader.with_news()
        if cursors:
            steps = [await cursor.step(reader.hub, rested=True) for cursor in cursors]
            if answer := [batch for batch in steps if batch is not None]:
                return answer
        elif not wait:
            return []
        else:
            await reader.wait()


def _encode(answer: list[Batch], ids: Mapping[str, str], *, one: bool) -> bytes:
    events = b",".join(event.frame("envelope", encode_envelope) for batch in answer for event in batch.events)
    gaps = [{"topic": batch.topic} | asdict(batch.gap) for batch in answer if batch.gap is not None]
    told: dict[str, object] = {"gaps": gaps}
    if one:
        told = {"gap": {name: value for name, value in gaps[0].items() if name != "topic"} if gaps else None}
    rest = encode_json({"last_event_id": SEPARATOR.join(ids.values()), **told})
    return b'{"events":[' + events + b"]," + rest[1:].encode()
