"""What a serving process does beside answering: started with it, ended with it. Wired here, done elsewhere."""

import asyncio
import logging
import os
import signal
from contextlib import suppress
from functools import partial

from streams.accounts.upkeep import keep_sessions_cleared
from streams.chat.compaction import keep_compacted
from streams.chat.model import close_runner, current_runner
from streams.chat.presence import keep_present
from streams.conf import StreamSettings
from streams.connections import drop_deaf, keep_checked, keep_commanded, keep_trimmed, publish_vitals, registry
from streams.connections.connection import FAREWELL_S
from streams.errors import CloseReason, Unavailable
from streams.hub import Hub, close_hub, current_hub
from streams.jobs.runner import close_jobs, current_jobs
from streams.jobs.upkeep import keep_old_jobs_deleted
from streams.logs import server_name
from streams.models.schema import migrations_missing
from streams.storage import keep_swept

logger = logging.getLogger(__name__)
_begun: set[Hub] = set()
POLL_S = 0.05
JOBS_S = 1.0  # jobs are given back within this, or while the streams are told
SLACK_S = 3.0  # for a database that is slow to take the end of an answer or of a job
MAX_PAUSE_S = 1.0  # jobs go on as soon as the database is back


async def begin() -> Hub:
    """Start the hub and the process's tasks; a second call does nothing."""
    hub = await current_hub()
    if hub not in _begun and hub.closing is None:
        _begun.add(hub)
        await _look_at_the_database(hub)
        runner = await current_runner()
        hub.tasks.keep_running("vital signs", partial(publish_vitals, hub, server_name()), max_pause_s=MAX_PAUSE_S)
        hub.tasks.keep_running("commands", partial(keep_commanded, hub, end_process), max_pause_s=MAX_PAUSE_S)
        hub.tasks.keep_running("rights of readers", partial(keep_checked, hub))
        hub.tasks.keep_running("trimming", partial(keep_trimmed, hub))
        hub.tasks.keep_running("sweeping files", partial(keep_swept, hub))
        hub.tasks.keep_running("expired sessions", partial(keep_sessions_cleared, hub))
        hub.tasks.keep_running("presence", partial(keep_present, hub), max_pause_s=MAX_PAUSE_S)
        hub.tasks.keep_running("abandoned answers", runner.keep_ending_abandoned)
        hub.tasks.keep_running("compaction", partial(keep_compacted, hub))
        if hub.settings.run_jobs:
            await begin_jobs(hub)
    return hub


async def begin_jobs(hub: Hub, *, at_once: int | None = None) -> None:
    """Run jobs in this process, ``at_once`` at a time."""
    jobs = await current_jobs()
    jobs.at_once = at_once or jobs.at_once
    hub.tasks.keep_running("jobs", jobs.keep_running, max_pause_s=MAX_PAUSE_S)
    hub.tasks.keep_running("claims of jobs", jobs.keep_renewed, max_pause_s=MAX_PAUSE_S)
    hub.tasks.keep_running("old jobs", partial(keep_old_jobs_deleted, hub))


def end_process() -> None:
    """Drain and exit, as if the process were told from outside."""
    os.kill(os.getpid(), signal.SIGTERM)


async def _look_at_the_database(hub: Hub) -> None:
    """Say once and plainly what would else show as one failure a task."""
    with suppress(Unavailable):
        if missing := await hub.gateway.run(migrations_missing):
            logger.error("the database lacks %d migrations: run manage.py setup", missing)


def telling_s(settings: StreamSettings) -> float:
    """How long ``tell_all`` may take."""
    return settings.drain_notice_s + max(settings.drain_spread_s, settings.drain_answers_s) + SLACK_S


async def tell_all() -> None:
    """What comes before the server itself ends: it still listens, and answers all that is short.

    First nothing but ``hub.draining`` for ``drain_notice_s``, so that a load balancer sends nobody here any more. Then
    jobs are given back, which their readers still see, streams and sockets are told, some at a time, and answers of
    the model may go on for ``drain_answers_s``: who reads a room meanwhile reads on elsewhere. Whoever then does not
    read is dropped.
    """
    hub = await current_hub()
    settings = hub.settings
    hub.draining = True
    await asyncio.sleep(settings.drain_notice_s)
    logger.info("draining: %d streams are told", len(registry))
    jobs = asyncio.ensure_future((await current_jobs()).end_all())
    await asyncio.wait([jobs], timeout=JOBS_S)
    spread_s = min(settings.drain_spread_s, len(registry) / 1_000 * settings.drain_spread_s)
    await asyncio.gather(
        jobs,
        (await current_runner()).finish(settings.drain_answers_s),
        hub.end_streams_over(CloseReason.SHUTDOWN, spread_s),
    )
    hub.loop.call_later(FAREWELL_S, drop_deaf)


async def drain() -> None:
    """End all at once that ``tell_all`` has not, wait until they have left, end the tasks.

    Waits for the streams at most ``drain_s``; the server cancels those that stay.
    """
    hub = await current_hub()
    _begun.discard(hub)
    await asyncio.gather((await current_runner()).end_all(), (await current_jobs()).end_all())
    hub.end_streams(CloseReason.SHUTDOWN)
    try:
        async with asyncio.timeout(hub.settings.drain_s):
            while len(registry):  # noqa: ASYNC110 - the registry is of the process, an asyncio.Event of one loop
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        logger.warning("%d streams have not ended within %g s", len(registry), hub.settings.drain_s)
    await close_runner(hub)
    await close_jobs(hub)
    await close_hub()
