"""An event as publishers send it, over HTTP and WebSocket alike: ``{"type"?, "data", "key"?}``."""

from typing import Any

from streams.errors import InvalidEvent
from streams.publishing import new_event
from streams.wire.event import NewEvent

EVENT_FIELDS = {"type", "data", "key"}


def new_event_from(value: Any, *, key: str | None = None) -> NewEvent:
    """The event; a key in it wins over ``key``, which was given beside it. Raises InvalidEvent, TooLarge."""
    if not isinstance(value, dict):
        raise InvalidEvent(f"an event is an object with data, not {type(value).__name__}")
    if unknown := sorted(value.keys() - EVENT_FIELDS):
        raise InvalidEvent(f"an event has no field {unknown[0]!r:.60} (type, data, key)")
    if "data" not in value:
        raise InvalidEvent("an event needs data (null is a value)")
    return new_event(value["data"], type=value.get("type", "message"), key=value.get("key", key))
