"""The pages of rooms, their history as JSON, and ``POST /chat``."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render

from streams.chat.model import describe_model
from streams.chat.rooms import history, readable_rooms, room_to_read
from streams.conf import get_settings, guests_allowed
from streams.errors import InvalidInput, NoSuchTopic, NotSignedIn
from streams.http.errors import answers_errors, page_not_found
from streams.hub import current_hub
from streams.publishing import identify, welcome_guest

HOME = "lobby"


def room_page(request: HttpRequest, slug: str = HOME) -> HttpResponseBase:
    """A room with its newest history; who may not read is asked to sign in."""
    if guests_allowed() and not request.user.is_authenticated:
        welcome_guest(request.session)
    who = identify(request.user, request.session, {})
    context: dict[str, Any] = {
        "rooms": readable_rooms(who),
        "room": None,
        "snapshot": None,
        "viewer": who.as_author() if who.known else None,
        "model": describe_model(),
        "max_message_chars": get_settings().max_message_chars,
    }
    try:
        context["room"] = room_to_read(who, slug)
        context["snapshot"] = history(context["room"])
    except NotSignedIn:
        pass
    except NoSuchTopic as error:
        return page_not_found(request, error)
    return render(request, "streams/chat/room.html", context)


@answers_errors
async def room_history(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``GET /rooms/<slug>/history?before=<seq>``: a page of history as ``rooms.history`` gives it."""
    before = request.GET.get("before")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise InvalidInput(f"before must be a sequence number, not {before!r:.60}")

    def read() -> dict[str, Any]:
        who = identify(request.user, request.session, request.headers)
        return history(room_to_read(who, slug), before=None if before is None else int(before))

    hub = await current_hub()
    response = JsonResponse(await hub.gateway.run(read))
    response.headers["Cache-Control"] = "no-store"
    return response
