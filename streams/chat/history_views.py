"""What was said in a room, as JSON: pages of its history, and one answer as it stands."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from streams.chat.history import Wanted, answer, history
from streams.chat.presence import present_in
from streams.chat.rooms import room_to_read
from streams.errors import InvalidInput, MethodNotAllowed
from streams.http.errors import answers_errors
from streams.hub import current_hub
from streams.publishing import identify

PLACES = ("before", "after", "around")
MAX_DIGITS = 18


@answers_errors
async def room_history(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``GET /rooms/<slug>/history``, with ``before``, ``after`` or ``around`` a number: as ``history.history``."""
    places = read_places(request)

    def read() -> dict[str, Any]:
        who = identify(request.user, request.session, request.headers)
        page = history(room_to_read(who, slug), Wanted(**places), who=who)
        return page if places else page | {"present": present_in(slug)}

    return await answered(request, read)


@answers_errors
async def room_answer(request: HttpRequest, slug: str, generation: UUID) -> HttpResponseBase:
    """``GET /rooms/<slug>/answers/<generation>``: one version of an answer, as it stands."""

    def read() -> dict[str, Any]:
        who = identify(request.user, request.session, request.headers)
        return answer(room_to_read(who, slug), generation)

    return await answered(request, read)


async def answered(request: HttpRequest, read: Callable[[], dict[str, Any]]) -> JsonResponse:
    """What ``read`` answers, which touches the database, as JSON that nobody keeps."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow="GET, HEAD")
    hub = await current_hub()
    response = JsonResponse(await hub.gateway.run(read))
    response.headers["Cache-Control"] = "no-store"
    return response


def read_places(request: HttpRequest) -> dict[str, int]:
    """The place that the query names, by its name; raises InvalidInput for more than one, and for what is no number."""
    given = [name for name in PLACES if name in request.GET]
    if len(given) > 1:
        raise InvalidInput(f"{' and '.join(given)} can't be asked for together")
    return {name: read_number(name, request.GET[name]) for name in given}


def read_number(name: str, text: str) -> int:
    """A sequence number; raises InvalidInput naming the parameter."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidInput(f"{name} must be a sequence number, not {text!r:.60}")
    return int(text)
