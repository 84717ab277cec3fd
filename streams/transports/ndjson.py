"""HTTP streaming: an envelope a line, for programs.  Source: github.com/ndjson/ndjson-spec."""

from dataclasses import asdict
from typing import Any

from streams.errors import StreamClosed, StreamsError
from streams.hub import Batch, Position
from streams.wire.event import LogEvent, encode_envelope
from streams.wire.jsontext import encode_json

HEARTBEAT = b"\n"


def _line(event: LogEvent) -> bytes:
    return event.frame("envelope", encode_envelope) + b"\n"


def _control(event_type: str, data: dict[str, Any], **more: str) -> bytes:
    return encode_json({"type": event_type, **more, "data": data}).encode() + b"\n"


class NdjsonFrames:
    """``stream_topic``'s frames as lines of JSON; the server's own are envelopes without an id."""

    technique = "ndjson"
    content_type = "application/x-ndjson"

    def opening(self, name: str, position: Position, *, retry_ms: int) -> bytes:
        """``stream.open`` with the position and the time to wait before coming back."""
        return _control("stream.open", {"last_event_id": position.id, "retry_ms": retry_ms}, topic=name)

    def batch(self, batch: Batch) -> bytes:
        """Lines; a blank one for a heartbeat."""
        events = batch.joined("ndjson", _line)
        if batch.gap is not None:
            return _control("stream.gap", asdict(batch.gap)) + events
        return events or HEARTBEAT

    def farewell(self, closed: StreamClosed, *, retry_ms: int) -> bytes:
        """``stream.close``; a program waits by its own rules."""
        return _control("stream.close", {"reason": closed.reason, "reconnect": closed.reason.reconnect})

    def failure(self, error: StreamsError) -> bytes:
        """``stream.error``."""
        return _control("stream.error", error.as_json())
