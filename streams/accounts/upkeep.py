"""Sessions that have expired are deleted: Django keeps their rows until somebody does."""

import asyncio
import logging

from django.contrib.sessions.models import Session
from django.utils import timezone

from streams.connections import claim_lease
from streams.hub import Hub

logger = logging.getLogger(__name__)
EVERY_S = 600.0
AT_ONCE = 1_000  # rows of one deleting transaction


async def keep_sessions_cleared(hub: Hub, *, every_s: float = EVERY_S) -> None:
    """Every ten minutes, by the one process that holds the lease, for ever; raises Unavailable (run it supervised)."""
    while True:
        await asyncio.sleep(every_s)
        deleted = 0
        while await hub.gateway.run(claim_lease, "sessions", seconds=3 * every_s):
            some = await hub.gateway.run(clear_some)
            deleted += some
            if some < AT_ONCE:
                break
        if deleted:
            logger.info("deleted %d sessions that had expired", deleted)


def clear_some() -> int:
    """Delete some of the rows, as ``manage.py clearsessions`` deletes all at once; how many."""
    expired = Session.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")
    keys = list(expired.values_list("pk", flat=True)[:AT_ONCE])
    return Session.objects.filter(pk__in=keys).delete()[0] if keys else 0
