"""The jobs of one process: claimed when there is room, kept while they run, given back when the process ends."""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from uuid import UUID

from streams.errors import Unavailable
from streams.hub import Hub, current_hub
from streams.jobs.claims import claim_next, renew_claims
from streams.jobs.registry import kinds
from streams.jobs.rows import CANCELLED, Outcome, end_job, interrupted
from streams.jobs.run import JobRun, Stop
from streams.models import Job

logger = logging.getLogger(__name__)
POLL_S = 1.0  # for jobs, and cancellations, that other processes took in
STOP_S = 2.5  # what generators have to run their ``finally`` when the process ends


class JobRunner:
    """Runs jobs, ``at_once`` at a time; to be had by ``current_jobs``."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.at_once = hub.settings.jobs_at_once
        self._runs: dict[UUID, JobRun] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._ending = False

    @property
    def running(self) -> int:
        """How many run just now."""
        return len(self._runs)

    def wake(self) -> None:
        """There may be a job to claim: look at once."""
        self._wake.set()

    def cancel(self, job_id: UUID) -> None:
        """Stop it if it runs here; where it runs elsewhere, that process looks for itself."""
        if run := self._runs.get(job_id):
            run.stop(Stop.CANCEL)

    async def keep_running(self) -> None:
        """Claim and start jobs, for ever; raises Unavailable (run it supervised)."""
        while not self._ending:
            self._wake.clear()
            while self.running < self.at_once and await self._claim():
                pass
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._wake.wait()
        await asyncio.Event().wait()  # the process ends

    async def _claim(self) -> bool:
        """Claim one job and start it; whether there was one."""
        async with self._claiming:
            if self._ending:
                return False
            at, lease_s = self.hub.loop.time(), self.hub.settings.job_lease_s
            job = await self.hub.gateway.run(claim_next, list(kinds()), lease_s=lease_s)
            if job is None:
                return False
            if outcome := self._is_over(job):
                await self.hub.gateway.run(end_job, job, outcome)
                return True
            run = self._runs[job.pk] = JobRun(self.hub, job, kinds()[job.kind], claimed_at=at)
            task = self.hub.tasks.run(f"job {job.pk}", run.run)
            self._tasks.add(task)
            task.add_done_callback(partial(self._ended, job.pk))
            return True

    def _is_over(self, job: Job) -> Outcome | None:
        """How a job ends that was claimed only to be ended: one whose process died and that can't go on."""
        if job.cancel_requested:
            return CANCELLED
        if job.attempts > self.hub.settings.job_attempts:
            return interrupted(f"it was begun {job.attempts - 1} times and came to no end")
        if job.attempts > 1 and not kinds()[job.kind].resumable:
            return interrupted("its process died")
        return None

    def _ended(self, job_id: UUID, task: asyncio.Task[None]) -> None:
        del self._runs[job_id]
        self._tasks.discard(task)
        self.wake()

    async def keep_renewed(self) -> None:
        """Renew the leases of what runs here and heed cancellations, for ever (run it supervised)."""
        lease_s = self.hub.settings.job_lease_s
        while True:
            await asyncio.sleep(min(POLL_S, lease_s / 4))
            runs = list(self._runs.values())
            if not runs:
                continue
            at = self.hub.loop.time()
            with suppress(Unavailable):  # each run watches its own lease
                claims = [run.job.claim for run in runs]
                claimed = await self.hub.gateway.run(renew_claims, claims, lease_s=lease_s)
                for run in runs:
                    self._heed(run, claimed, at)

    def _heed(self, run: JobRun, claimed: dict[UUID, bool], at: float) -> None:
        if self._runs.get(run.job.pk) is not run:
            return
        if run.job.pk not in claimed:
            run.stop(Stop.LOST)
            return
        run.renewed(at)
        if claimed[run.job.pk]:
            run.stop(Stop.CANCEL)

    async def end_all(self) -> None:
        """Claim no more, stop what runs, and wait until that is written: others can go on with it at once."""
        self._ending = True
        async with self._claiming:
            pass
        for run in tuple(self._runs.values()):
            run.stop(Stop.DRAIN)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_S)
            if late:
                logger.warning("%d jobs have not stopped within %g s", len(late), STOP_S)


_runners: dict[Hub, JobRunner] = {}


async def current_jobs() -> JobRunner:
    """The runner of this process; it runs nothing unless its two tasks are kept running."""
    hub = await current_hub()
    runner = _runners.get(hub)
    if runner is None:
        runner = _runners[hub] = JobRunner(hub)
    return runner


async def close_jobs(hub: Hub) -> None:
    """Give back what runs in this process."""
    runner = _runners.pop(hub, None)
    if runner is not None:
        await runner.end_all()
