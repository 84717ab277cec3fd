"""The event as a value, before and after the log, and its envelope.

An envelope is the event as a client sees it:
``{"id": "…", "topic": "orders", "type": "order_update", "data": <any JSON>, "time": "2026-11-23T04:43:00.123Z"}``.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import dumps

from streams.errors import InvalidEvent, TooLarge

MAX_TYPE_CHARS = 128
MAX_KEY_CHARS = 128
RESERVED = "stream."
_NO_TYPE = ("Cc", "Cs", "Zl", "Zp")  # control characters, lone surrogates, line and paragraph separators


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is about to be appended: ``data`` is JSON text on one line, ``key`` makes it idempotent."""

    data: str
    type: str = "message"
    key: str | None = None


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An event of the log. ``frames`` keeps what each encoder made of it: it is encoded once for all readers."""

    topic: str
    epoch: str
    seq: int
    type: str
    data: str
    created_at: datetime
    key: str | None = None
    frames: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def id(self) -> str:
        """``<epoch>-<seq>``: opaque to clients."""
        return event_id(self.epoch, self.seq)

    def frame(self, name: str, encode: Callable[["LogEvent"], bytes]) -> bytes:
        """The bytes of this event in the technique ``name``; made by ``encode`` the first time."""
        frame = self.frames.get(name)
        if frame is None:
            frame = self.frames[name] = encode(self)
        return frame


def event_id(epoch: str, seq: int) -> str:
    """The id of an event, and the position of a reader that has seen it."""
    return f"{epoch}-{seq}"


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encode_envelope(event: LogEvent) -> bytes:
    """One line of JSON; the data goes in as the text that was stored."""
    head = f'{{"id":"{event.id}","topic":"{event.topic}","type":{dumps(event.type, ensure_ascii=False)},"data":'
    return f'{head}{event.data},"time":"{format_time(event.created_at)}"}}'.encode()


def _check_word(what: str, word: object, limit: int) -> str:
    if not isinstance(word, str) or not word:
        raise InvalidEvent(f"{what} must be a string that is not empty, not {word!r:.60}")
    if len(word) > limit:
        raise InvalidEvent(f"{what} has {len(word)} characters (limit {limit})")
    for character in word:
        if unicodedata.category(character) in _NO_TYPE:
            raise InvalidEvent(f"{what} holds the character U+{ord(character):04X}, which is not allowed there")
    return word


def check_type(event_type: object) -> str:
    """A type that every technique can carry; raises InvalidEvent. ``stream.`` is the server's own."""
    event_type = _check_word("event type", event_type, MAX_TYPE_CHARS)
    if event_type.startswith(RESERVED):
        raise InvalidEvent(f"event type {event_type!r} begins with {RESERVED!r}, which is the server's own")
    return event_type


def check_key(key: object) -> str | None:
    """An idempotency key, or None; raises InvalidEvent."""
    return None if key is None else _check_word("idempotency key", key, MAX_KEY_CHARS)


def check_data(data: str, *, max_bytes: int) -> str:
    """``data`` itself; raises TooLarge telling the limit and the size."""
    size = len(data.encode())
    if size > max_bytes:
        raise TooLarge(f"event data has {size} bytes (limit {max_bytes})")
    return data
