"""Stop an answer, from any tab or device and whichever process writes it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from streams.chat.generation_rows import find_generation
from streams.chat.here import Here
from streams.chat.roles import check_scope, commands_room
from streams.errors import Forbidden, NotFound, Unavailable
from streams.models import Generation, Room
from streams.models.generation import OPEN
from streams.publishing import Identity

WAIT_S = 5.0  # for the end, which the process that writes the answer hears to write within half a second
POLL_S = 0.05


async def stop(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"generation"}`` -> ``{"status"}``: end it, if it has not ended, and tell once that is in the log.

    By who asked for it, or whoever commands the room. The call upstream is closed by then. Raises NotFound, Forbidden;
    Unavailable where the process that writes it does not hear: then the lease of that one ends it.
    """
    run = here.runner.hub.gateway.run
    generation = await run(request_stop, here.room, here.who, fields.get("generation"))
    ending = here.runner.stop(generation.pk) if generation.is_open else None
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + WAIT_S
    while True:
        status, renewed_at = await run(_standing, generation.pk)
        if status not in OPEN:
            return {"status": status}
        if loop.time() > give_up_at:
            raise Unavailable(_words(renewed_at, here.runner.hub.settings.generation_lease_s))
        if ending is not None and not ending.done():
            await asyncio.wait([ending], timeout=WAIT_S)
        else:
            await asyncio.sleep(POLL_S)


def request_stop(room: Room, who: Identity, generation: Any) -> Generation:
    """Write down who wants it to stop, if nobody has; raises NotFound, Forbidden."""
    check_scope(room, who)
    found = find_generation(room.topic_id, generation)
    asked = who.is_one and found.asked_by in who.ids
    if not asked and not commands_room(room, who):
        raise Forbidden("only who asked for this answer, or an owner of the room, may stop it")
    still = Generation.objects.filter(pk=found.pk, status__in=OPEN, stop_requested_by="")
    still.update(stop_requested_by=who.id, stop_requested_by_name=who.name[:150])
    return found


def _standing(generation_id: UUID) -> tuple[str, datetime]:
    row = Generation.objects.filter(pk=generation_id).only("status", "renewed_at").first()
    if row is None:
        raise NotFound("this answer was deleted")
    return row.status, row.renewed_at


def _words(renewed_at: datetime, lease_s: float) -> str:
    until = renewed_at + timedelta(seconds=lease_s * 4 / 3)
    return f"the process that writes this answer does not hear; it is ended by {until:%H:%M:%S} UTC at the latest"
