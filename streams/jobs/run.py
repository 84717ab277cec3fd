"""One run of a job: its generator, the progress that is saved while it goes on, and its end.

The generator runs freely, and the newest progress wins: it is saved and told a few times a second. The last one is
never lost: it goes with the end.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from enum import StrEnum
from functools import partial

from streams.errors import StreamsError, Unavailable
from streams.hub import Hub
from streams.jobs.claims import ClaimLost
from streams.jobs.context import JobContext
from streams.jobs.registry import Kind, Progress
from streams.jobs.rights import starter
from streams.jobs.rows import CANCELLED, DONE, Outcome, end_job, failed, give_back, interrupted, save_progress
from streams.models import Job, JobStatus
from streams.publishing import Identity

logger = logging.getLogger(__name__)
AGAIN_S = 0.5  # after the database did not answer
BROKEN = Outcome(JobStatus.FAILED, {"code": "error", "message": "the job broke down; the server's log says why"})


class Stop(StrEnum):
    """Why a run ends before its generator does."""

    CANCEL = "cancelled"
    DRAIN = "its process ends"
    AGAIN = "the database did not answer"
    FAIL = "its progress can't be told"
    LOST = "its claim is lost"


class JobRun:
    """A claimed job in this process. Its lease is renewed by the owner of the run, who calls ``renewed``."""

    def __init__(self, hub: Hub, job: Job, kind: Kind, *, claimed_at: float) -> None:
        self._hub, self.job, self._kind = hub, job, kind
        self._newest: Progress | None = None  # and not saved yet
        self._news = asyncio.Event()
        self._outcome: Outcome | None = None
        self._why: Stop | None = None
        self._generating: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self.renewed(claimed_at)

    def renewed(self, at: float) -> None:
        """The lease was renewed at ``at`` (loop time) or later; without this the run stops when it expires."""
        self._stop_watching()
        self._expiry = self._hub.loop.call_at(at + self._hub.settings.job_lease_s, self.stop, Stop.LOST)

    def _stop_watching(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()

    def stop(self, why: Stop) -> None:
        """Stop the generator at its next await; its ``finally`` runs, and is not cut short by being told again.

        A lost claim outdoes every other reason.
        """
        if self._why is why or (self._why is not None and why is not Stop.LOST):
            return
        self._why = why
        if self._generating is not None:
            self._generating.cancel()

    async def run(self) -> None:
        """Run it to its end, or to where it is stopped, and write that."""
        if self._why is None:
            name = f"job {self.job.kind} {self.job.pk}"
            self._generating = self._hub.tasks.run(name, self._generate)
            saving = self._hub.tasks.run(f"{name}: progress", self._keep_saving)
            try:
                await asyncio.wait([self._generating])
            finally:
                for task in (self._generating, saving):
                    task.cancel()
                await asyncio.wait([self._generating, saving])
        try:
            await self._write_end()
        finally:
            self._stop_watching()

    async def _generate(self) -> None:
        job, kind = self.job, self._kind
        try:
            who = await self._hub.bulk.run(self._checked)
            context = JobContext(self._hub, job, who, Progress(job.done, job.total, job.result))
            async with aclosing(kind.run(context, **job.params)) as steps:
                async for progress in steps:
                    self._newest = progress
                    self._news.set()
                    await asyncio.sleep(0)  # one that never waits would hold the loop
            self._outcome = self._outcome or DONE
        except ClaimLost:
            self._why = Stop.LOST
        except Unavailable as error:
            self._why = self._why or Stop.AGAIN
            self._outcome = None if kind.resumable else failed(error)
        except StreamsError as error:
            self._outcome = failed(error)
        except Exception:
            logger.exception("job %s", job)
            self._outcome = BROKEN

    def _checked(self) -> Identity:
        """Who started it, if they still may: rights may have changed while it waited."""
        who = starter(self.job)
        self._kind.check(who, **self.job.params)
        return who

    async def _keep_saving(self) -> None:
        every_s = 1 / self._hub.settings.job_progress_per_s
        while True:
            await self._news.wait()
            self._news.clear()
            progress = self._newest
            if progress is None:
                continue
            try:
                await self._hub.gateway.run(save_progress, self.job, progress)
            except ClaimLost:
                return self.stop(Stop.LOST)
            except Unavailable:
                self._news.set()
                await asyncio.sleep(AGAIN_S)
                continue
            except Exception as error:  # a result that can't be kept
                self._break(error)
                return self.stop(Stop.FAIL)
            if self._newest is progress:
                self._newest = None
            await asyncio.sleep(every_s)

    def _break(self, error: Exception) -> None:
        """The newest progress can't be kept: the job fails with the one before."""
        if not isinstance(error, StreamsError):
            logger.error("job %s: %s can't be kept", self.job, self._newest, exc_info=error)
        self._newest = None
        self._outcome = failed(error) if isinstance(error, StreamsError) else BROKEN

    async def _write_end(self) -> None:
        """Write it, and try for as long as the claim holds if the database does not answer."""
        while self._why is not Stop.LOST:
            try:
                await asyncio.shield(self._hub.gateway.run(self._end()))
            except Unavailable:
                await asyncio.sleep(AGAIN_S)
            except ClaimLost:
                self._why = Stop.LOST
            except Exception as error:
                if self._newest is None:
                    raise  # nothing of the job's own was in it
                self._break(error)
            else:
                return
        logger.warning("job %s goes on elsewhere, or will: its claim is lost", self.job)

    def _end(self) -> Callable[[], None]:
        """What is to be written: the outcome if there is one, else what the reason to stop asks for."""
        outcome = self._outcome
        if outcome is None and self._why is Stop.CANCEL:
            outcome = CANCELLED
        if outcome is None and self._kind.resumable:
            return partial(give_back, self.job, self._newest, counts=self._why is Stop.AGAIN)
        outcome = outcome or interrupted("the server was stopped while the job ran")
        return partial(end_job, self.job, outcome, self._newest)
