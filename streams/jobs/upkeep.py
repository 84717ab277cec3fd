"""Old jobs are deleted with their topics, and what runs that died left on the disk."""

import asyncio
import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from streams.conf import get_settings
from streams.connections import claim_lease
from streams.hub import Hub
from streams.jobs.context import scratch_folder
from streams.jobs.rows import delete_old
from streams.jobs.telling import topic_of_owner
from streams.models import Job, Topic

logger = logging.getLogger(__name__)
EVERY_S = 600.0
YOUNG_S = 3_600.0
AT_ONCE = 50


async def keep_old_jobs_deleted(hub: Hub) -> None:
    """Every ten minutes, by the one process that holds the lease, for ever; raises Unavailable (run it supervised)."""
    every_s = min(EVERY_S, hub.settings.job_keep_s / 2)
    while True:
        await asyncio.sleep(every_s)
        while await hub.gateway.run(claim_lease, "old jobs", seconds=3 * every_s):
            if not await hub.gateway.run(delete_some):
                break
        await hub.gateway.run(sweep_scratch)


def delete_some() -> int:
    """Delete some of what is older than it is kept: jobs that ended, topics of guests; how many."""
    before = timezone.now() - timedelta(seconds=get_settings().job_keep_s)
    deleted = delete_old(before)
    if deleted:
        logger.info("deleted %d old jobs", deleted)
    return deleted + delete_topics_of_guests(before)


def delete_topics_of_guests(before: datetime) -> int:
    """Delete the topics of guests who have no jobs any more, made before then: who knows whether they come again."""
    guests = Topic.objects.filter(name__startswith=topic_of_owner("g:"), created_at__lt=before)
    idle = guests.exclude(owner__in=Job.objects.values("owner")).values_list("pk", flat=True)[:AT_ONCE]
    return len([Topic.objects.filter(pk=pk).delete() for pk in idle])


def sweep_scratch(*, now: float | None = None) -> int:
    """Delete the files of jobs that don't run (any more) on this machine; how many."""
    swept = 0
    for path in scratch_folder().glob("?" * 32 + "-*"):
        try:
            job_id, changed_at = UUID(path.name.partition("-")[0]), path.lstat().st_mtime
        except (ValueError, FileNotFoundError):
            continue
        if changed_at < (now or time.time()) - YOUNG_S and not Job.objects.unfinished().filter(pk=job_id).exists():
            path.unlink(missing_ok=True)
            swept += 1
    return swept
