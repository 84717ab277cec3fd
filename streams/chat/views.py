"""The pages of rooms."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from streams.chat.history import Wanted, history
from streams.chat.model import describe_model
from streams.chat.plain_say import form_id
from streams.chat.presence import present_in
from streams.chat.roles import check_talk, commands_room, place_of
from streams.chat.rooms import readable_rooms, room_to_read
from streams.conf import get_settings, guests_allowed
from streams.errors import Forbidden, NoSuchTopic, NotSignedIn
from streams.http.errors import page_not_found
from streams.models import Role, Room
from streams.publishing import Identity, identify, welcome_guest
from streams.wire.event import format_time

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
        "generation_attempts": get_settings().generation_attempts,
        "attaching": _attaching() if who.may_upload else None,
        "form_id": form_id(),
    }
    try:
        context["room"] = room_to_read(who, slug)
        context["snapshot"] = history(context["room"], who=who) | {"present": present_in(slug)}
        context |= _part(context, who)
    except NotSignedIn:
        pass
    except NoSuchTopic as error:
        return page_not_found(request, error)
    context["shown"] = _without_script(request, context["room"]) or context["snapshot"]
    return render(request, "streams/chat/room.html", context)


def _part(context: dict[str, Any], who: Identity) -> dict[str, Any]:
    """What ``who`` is in the room, which the page's script is told; and why they may not talk, if they may not."""
    room, silenced = context["room"], ""
    place = place_of(room, who)
    context["snapshot"]["role"] = Role.OWNER if commands_room(room, who) else place.role
    context["snapshot"]["muted_until"] = None if place.muted_until is None else format_time(place.muted_until)
    try:
        check_talk(room, who)
    except Forbidden as error:
        silenced = str(error)
    except NotSignedIn:  # a guest who came just now has the name by the next request
        pass
    return {"silenced": silenced}


def _attaching() -> dict[str, int]:
    """What the script refuses before the server has to."""
    settings = get_settings()
    return {
        "files": settings.max_attachments,
        "image_bytes": settings.attachment_image_bytes,
        "text_chars": settings.attachment_chars,
    }


def _without_script(request: HttpRequest, room: Room | None) -> dict[str, Any] | None:
    """The page of history that ``?before=`` asks for, which is how one gets to it without JavaScript."""
    before = request.GET.get("before", "")
    if room is None or not (before.isascii() and before.isdigit() and len(before) < 19):
        return None
    return history(room, Wanted(before=int(before)))
