"""What a job is given when it runs: who started it, where it goes on, and how it reaches the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from django.conf import settings as django_settings

from streams.eventlog import Appended
from streams.hub import Hub
from streams.jobs.claims import publish_claimed
from streams.jobs.registry import Progress
from streams.models import Job
from streams.publishing import Identity
from streams.wire.event import NewEvent

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobContext:
    """One run of a job. resume_at: the newest progress that is safe; of 0 items at the first run."""

    hub: Hub
    job: Job
    who: Identity
    resume_at: Progress

    @property
    def id(self) -> str:
        """The job's id, the same in every run: good for idempotency keys."""
        return str(self.job.pk)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call sync code that touches the database, in a thread that streams don't wait for. Raises Unavailable."""
        return await self.hub.bulk.run(function, *args, **kwargs)

    async def publish(self, topic: str, events: Sequence[NewEvent]) -> Appended:
        """Publish, but not if another process has the job by now. Raises ClaimLost, and as ``publish_events``.

        With keys (``job:<id>/<item>``) what a run has published before it died is not published again by the next.
        """
        return await self.run(publish_claimed, self.job.pk, self.job.claim, topic, events)

    def scratch(self) -> Path:
        """Where this run may write one file on its way; it is no other run's, though that be of the same job."""
        folder = scratch_folder()
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.job.pk.hex}-{self.job.claim.rpartition('/')[2]}"


def scratch_folder() -> Path:
    """The folder of the files that jobs write on their way; it belongs to nobody else."""
    return Path(django_settings.MEDIA_ROOT, "jobs")
