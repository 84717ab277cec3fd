"""Saying something from a page without JavaScript: a form, and back to the room."""

from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from streams.chat.here import Here
from streams.chat.model import current_runner
from streams.chat.rooms import room_to_read
from streams.chat.talk import say
from streams.connections import current_peer, registry
from streams.errors import MethodNotAllowed, NoSuchTopic, NotSignedIn, StreamsError
from streams.http.errors import answers_errors
from streams.models import Room
from streams.publishing import Identity, allowances, identify


@answers_errors
async def room_say(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``text``, and a ``client_id`` of the form's own, so that one sent twice is said once; as the operation ``say``.

    What is refused is shown with the reason, to be sent again.
    """
    if request.method != "POST":
        raise MethodNotAllowed(request.method, allow="POST")
    runner = await current_runner()
    hub, address = runner.hub, current_peer().address

    def admit() -> tuple[Identity, Room]:
        who = identify(request.user, request.session, {})
        return who, room_to_read(who, slug)

    who, room = await hub.gateway.run(admit)
    account = who.account(address)
    fields = {"text": request.POST.get("text", ""), "client_id": request.POST.get("client_id", "")}
    try:
        hub.check_open()
        registry.admit(who, address)
        allowances(hub).operations.take(account)
        answer = await say(Here(runner, room, who, account), fields)
    except (NoSuchTopic, NotSignedIn):
        raise
    except StreamsError as error:
        return await hub.gateway.run(_refused, request, room, fields, error)
    return HttpResponseRedirect(f"{reverse('room', args=[slug])}#m{answer['id'].rpartition('-')[2]}", status=303)


def _refused(request: HttpRequest, room: Room, fields: dict[str, str], error: StreamsError) -> HttpResponseBase:
    context: dict[str, Any] = {"room": room, "text": fields["text"], "client_id": form_id(), "error": str(error)}
    response = render(request, "streams/chat/say_again.html", context, status=error.status)
    response.headers["Cache-Control"] = "no-store"
    return response


def form_id() -> str:
    """What tells one form from another."""
    return uuid4().hex
