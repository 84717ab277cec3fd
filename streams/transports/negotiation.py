"""Which technique a request asks for.  Source: RFC 9110 12.5.1."""

from dataclasses import dataclass
from enum import StrEnum

from django.http import HttpRequest

from streams.errors import NotAcceptable


class Technique(StrEnum):
    """What ``/events/<topic>`` can answer with; PAGE is for a person's address bar."""

    SSE = "text/event-stream"
    NDJSON = "application/x-ndjson"
    LONG_POLL = "application/json"
    PAGE = "text/html"


OFFERED = f"{Technique.SSE}, {Technique.NDJSON}, {Technique.LONG_POLL}"


@dataclass(frozen=True, slots=True)
class _Range:
    media: str
    quality: float


def _ranges(accept: str) -> list[_Range]:
    ranges = []
    for part in accept.split(","):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        if media and quality > 0:
            ranges.append(_Range(media, quality))
    return sorted(ranges, key=lambda one: -one.quality)


def negotiate(request: HttpRequest) -> Technique:
    """The technique of highest quality, the first named among equals; ``*/*`` and no header mean SSE.

    Raises NotAcceptable, which names what there is.
    """
    accept = request.headers.get("Accept", "").strip()
    if not accept:
        return Technique.SSE
    for one in _ranges(accept):
        if one.media in ("*/*", "text/*"):
            return Technique.SSE
        if one.media in list(Technique):
            return Technique(one.media)
    raise NotAcceptable(f"nothing here fits Accept: {accept:.200} (there are: {OFFERED})")
