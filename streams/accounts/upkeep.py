"""Sessions that have expired are deleted, and the places that guests had in rooms by them: nobody else would do it."""

import asyncio
import logging
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from streams.conf import get_settings
from streams.connections import claim_lease
from streams.hub import Hub
from streams.models import Member

logger = logging.getLogger(__name__)
EVERY_S = 600.0
AT_ONCE = 1_000  # rows of one deleting transaction


async def keep_sessions_cleared(hub: Hub, *, every_s: float = EVERY_S) -> None:
    """Every ten minutes, by the one process that holds the lease, for ever; raises Unavailable (run it supervised)."""
    while True:
        await asyncio.sleep(every_s)
        sessions = places = 0
        while await hub.gateway.run(claim_lease, "sessions", seconds=3 * every_s):
            some = await hub.gateway.run(clear_some), await hub.gateway.run(forget_guests)
            sessions, places = sessions + some[0], places + some[1]
            if max(some) < AT_ONCE:
                break
        if sessions or places:
            logger.info("deleted %d sessions that had expired, and %d places of guests in rooms", sessions, places)


def clear_some() -> int:
    """Delete some of the rows, as ``manage.py clearsessions`` deletes all at once; how many."""
    expired = Session.objects.filter(expire_date__lt=timezone.now()).order_by("expire_date")
    keys = list(expired.values_list("pk", flat=True)[:AT_ONCE])
    return Session.objects.filter(pk__in=keys).delete()[0] if keys else 0


def forget_guests() -> int:
    """Delete some of the places in rooms whose guest can't come again; how many.

    A guest's id is as old as its session, and ends with it: a place that is older than a session lasts is nobody's, and
    so is the role that keeps one out or quiet. What mutes somebody for longer stays until it has passed.
    """
    now = timezone.now()
    gone = Member.objects.guests().filter(joined_at__lt=now - timedelta(seconds=get_settings().session_age_s))
    some = gone.exclude(muted_until__gt=now).order_by("joined_at")
    keys = list(some.values_list("pk", flat=True)[:AT_ONCE])
    return Member.objects.filter(pk__in=keys).delete()[0] if keys else 0
