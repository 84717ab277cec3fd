"""Which technique a request asks for.  Source: RFC 9110 12.5.1."""

from enum import StrEnum

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest

from streams.errors import InvalidInput, NotAcceptable


class Technique(StrEnum):
    """What ``/events/<topic>`` can answer with; PAGE is for a person's address bar."""

    SSE = "text/event-stream"
    NDJSON = "application/x-ndjson"
    LONG_POLL = "application/json"
    PAGE = "text/html"


OFFERED = f"{Technique.SSE}, {Technique.NDJSON}, {Technique.LONG_POLL}"
BY_NAME = {"sse": Technique.SSE, "ndjson": Technique.NDJSON, "poll": Technique.LONG_POLL}  # ?transport=


def _ranges(accept: str) -> dict[str, tuple[float, int]]:
    """By media range its quality, and its place in the header."""
    ranges: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(accept.split(",")):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        ranges.setdefault(media, (quality, place))
    return ranges


def _best(accept: str) -> Technique | None:
    """The technique of highest quality; the range that names it most closely says which it is of.

    Among equals the first in the header wins, and then the order of the techniques.
    """
    ranges, best, rank = _ranges(accept), None, (0.0, 0)
    for technique in Technique:
        closest = (technique, f"{technique.partition('/')[0]}/*", "*/*")
        quality, place = next((ranges[media] for media in closest if media in ranges), (0.0, 0))
        if quality > 0 and (best is None or (quality, -place) > rank):
            best, rank = technique, (quality, -place)
    return best


def negotiate(request: HttpRequest) -> Technique:
    """The technique of highest quality, the first named among equals; ``*/*`` and no header mean SSE.

    ``?transport=`` wins, for those who can't set a header. Raises NotAcceptable or InvalidInput, which name what there
    is.
    """
    try:
        name = request.GET.get("transport")
    except TooManyFieldsSent:  # Django would answer with a page, and log a traceback
        raise InvalidInput(f"the query has too many fields (limit {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS})") from None
    if name is not None:
        if name not in BY_NAME:
            raise InvalidInput(f"no transport {name!r:.60} (there are: {', '.join(BY_NAME)})")
        return BY_NAME[name]
    accept = request.headers.get("Accept", "").strip()
    if not accept:
        return Technique.SSE
    if technique := _best(accept):
        return technique
    raise NotAcceptable(f"nothing here fits Accept: {accept:.200} (there are: {OFFERED})")
