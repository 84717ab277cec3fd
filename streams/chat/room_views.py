"""``/rooms``: GET lists the rooms that one may read, POST makes one; both in JSON."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from streams.chat.listing import list_rooms
from streams.chat.making import direct_room, make_room
from streams.connections import current_peer
from streams.errors import InvalidInput, MethodNotAllowed, TooLarge, UnsupportedMediaType
from streams.http.errors import answers_errors, wants_page
from streams.hub import Hub, current_hub
from streams.models import Room, RoomKind
from streams.publishing import Identity, allowances, identify
from streams.wire.jsontext import decode_json

METHODS = "GET, HEAD, POST, OPTIONS"
FIELDS = {"title", "description", "kind", "slug", "members"}


@answers_errors
async def rooms(request: HttpRequest) -> HttpResponseBase:
    """GET and HEAD list, POST makes; a person's browser is led to the page."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": METHODS})
    hub = await current_hub()
    if request.method == "POST":
        return await _make(request, hub)
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=METHODS)
    if wants_page(request):
        return HttpResponseRedirect(reverse("chat"), status=303)
    who = await hub.gateway.run(identify, request.user, request.session, request.headers)
    return _json({"rooms": await hub.gateway.run(list_rooms, who)})


async def _make(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    given = _given(request, hub)
    hub.check_open()
    who = await hub.gateway.run(identify, request.user, request.session, request.headers)
    allowances(hub).messages.take(who.account(current_peer().address))
    room, made = await hub.gateway.run(_made, who, given)
    told = {
        "slug": room.slug,
        "title": room.title,
        "description": room.description,
        "kind": room.kind,
        "topic": f"room:{room.slug}",
        "url": reverse("room", args=[room.slug]),
    }
    return _json(told, status=201 if made else 200, headers={"Location": told["url"]})


def _given(request: HttpRequest, hub: Hub) -> dict[str, Any]:
    """The object of the body. Raises UnsupportedMediaType, TooLarge, InvalidInput."""
    if request.content_type != "application/json":
        raise UnsupportedMediaType(f"Content-Type {request.content_type!r:.100} is not read here (application/json)")
    if len(request.body) > (limit := hub.settings.max_event_bytes):
        raise TooLarge(f"the body has {len(request.body)} bytes (limit {limit})")
    given = decode_json(request.body, max_depth=hub.settings.max_json_depth)
    if not isinstance(given, dict):
        raise InvalidInput(f"a room is an object with a title, not {type(given).__name__}")
    fields = {"kind", "with"} if given.get("kind") == RoomKind.DIRECT else FIELDS
    if unknown := sorted(given.keys() - fields):
        raise InvalidInput(f"such a room has no field {unknown[0]!r:.60} ({', '.join(sorted(fields))})")
    return given


def _made(who: Identity, given: dict[str, Any]) -> tuple[Room, bool]:
    if given.get("kind") == RoomKind.DIRECT:
        return direct_room(who, given.get("with"))
    return make_room(who, **({"title": None} | given)), True


def _json(answer: dict[str, Any], **more: Any) -> JsonResponse:
    headers = {"Cache-Control": "no-store", "Vary": "Accept"} | more.pop("headers", {})
    return JsonResponse(answer, headers=headers, **more)
