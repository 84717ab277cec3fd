"""Which part of a thing is asked for, and whether it is asked for at all.  Source: RFC 9110 13.2.2 and 14.2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.http import http_date, parse_etags, parse_http_date_safe

_RANGE = re.compile(r"(\d*)-(\d*)", re.ASCII)
MAX_DIGITS = 19  # what a 64-bit offset has; more is behind the end of everything


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells one content from another: a strong entity tag, and the second in which it began (since the epoch).

    modified: None as long as that second is not over, for another content may begin in it. So a date that was ever told
    is of one content.  Source: RFC 9110 8.8.2.2.
    """

    etag: str
    modified: int | None

    def as_headers(self) -> dict[str, str]:
        """``ETag`` and ``Last-Modified``."""
        told = {"ETag": self.etag}
        return told if self.modified is None else told | {"Last-Modified": http_date(self.modified)}


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes from ``start`` to before ``end`` of ``size``, and the status that tells so.

    status: 200 the whole, 206 a part, 304 what the client has is good, 412 it is not what the client wanted, 416 there
    is no such part. The last three have no bytes.
    """

    status: int
    start: int
    end: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        return self.end - self.start

    def as_headers(self) -> dict[str, str]:
        """``Content-Range`` where the status wants it, ``Content-Length`` where there is a body."""
        if self.status == 416:
            return {"Content-Range": f"bytes */{self.size}"}
        if self.status == 206:
            span = f"bytes {self.start}-{self.end - 1}/{self.size}"
            return {"Content-Range": span, "Content-Length": str(self.length)}
        return {"Content-Length": str(self.length)} if self.status == 200 else {}


def asked_part(method: str, headers: Mapping[str, str], validators: Validators, size: int) -> Part:
    """The part of ``size`` bytes that a request asks for. A range counts for GET only, and only one of them.

    A list of ranges, a unit other than bytes and what makes no sense get the whole: RFC 9110 14.2 allows it, and many
    small ranges of one thing are an attack more often than a wish.
    """
    if status := _precondition(method, headers, validators):
        return Part(status, 0, 0, size)
    whole = Part(200, 0, size, size)
    if method != "GET" or not _range_holds(headers.get("If-Range"), validators):
        return whole
    return _range(headers.get("Range", ""), whole)


def _precondition(method: str, headers: Mapping[str, str], validators: Validators) -> int | None:
    """304 or 412 where a condition fails, in the order of RFC 9110 13.2.2."""
    if (matching := headers.get("If-Match")) is not None:
        if not _matches(matching, validators.etag, weak=False):
            return 412
    elif _modified_since(headers.get("If-Unmodified-Since"), validators) is True:
        return 412
    seen = 304 if method in ("GET", "HEAD") else 412
    if (known := headers.get("If-None-Match")) is not None:
        return seen if _matches(known, validators.etag, weak=True) else None
    unmodified = _modified_since(headers.get("If-Modified-Since"), validators) is False
    return 304 if unmodified and seen == 304 else None


def _modified_since(date: str | None, validators: Validators) -> bool | None:
    """None where there is no date to compare."""
    since = _date(date)
    return None if since is None or validators.modified is None else validators.modified > since


def _date(text: str | None) -> int | None:
    return None if text is None else parse_http_date_safe(text)


def _matches(listed: str, etag: str, *, weak: bool) -> bool:
    if listed.strip() == "*":
        return True
    tags = parse_etags(listed)
    return etag in tags or (weak and f"W/{etag}" in tags)


def _range_holds(condition: str | None, validators: Validators) -> bool:
    """Whether the part that the client has is of this content: by the same strong tag, or by exactly the same date."""
    if condition is None:
        return True
    condition = condition.strip()
    date = _date(condition)
    return condition == validators.etag or (date is not None and date == validators.modified)


def _range(header: str, whole: Part) -> Part:
    unit, equals, wanted = header.partition("=")
    found = _RANGE.fullmatch(wanted.strip()) if equals and unit.strip().lower() == "bytes" else None
    if found is None or whole.size == 0 or found[0] == "-":
        return whole
    first, last = (int(text[: MAX_DIGITS + 1]) if text else None for text in found.groups())
    if first is None:
        start, end = max(0, whole.size - (last or 0)), whole.size
    else:
        if last is not None and last < first:
            return whole
        start, end = first, whole.size if last is None else min(last + 1, whole.size)
    if start >= whole.size:
        return Part(416, 0, 0, whole.size)
    return Part(206, start, end, whole.size)
