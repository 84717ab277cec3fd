"""Server-sent events.  Source: WHATWG HTML 9.2."""

import secrets
from dataclasses import asdict

from streams.errors import StreamClosed, StreamsError
from streams.hub import Batch, Position
from streams.wire import sse


class SseFrames:
    """``stream_topic``'s frames as blocks of ``id:``, ``event:`` and ``data:``."""

    technique = "sse"
    content_type = "text/event-stream; charset=utf-8"

    def opening(self, name: str, position: Position, *, retry_ms: int) -> bytes:
        """The reconnection time and, without data, the position; a gap that follows brings its own."""
        return sse.encode_opening(None if position.gap else position.id, retry_ms=retry_ms)

    def batch(self, batch: Batch) -> bytes:
        """Blocks; a comment for a heartbeat."""
        events = batch.joined("sse", sse.encode_event)
        if batch.gap is not None:
            return sse.encode_control("stream.gap", asdict(batch.gap), last_event_id=batch.gap.resumed_at) + events
        return events or sse.HEARTBEAT

    def farewell(self, closed: StreamClosed, *, retry_ms: int) -> bytes:
        """With a time to come back that chance makes a little later for some, so that not all come at once."""
        retry = b""
        if closed.reason.reconnect:
            retry = sse.encode_retry(retry_ms + secrets.randbelow(retry_ms))
        data = {"reason": closed.reason, "reconnect": closed.reason.reconnect}
        return retry + sse.encode_control("stream.close", data)

    def failure(self, error: StreamsError) -> bytes:
        """A control event that moves no position."""
        return sse.encode_control("stream.error", error.as_json())
