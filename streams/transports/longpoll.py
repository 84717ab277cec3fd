"""Long polling: one answer with what there is, or with what comes first; for old clients and hostile networks.

{"events": [envelope, ...], "last_event_id": "...", "gap": {...} | null}       one topic
{"events": [envelope, ...], "last_event_id": "...", "gaps": [{"topic", ...}]}  several
and "notices": ["text", ...] where an operator has sent some
"""

import asyncio
from contextlib import suppress
from dataclasses import asdict

from streams.connections import connected_reader
from streams.errors import InvalidInput
from streams.http import release_thread
from streams.hub import Batch, Hub, Reader, Until
from streams.publishing import Identity
from streams.transports.stream import Wishes
from streams.wire.event import encode_envelope
from streams.wire.jsontext import encode_json
from streams.wire.last_event_id import join_ids

CONTENT_TYPE = "application/json"
DEFAULT_TIMEOUT_S = 25.0  # proxies cut idle requests at 60 s
MAX_TIMEOUT_S = 60.0
MAX_GATHERED_BYTES = 262_144  # of data, until the end has come


def parse_timeout(text: str | None) -> float:
    """The seconds that ``?timeout=`` asks for; 0 answers at once. Raises InvalidInput with the limit and the value."""
    if not text:
        return DEFAULT_TIMEOUT_S
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MAX_TIMEOUT_S):
        raise InvalidInput(f"timeout must be whole seconds from 0 to {MAX_TIMEOUT_S:g}, not {text!r:.40}")
    return float(text)


async def poll_topics(
    hub: Hub, wishes: Wishes, who: Identity, *, timeout_s: float, one: bool, until: Until | None = None
) -> bytes:
    """The body: events after ``wishes``, as soon as there are any; none after ``timeout_s``. A gap is told at once.

    With ``until``: what comes up to the ending events, or in ``timeout_s`` if they don't come; at once if it is much.
    Raises NoSuchTopic, Unavailable, StreamClosed. Cancellation: safe.
    """
    await release_thread()
    deadline = hub.loop.time() + timeout_s
    async with connected_reader(hub, "longpoll", who) as (reader, connection):
        for name, wish in wishes.items():
            await reader.subscribe(name, wish)
        ids = {name: position.resume_id for name, position in reader.positions.items()}
        for name in until.reached if until is not None else ():
            await reader.unsubscribe(name)
        answer = await _news(reader, until, ids)
        with suppress(TimeoutError):
            while not reader.notices and _is_awaited(reader, until, answer):
                async with asyncio.timeout_at(deadline):  # for the waiting only: what is there is read, however slowly
                    await reader.wait()
                answer += await _news(reader, until, ids)
        body = _encode(answer, list(ids.values()), one=one, notices=list(reader.notices))
        for batch in answer:
            connection.delivered(batch, 0)
        connection.sent(len(body))
    return body


async def _news(reader: Reader, until: Until | None, ids: dict[str, str]) -> list[Batch]:
    """One step in every topic that has news; nothing if none has. ``ids`` move along; a topic that ends is left."""
    reader.check_open()
    steps = []
    for cursor in reader.cursors:
        whole = await cursor.step(reader.hub) if cursor.has_news else None
        if whole is None:
            continue
        batch, ends = (whole, False) if until is None else until.cut(whole)
        steps.append(batch)
        ids[batch.topic] = batch.events[-1].id if ends else cursor.position.resume_id
        if ends:
            await reader.unsubscribe(batch.topic)
    return steps


def _is_awaited(reader: Reader, until: Until | None, answer: list[Batch]) -> bool:
    """Whether there is something to wait for; with ``until`` that may be more than the first events."""
    if until is None:
        return not answer
    size = sum(len(event.data) for batch in answer for event in batch.events)
    return bool(reader.topics) and size < MAX_GATHERED_BYTES and not any(batch.gap for batch in answer)


def _encode(answer: list[Batch], ids: list[str], *, one: bool, notices: list[str]) -> bytes:
    events = b",".join(event.frame("envelope", encode_envelope) for batch in answer for event in batch.events)
    gaps = [{"topic": batch.topic} | asdict(batch.gap) for batch in answer if batch.gap is not None]
    told: dict[str, object] = {"gaps": gaps}
    if one:
        told = {"gap": {name: value for name, value in gaps[0].items() if name != "topic"} if gaps else None}
    if notices:
        told["notices"] = notices
    rest = encode_json({"last_event_id": join_ids(ids), **told})
    return b'{"events":[' + events + b"]," + rest[1:].encode()
