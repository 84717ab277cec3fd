"""Trimming on a timer, by the one process that holds the lease."""

import asyncio
import logging

from streams.connections.lease import claim_lease
from streams.eventlog import trim_all
from streams.hub import Hub

logger = logging.getLogger(__name__)


async def keep_trimmed(hub: Hub) -> None:
    """Trim all topics every ``trim_every_s`` seconds, for ever; raises Unavailable (run it supervised)."""
    every_s = hub.settings.trim_every_s
    while True:
        await asyncio.sleep(every_s)
        if await hub.gateway.run(claim_lease, "trim", seconds=3 * every_s):
            deleted = await hub.gateway.run(trim_all)
            if deleted:
                logger.info("trimmed %d events", deleted)
