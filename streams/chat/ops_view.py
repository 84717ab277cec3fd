"""``POST /rooms/<slug>/ops``: one operation of a room, for those who have no socket.

{"op": "…", …}  -> 200 with what the ack has
a refused one   -> its status, and {"error": {…}}
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from streams.chat.here import Here, Operation
from streams.chat.model import current_runner
from streams.chat.operations import OPERATIONS
from streams.chat.rooms import room_to_read
from streams.connections import current_peer, registry
from streams.errors import InvalidInput, MethodNotAllowed, TooLarge, UnsupportedMediaType
from streams.http.errors import answers_errors
from streams.http.origin import check_reading_origin
from streams.models import Room
from streams.publishing import Identity, allowances, identify
from streams.wire.jsontext import decode_json, values_in

METHODS = "POST, OPTIONS"
MANY = 1_000  # values in a body; one more operation for each as many, as over a socket


@answers_errors
async def room_ops(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Do it, by the same rules as over the room's socket; the session's CSRF token or a bearer token is needed."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": METHODS})
    if request.method != "POST":
        raise MethodNotAllowed(request.method, allow=METHODS)
    check_reading_origin(request)
    runner = await current_runner()
    hub, address = runner.hub, current_peer().address
    hub.check_open()

    def admit() -> tuple[Identity, Room]:
        who = identify(request.user, request.session, request.headers)
        return who, room_to_read(who, slug)

    who, room = await hub.gateway.run(admit)
    registry.admit(who, address)
    account = who.account(address)
    allowances(hub).operations.take(account, 1 + values_in(request.body) // MANY)
    fields = _fields(request, max_bytes=hub.settings.max_event_bytes, max_depth=hub.settings.max_json_depth)
    answer = await _named(fields.get("op"))(Here(runner, room, who, account), fields)
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _fields(request: HttpRequest, *, max_bytes: int, max_depth: int) -> Mapping[str, Any]:
    if request.content_type != "application/json":
        raise UnsupportedMediaType(f"Content-Type {request.content_type!r:.100} is not read here (application/json)")
    if len(request.body) > max_bytes:
        raise TooLarge(f"the body has {len(request.body)} bytes (limit {max_bytes})")
    fields = decode_json(request.body, max_depth=max_depth)
    if not isinstance(fields, dict):
        raise InvalidInput(f"an operation is a JSON object, not {type(fields).__name__}")
    return fields


def _named(name: Any) -> Operation:
    found = OPERATIONS.get(name) if isinstance(name, str) else None
    if found is None:
        raise InvalidInput(f"no operation {name!r:.60} (there are: {', '.join(OPERATIONS)})")
    return found
