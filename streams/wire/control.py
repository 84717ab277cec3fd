"""The server's own events, ``stream.*``, as envelopes without an id, as NDJSON and WebSocket carry them."""

from collections.abc import Mapping
from typing import Any

from streams.wire.jsontext import encode_json
from streams.wire.last_event_id import SEPARATOR


def encode_control(event_type: str, data: Mapping[str, Any], **where: object) -> bytes:
    """``{"type", ("topic" | "topics",) "data"}``."""
    return encode_json({"type": event_type, **where, "data": data}).encode()


def encode_opening(ids: Mapping[str, str], *, one: bool, **more: object) -> bytes:
    """``stream.open``: by topic the id after which the reader begins; ``one``: it asked for a topic by its path.

    ``{"type": "stream.open", "topic": "orders", "data": {"last_event_id": "k7m2p9xq-41", …}}``
    """
    where: dict[str, object] = {"topic": next(iter(ids))} if one else {"topics": list(ids)}
    return encode_control("stream.open", {"last_event_id": SEPARATOR.join(ids.values()), **more}, **where)
