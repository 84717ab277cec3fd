"""``GET /rooms/<slug>/spend``: what the answers of a room cost, by person and in all, today and this month (UTC)."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils import timezone

from streams.chat.budget import Asker, days_of, guest_at, limits_of
from streams.chat.rooms import room_to_read
from streams.connections import current_peer
from streams.errors import NotSignedIn
from streams.http.errors import answers_errors
from streams.hub import current_hub
from streams.models import Generation, Room
from streams.publishing import identify


@answers_errors
async def room_spend(request: HttpRequest, slug: str) -> HttpResponseBase:
    """As ``spend_of`` tells it, to those who may read the room and are known."""

    address = current_peer().address

    def read() -> dict[str, Any]:
        who = identify(request.user, request.session, request.headers)
        room = room_to_read(who, slug)
        if not who.is_one:
            raise NotSignedIn("sign in to see what the answers of a room cost")
        return spend_of(room, Asker(who.id, guest_at(who, address)))

    hub = await current_hub()
    response = JsonResponse(await hub.gateway.run(read))
    response.headers["Cache-Control"] = "no-store"
    return response


def spend_of(room: Room, asker: Asker) -> dict[str, Any]:
    """``{"room", "today", "month", "limits"}``: each span with its sums and, the dearest first, those of the people.

    limits: those that hold here for ``asker``, ``{"whom", "usd", "spent_usd", "reserved_usd", "until"}``. ``unpriced``
    counts answers of models whose price nobody wrote down, which the sums leave out.
    """
    today, _, month, _ = days_of(timezone.now())
    limits = [
        {"whom": one.whom, "usd": one.usd, "spent_usd": one.spent_usd, "reserved_usd": one.reserved_usd}
        | {"until": one.until.isoformat()}
        for one in limits_of(room, asker)
    ]
    return {
        "room": room.slug,
        "today": _span(room, today),
        "month": _span(room, month),
        "limits": limits,
    }


def _span(room: Room, since: datetime) -> dict[str, Any]:
    answers = Generation.objects.filter(topic_id=room.topic_id, created_at__gte=since)
    people = [
        {"id": sums.pop("asked_by"), "name": sums.pop("asked_by_name"), **sums}
        for sums in answers.spent_by("asked_by", "asked_by_name")
    ]
    return {"since": since.isoformat(), **answers.spent(), "people": people}
