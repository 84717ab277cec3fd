"""``typing``: a sign that somebody is writing, for those who are in the room just now."""

import weakref
from collections.abc import Mapping
from typing import Any

from streams.chat.here import Here
from streams.chat.roles import check_talk
from streams.flow import Rates
from streams.hub import Hub
from streams.publishing import apublish
from streams.wire.names import room_topics

EVERY_S = 3.0

_rates: "weakref.WeakKeyDictionary[Hub, Rates]" = weakref.WeakKeyDictionary()


async def typing(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Tell it to the room; more than one in ``EVERY_S`` seconds is dropped in silence.

    Raises NotSignedIn, Forbidden, Unavailable.
    """
    hub = here.runner.hub
    rates = _rates.get(hub)
    if rates is None:
        rates = _rates[hub] = Rates(1 / EVERY_S, 1)
    if rates.take((here.room.pk, here.account)):
        return {}
    await hub.gateway.run(check_talk, here.room, here.who)
    await apublish(room_topics(here.room.slug)[1], {"person": here.who.as_author()}, type="typing")
    return {}
