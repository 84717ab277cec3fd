"""Trimming on a timer, by the one process that holds the lease."""

import asyncio
import logging
from functools import partial

from streams.connections.lease import claim_lease
from streams.eventlog import trim_some
from streams.hub import Hub

logger = logging.getLogger(__name__)

TURN_S = 0.5  # at the database, whose threads others wait for too


async def keep_trimmed(hub: Hub) -> None:
    """Trim all topics every ``trim_every_s`` seconds, for ever; raises Unavailable (run it supervised)."""
    every_s = hub.settings.trim_every_s
    while True:
        await asyncio.sleep(every_s)
        deleted = 0
        after: int | None = 0
        while after is not None and await hub.gateway.run(claim_lease, "trim", seconds=3 * every_s):
            some, after = await hub.gateway.run(partial(trim_some, after, seconds=TURN_S))
            deleted += some
        if deleted:
            logger.info("trimmed %d events", deleted)
