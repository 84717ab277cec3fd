"""The two formats. Each writes a cell twice: from a value here, and as an expression that the database evaluates.

Both give the same text, so that a kind of report may choose where its rows are written.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Expression, F

from streams.reports.columns import Column
from streams.reports.sql import Harmless, JsonText, Quoted, TimeText
from streams.wire.event import format_time

RISKY = ("=", "+", "-", "@", "\t", "\n", "\r", "\0")  # what makes a spreadsheet compute a cell, or cut it off
BOM = "\ufeff"


class Format(Protocol):
    """How a table becomes text; a template has a ``%s`` for each column."""

    name: str
    content_type: str
    suffix: str

    def opening(self, columns: Sequence[Column]) -> bytes:
        """What comes before the first row."""
        ...

    def template(self, columns: Sequence[Column]) -> str:
        """Of one row."""
        ...

    def cell(self, column: Column, value: Any) -> str:
        """The text of a value."""
        ...

    def expression(self, column: Column, source: F) -> Expression | F:
        """The text of a database column, as the database writes it."""
        ...

    def closing(self, columns: Sequence[Column], total: int) -> bytes:
        """What comes after the last row, and only then: who does not see it has not got all."""
        ...


def harmless(text: str) -> str:
    """With an apostrophe before what a spreadsheet would take for a formula.  Source: OWASP ASVS 5.0, 1.2.10."""
    return "'" + text if text.startswith(RISKY) else text


def quoted(text: str) -> str:
    """A text as a field of CSV; all are quoted, for looking whether they need it costs more.  Source: RFC 4180 2."""
    return '"' + text.replace('"', '""') + '"'


class CsvFormat:
    """RFC 4180 with a header row and a footer row: ``total: N``, and as many empty fields as make the row whole.

    bom: begin with the mark by which Excel knows UTF-8.
    """

    name, suffix = "csv", "csv"
    content_type = "text/csv; charset=utf-8; header=present"

    def __init__(self, *, bom: bool = False) -> None:
        self._bom = bom

    def opening(self, columns: Sequence[Column]) -> bytes:
        """The header row."""
        return ((BOM if self._bom else "") + ",".join(column.name for column in columns) + "\r\n").encode()

    def template(self, columns: Sequence[Column]) -> str:
        """Cells and commas."""
        return ",".join("%s" for _ in columns) + "\r\n"

    def cell(self, column: Column, value: Any) -> str:
        """Texts are made harmless and quoted; what is no text is written as it is, and nothing as nothing."""
        if column.is_text:
            return quoted(harmless(value or ""))
        return "" if value is None else plain(value)

    def expression(self, column: Column, source: F) -> Expression | F:
        """The same in the database."""
        if column.is_text:
            return Quoted(Harmless(source))
        return TimeText(source) if column.is_time else source

    def closing(self, columns: Sequence[Column], total: int) -> bytes:
        """The footer row."""
        return (f"total: {total}" + "," * (len(columns) - 1) + "\r\n").encode()


class NdjsonFormat:
    """One object a line, and last ``{"done": true, "total": N}``."""

    name, suffix = "ndjson", "ndjson"
    content_type = "application/x-ndjson"

    def opening(self, columns: Sequence[Column]) -> bytes:
        """Nothing: the lines name their values."""
        return b""

    def template(self, columns: Sequence[Column]) -> str:
        """An object whose values are to come."""
        return "{" + ",".join(f'"{column.name}":%s' for column in columns) + "}\n"

    def cell(self, column: Column, value: Any) -> str:
        """A value as JSON; what is JSON goes in as it is."""
        if column.is_json and value is not None:
            return str(value)
        return json.dumps(format_time(value) if isinstance(value, datetime) else value, ensure_ascii=False)

    def expression(self, column: Column, source: F) -> Expression | F:
        """The same in the database."""
        if column.is_json:
            return source
        if column.is_text:
            return JsonText(source)
        return JsonText(TimeText(source)) if column.is_time else source

    def closing(self, columns: Sequence[Column], total: int) -> bytes:
        """The footer."""
        return b'{"done":true,"total":%d}\n' % total


def plain(value: Any) -> str:
    """A time, a flag or a number, as CSV has it."""
    if isinstance(value, datetime):
        return format_time(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_rows(chosen: Format, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows of values, in the order of ``columns``, as their bytes."""
    template = chosen.template(columns)
    lines = (template % tuple(map(chosen.cell, columns, row)) for row in rows)
    return "".join(lines).encode(errors="replace")  # a lone surrogate, from JSON that says \ud800
