"""The server's own events, ``stream.*``, as envelopes without an id, as NDJSON and WebSocket carry them."""

from collections.abc import Mapping
from typing import Any

from streams.wire.jsontext import encode_json
from streams.wire.last_event_id import join_ids


def encode_control(event_type: str, data: Mapping[str, Any], **where: object) -> bytes:
    """``{"type", ("topic" | "topics",) "data"}``."""
    return encode_json({"type": event_type, **where, "data": data}).encode()


def encode_opening(ids: Mapping[str, str], *, one: bool, **more: object) -> bytes:
    """``stream.open``: by topic the id after which the reader begins; ``one``: it asked for a topic by its path.

    ``{"type": "stream.open", "topic": "orders", "data": {"last_event_id": "k7m2p9xq-41", …}}``
    """
    if one:
        ((topic, last_event_id),) = ids.items()
        return encode_control("stream.open", {"last_event_id": last_event_id, **more}, topic=topic)
    return encode_control("stream.open", {"last_event_id": join_ids(ids.values()), **more}, topics=list(ids))
