"""A reader of server-sent events that follows the letter of the standard.  Source: WHATWG HTML 9.2.5 and 9.2.6."""

import codecs
import json
import re
from dataclasses import dataclass
from typing import Any

_LINE_END = re.compile("\r\n|\r|\n")  # and nothing else: str.splitlines() ends lines at U+0085 and U+2028 too


@dataclass(frozen=True, slots=True)
class Message:
    """What a browser would dispatch: ``event.type``, ``event.data``, ``event.lastEventId``."""

    type: str
    data: str
    last_event_id: str

    @property
    def json(self) -> Any:
        """The data, read as JSON."""
        return json.loads(self.data)


class EventSourceParser:
    """Bytes to messages, in whatever pieces they come.

    last_event_id: what a browser would send when it reconnects; retry_ms: how long it would wait before; comments: the
    text of every comment line, heartbeats among them.
    """

    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self.comments: list[str] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._begun = False
        self._after_cr = False  # a LF that comes now belongs to the line end before it
        self._rest = ""
        self._type, self._data, self._id = "", "", ""

    def feed(self, chunk: bytes) -> list[Message]:
        """The messages that ``chunk`` completes. A block without its blank line waits, and is lost with the stream."""
        text = self._decoder.decode(chunk)
        if not text:
            return []
        if not self._begun:
            self._begun = True
            text = text.removeprefix("\ufeff")
        if self._after_cr:
            text = text.removeprefix("\n")
        self._after_cr = text.endswith("\r")
        *lines, self._rest = _LINE_END.split(self._rest + text)
        return [message for line in lines if (message := self._line(line)) is not None]

    def _line(self, line: str) -> Message | None:
        if not line:
            return self._dispatch()
        if line.startswith(":"):
            self.comments.append(line[1:])
            return None
        field, _, value = line.partition(":")
        self._field(field, value.removeprefix(" "))
        return None

    def _field(self, field: str, value: str) -> None:
        if field == "event":
            self._type = value
        elif field == "data":
            self._data += value + "\n"
        elif field == "id" and "\0" not in value:
            self._id = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            self.retry_ms = int(value)

    def _dispatch(self) -> Message | None:
        """The end of a block: the id counts even without data, but without data nothing is dispatched."""
        self.last_event_id = self._id
        event_type, data = self._type or "message", self._data
        self._type, self._data = "", ""
        return Message(event_type, data[:-1], self._id) if data else None


def parse(stream: bytes) -> list[Message]:
    """All messages of a whole stream."""
    return EventSourceParser().feed(stream)
