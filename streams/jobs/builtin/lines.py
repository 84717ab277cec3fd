"""A file of events, read as it is told: NDJSON, an event a line, or CSV, whose first row names the fields. Sync.

Every item says up to which line it reaches, so that a job can go on behind a line; a bad one says what is wrong.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from streams.conf import get_settings
from streams.errors import InvalidEvent, InvalidInput, StreamsError, TooLarge
from streams.publishing import new_event
from streams.wire.event import NewEvent
from streams.wire.jsontext import decode_json

PIECE = 1_048_576
CSV_SUFFIX = ".csv"


@dataclass(frozen=True, slots=True)
class Item:
    """One event, or why there is none. line: where it begins; last: the last line of it."""

    line: int
    last: int
    event: NewEvent | StreamsError


@dataclass(frozen=True, slots=True)
class Shape:
    """How lines become events: of ``event_type``; with ``envelopes`` the type and data are those of the line."""

    event_type: str
    envelopes: bool
    key: str  # <key>/<line>

    def event(self, value: Any, line: int) -> NewEvent:
        """The event of a line; raises InvalidEvent, InvalidJSON, TooLarge."""
        event_type, data = self.event_type, value
        if self.envelopes:
            if not isinstance(value, dict) or "data" not in value:
                raise InvalidEvent("no envelope: an object with type and data")
            event_type, data = value.get("type", "message"), value["data"]
        return new_event(data, type=event_type, key=f"{self.key}/{line}")


def count_lines(source: IO[bytes]) -> int:
    """How many lines there are; one that the end cuts off counts."""
    lines, last = 0, b"\n"
    while piece := source.read(PIECE):
        lines += piece.count(b"\n")
        last = piece[-1:]
    return lines + (last != b"\n")


def items(source: IO[bytes], name: str, shape: Shape) -> Iterator[Item]:
    """The items of a file, from its beginning. Raises InvalidInput for a CSV without a header."""
    return _csv_items(source, shape) if name.lower().endswith(CSV_SUFFIX) else _ndjson_items(source, shape)


def _ndjson_items(source: IO[bytes], shape: Shape) -> Iterator[Item]:
    settings = get_settings()
    for line, text in _texts(source):
        if isinstance(text, TooLarge):
            yield Item(line, line, text)
        elif text.strip():
            try:
                yield Item(line, line, shape.event(decode_json(text, max_depth=settings.max_json_depth), line))
            except StreamsError as error:
                yield Item(line, line, error)


class _Decoded:
    """The lines as text, for the reader of CSV, which may take several for a row.

    reached: the last line that was taken; broken: whether one since the last ``begin`` can't be a part of any event.
    """

    def __init__(self, source: IO[bytes]) -> None:
        self._texts = _texts(source)
        self.reached, self.broken = 0, False

    def begin(self) -> int:
        """A row begins; its first line."""
        self.broken = False
        return self.reached + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.reached, text = next(self._texts)
        try:
            if not isinstance(text, TooLarge):
                return text.decode()
        except UnicodeDecodeError:
            pass
        self.broken = True
        return "\n"


def _csv_items(source: IO[bytes], shape: Shape) -> Iterator[Item]:
    """Rows as objects of strings by the names of the header; a row of another length is bad."""
    lines = _Decoded(source)
    rows = csv.reader(lines, strict=True)
    header = _header(rows)
    while True:
        line = lines.begin()
        try:
            row = next(rows)
            if row or lines.broken:
                yield Item(line, lines.reached, _csv_event(row, header, shape, line, broken=lines.broken))
        except StopIteration:
            return
        except csv.Error as error:
            yield Item(line, lines.reached, InvalidEvent(f"no CSV: {error}"))


def _csv_event(row: list[str], header: list[str], shape: Shape, line: int, *, broken: bool) -> NewEvent | StreamsError:
    if broken:
        return InvalidEvent("the row is no UTF-8, or longer than an event may be")
    if len(row) != len(header):
        return InvalidEvent(f"it has {len(row)} of the {len(header)} fields of the header")
    try:
        return shape.event(dict(zip(header, row, strict=True)), line)
    except StreamsError as error:
        return error


def _header(rows: Iterator[list[str]]) -> list[str]:
    header = [name.strip().removeprefix("\ufeff") for name in next(rows, [])]
    if not any(header):
        raise InvalidInput("the first row of a CSV file must name its fields")
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise InvalidInput(f"the first row names the field {twice!r:.60} twice")
    return header


def _texts(source: IO[bytes]) -> Iterator[tuple[int, bytes | TooLarge]]:
    """The lines by their numbers, from 1; one that is longer than any event may be is not kept in memory."""
    limit = 2 * get_settings().max_event_bytes
    line = 0
    while text := source.readline(limit):
        line += 1
        if len(text) == limit and not text.endswith(b"\n"):
            while (rest := source.readline(limit)) and not rest.endswith(b"\n"):
                pass
            yield line, TooLarge(f"a line of more than {limit} bytes")
        else:
            yield line, text
