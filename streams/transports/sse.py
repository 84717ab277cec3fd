"""Server-sent events.  Source: WHATWG HTML 9.2."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from streams.errors import LimitReached, StreamClosed, StreamsError
from streams.hub import Batch, Position
from streams.logs import error_with_id
from streams.wire import sse
from streams.wire.last_event_id import UNTOLD, Wish, join_ids


class SseFrames:
    """``stream_topics``' frames for one topic: blocks of ``id:``, ``event:`` and ``data:``.

    A stream begins with an empty id. One that ends before its opening says the position that was ``asked`` for again,
    or the client would forget it.
    """

    technique = "sse"
    content_type = "text/event-stream; charset=utf-8"

    def __init__(self, asked: Iterable[Wish]) -> None:
        self._asked: list[str] | None = [_fit(wish.text) for wish in asked]

    def _kept(self) -> str | None:
        """What the client came with, as long as it was told nothing else."""
        return join_ids(self._asked) if self._asked is not None and any(self._asked) else None

    def opening(self, positions: Mapping[str, Position], *, retry_ms: int) -> bytes:
        """The reconnection time and, without data, the position, from which a gap that follows is still to be told."""
        self._asked = None
        (position,) = positions.values()
        return sse.encode_opening(_fit(position.resume_id), retry_ms=retry_ms)

    def batch(self, batch: Batch) -> bytes:
        """Blocks; a comment for a heartbeat."""
        if batch.notice is not None:
            return self._control("stream.notice", {"text": batch.notice}, None)
        events = batch.joined("sse", sse.encode_event)
        if batch.gap is not None:
            return sse.encode_control("stream.gap", asdict(batch.gap), last_event_id=batch.gap.resumed_at) + events
        return events or sse.HEARTBEAT

    def farewell(self, closed: StreamClosed, *, retry_ms: int) -> bytes:
        """``stream.close``, with a time to come back."""
        return _retry(closed, retry_ms) + self._control("stream.close", closed.told(), self._kept())

    def failure(self, error: StreamsError) -> bytes:
        """A control event that moves no position; where a limit is reached, with a time to come back."""
        retry = sse.encode_retry(round(error.retry_after_s * 1000)) if isinstance(error, LimitReached) else b""
        return self._control("stream.error", error_with_id(error), self._kept()) + retry

    def _control(self, event_type: str, data: Mapping[str, object], last_event_id: str | None, **_: str) -> bytes:
        return sse.encode_control(event_type, data, last_event_id=last_event_id)


class SseFramesOfMany(SseFrames):
    """The same for several topics: data is an envelope always, and ids are the joint position."""

    def __init__(self, asked: Iterable[Wish]) -> None:
        super().__init__(asked)
        self._ids: dict[str, str] = {}

    def opening(self, positions: Mapping[str, Position], *, retry_ms: int) -> bytes:
        """The reconnection time and the joint position, in which a gap that follows is still to be told."""
        self._asked = None
        for name, position in positions.items():
            self._ids[name] = _fit(position.resume_id)
        return sse.encode_opening(self._joint(), retry_ms=retry_ms)

    def _joint(self) -> str:
        return join_ids(self._ids.values())

    def batch(self, batch: Batch) -> bytes:
        """Blocks; a comment for a heartbeat."""
        if batch.notice is not None:
            return self._control("stream.notice", {"text": batch.notice}, None)
        frames = []
        if batch.gap is not None:
            self._ids[batch.topic] = batch.gap.resumed_at
            frames.append(self._control("stream.gap", asdict(batch.gap), self._joint(), topic=batch.topic))
        for event in batch.events:
            self._ids[batch.topic] = event.id
            frames.append(sse.encode_event_of_many(event, self._joint()))
        return b"".join(frames) or sse.HEARTBEAT

    def _control(self, event_type: str, data: Mapping[str, object], last_event_id: str | None, **more: str) -> bytes:
        told = {"type": event_type, **more, "data": data}
        return sse.encode_control(event_type, told, last_event_id=last_event_id)


def _fit(resume_id: str) -> str:
    """What stands in a line and in the header of a client that comes back: what somebody asked for may be anything."""
    return resume_id if resume_id.isascii() and resume_id.isprintable() else UNTOLD


def _retry(closed: StreamClosed, retry_ms: int) -> bytes:
    """The time to come back, which chance makes a little later for some, so that not all come at once."""
    return sse.encode_retry(retry_ms + secrets.randbelow(retry_ms)) if closed.reason.reconnect else b""
