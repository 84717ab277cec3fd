"""What is asked for: each parameter is known by name and checked, or refused with what there is.

An empty parameter counts as none: that is how a form sends a field which was left empty.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest

from streams.errors import InvalidInput
from streams.reports.columns import Column
from streams.reports.formats import CsvFormat, Format, NdjsonFormat
from streams.reports.kinds import DEFAULT, KINDS
from streams.reports.report import Filter, Kind, Wanted
from streams.wire.names import check_topic_name

FORMATS = ("csv", "ndjson")
COMMON = ("kind", "format", "columns", "bom")
MAX_TYPES = 20
MAX_TYPE_CHARS = 128
_LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")  # a plus that was not escaped arrives as a space

Fields = dict[str, list[str]]


def asked_for(request: HttpRequest) -> tuple[Kind, Wanted, Format]:
    """The report that the query names; raises InvalidInput, InvalidTopicName, which name the value."""
    fields = _fields(request)
    kind = KINDS[_one_of("kind", _one(fields, "kind", DEFAULT.name), KINDS)]
    known = (*COMMON, *kind.filters)
    for name in fields:
        if name not in known:
            raise InvalidInput(f"{name!r:.60} is no parameter of a report of {kind.name} (there are: {_list(known)})")
    since, until = _time(fields, Filter.FROM), _time(fields, Filter.TO)
    if since is not None and until is not None and since >= until:
        raise InvalidInput(f"from {since.isoformat()} is not before to {until.isoformat()}")
    wanted = Wanted(_subject(kind, fields), _columns(kind, fields), since, until, _types(fields))
    return kind, wanted, _format(fields)


def _fields(request: HttpRequest) -> Fields:
    try:
        query = request.GET
    except TooManyFieldsSent:  # Django would answer with a page, and log a traceback
        limit = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        raise InvalidInput(f"the query has too many fields (limit {limit})") from None
    fields = {name: [value for value in values if value] for name, values in query.lists()}
    return {name: values for name, values in fields.items() if values}


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _one(fields: Fields, name: str, default: str = "") -> str:
    values = fields.get(name, [default])
    if len(values) > 1:
        raise InvalidInput(f"{name} is given {len(values)} times (once is enough)")
    return values[0]


def _one_of(name: str, value: str, known: Iterable[str]) -> str:
    if value not in known:
        raise InvalidInput(f"no {name} {value!r:.60} (there are: {_list(known)})")
    return value


def _subject(kind: Kind, fields: Fields) -> str:
    if kind.needs is None:
        return ""
    value = _one(fields, kind.needs)
    if not value:
        raise InvalidInput(f"a report of {kind.name} needs a {kind.needs}: ?{kind.needs}=…")
    check_topic_name(value if kind.needs is Filter.TOPIC else f"room:{value}")
    return value


def _columns(kind: Kind, fields: Fields) -> tuple[Column, ...]:
    """``columns=a,b`` or ``columns=a&columns=b``, in that order."""
    names = [name for value in fields.get("columns", []) for name in value.split(",")]
    known = {column.name: column for column in kind.columns}
    chosen = tuple(known[_one_of("column", name, known)] for name in names)
    if len(set(chosen)) < len(chosen):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"column {twice!r} is asked for twice")
    return chosen or kind.preset


def _time(fields: Fields, name: Filter) -> datetime | None:
    text = _one(fields, name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub("+", text))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput(f"{name} is {text!r:.60} (a time with its offset, such as 2026-11-23T04:43:00Z)")


def _types(fields: Fields) -> tuple[str, ...]:
    types = tuple(fields.get(Filter.TYPE, ()))
    if len(types) > MAX_TYPES:
        raise InvalidInput(f"{len(types)} types are asked for (limit {MAX_TYPES})")
    for one in types:
        if len(one) > MAX_TYPE_CHARS or "\0" in one:
            raise InvalidInput(f"no event has the type {one!r:.60} (up to {MAX_TYPE_CHARS} characters, none U+0000)")
    return types


def _format(fields: Fields) -> Format:
    name = _one_of("format", _one(fields, "format", FORMATS[0]), FORMATS)
    bom = _one_of("bom", _one(fields, "bom", "0"), ("0", "1")) == "1"
    if name == "csv":
        return CsvFormat(bom=bom)
    if bom:
        raise InvalidInput("bom is for format csv: NDJSON has none")
    return NdjsonFormat()
