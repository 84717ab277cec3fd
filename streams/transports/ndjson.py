"""HTTP streaming: an envelope a line, for programs.  Source: github.com/ndjson/ndjson-spec."""

from collections.abc import Mapping
from dataclasses import asdict

from streams.errors import StreamClosed, StreamsError
from streams.hub import Batch, Position
from streams.logs import error_with_id
from streams.wire.control import encode_control, encode_opening
from streams.wire.event import LogEvent, encode_envelope

HEARTBEAT = b"\n"


def _line(event: LogEvent) -> bytes:
    return event.frame("envelope", encode_envelope) + b"\n"


class NdjsonFrames:
    """``stream_topics``' frames as lines of JSON; the server's own are envelopes without an id."""

    technique = "ndjson"
    content_type = "application/x-ndjson"

    def __init__(self, *, one: bool) -> None:
        self._one = one

    def opening(self, positions: Mapping[str, Position], *, retry_ms: int) -> bytes:
        """``stream.open`` with the position and the time to wait before coming back."""
        ids = {name: position.resume_id for name, position in positions.items()}
        return encode_opening(ids, one=self._one, retry_ms=retry_ms) + b"\n"

    def batch(self, batch: Batch) -> bytes:
        """Lines; a blank one for a heartbeat."""
        if batch.notice is not None:
            return encode_control("stream.notice", {"text": batch.notice}) + b"\n"
        events = batch.joined("ndjson", _line)
        if batch.gap is not None:
            return encode_control("stream.gap", asdict(batch.gap), topic=batch.topic) + b"\n" + events
        return events or HEARTBEAT

    def farewell(self, closed: StreamClosed, *, retry_ms: int) -> bytes:
        """``stream.close``; a program waits by its own rules."""
        return encode_control("stream.close", closed.told()) + b"\n"

    def failure(self, error: StreamsError) -> bytes:
        """``stream.error``."""
        return encode_control("stream.error", error_with_id(error)) + b"\n"
