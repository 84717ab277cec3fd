r"""Server-sent events: values to bytes.  Source: WHATWG HTML 9.2.

A block is lines of ``field: value`` and ends with a blank line. Data is one line of JSON, and JSON keeps CR and LF
escaped inside strings, so one ``data:`` line always suffices for events of the log; U+2028 is no line end here.
"""

from streams.wire.event import LogEvent, encode_envelope
from streams.wire.jsontext import encode_json

HEARTBEAT = b":\n\n"


def encode_event(event: LogEvent) -> bytes:
    """``id:``, ``event:`` (left out for ``message``) and ``data:`` of an event of the log."""
    kind = "" if event.type == "message" else f"event: {event.type}\n"
    return f"id: {event.id}\n{kind}data: {event.data}\n\n".encode()


def encode_event_of_many(event: LogEvent, last_event_id: str) -> bytes:
    """The same in a stream of several topics: the data is the envelope, the id the joint position after the event."""
    kind = "" if event.type == "message" else f"event: {event.type}\n"
    return f"id: {last_event_id}\n{kind}data: ".encode() + event.frame("envelope", encode_envelope) + b"\n\n"


def encode_opening(last_event_id: str, *, retry_ms: int) -> bytes:
    """What a stream begins with: how long to wait before coming back, and the position, without data.

    A client stores the id and dispatches nothing, so that it resumes exactly even if it drops before its first event.
    Without an id here it would forget where it was: a stream begins with an empty one (9.2.6).
    """
    return f"retry: {retry_ms}\nid: {last_event_id}\n\n".encode()


def encode_control(event_type: str, value: object, *, last_event_id: str | None = None) -> bytes:
    """An event of the server's own (``stream.gap``, ``stream.close``, ``error``); it carries no event id of its own,
    but may move the position (``last_event_id``)."""
    moved = "" if last_event_id is None else f"id: {last_event_id}\n"
    return f"{moved}event: {event_type}\ndata: {encode_json(value)}\n\n".encode()


def encode_retry(retry_ms: int) -> bytes:
    """The reconnection time alone."""
    return f"retry: {retry_ms}\n\n".encode()


def encode_data(value: object) -> bytes:
    """An event of type ``message`` that has no id: ``data`` alone."""
    return f"data: {encode_json(value)}\n\n".encode()
