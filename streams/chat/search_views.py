"""``GET /rooms/<slug>/search`` and ``GET /search``: what was said, as JSON."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase

from streams.chat.history_views import answered, read_number
from streams.chat.rooms import readable_rooms, room_to_read
from streams.chat.search import search
from streams.http.errors import answers_errors
from streams.publishing import identify


@answers_errors
async def room_search(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``?q=``, and ``before`` a place: what was said in one room, as ``search.search``."""
    text, given = request.GET.get("q", ""), request.GET.get("before")
    before = None if given is None else read_number("before", given)

    def read() -> dict[str, Any]:
        who = identify(request.user, request.session, request.headers)
        return search([room_to_read(who, slug)], text, before=before)

    return await answered(request, read)


@answers_errors
async def search_everywhere(request: HttpRequest) -> HttpResponseBase:
    """``?q=``: the newest that was said in all rooms that one may read."""
    text = request.GET.get("q", "")

    def read() -> dict[str, Any]:
        who = identify(request.user, request.session, request.headers)
        return search(readable_rooms(who), text)

    return await answered(request, read)
