"""Claims: which run of which process has a job. Conditional updates that count one row, and leases that expire.

A run that has lost its claim writes nothing any more: whatever it writes, it writes in a transaction that holds the
row of the job and has seen its own claim there.
"""

import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from streams.connections import process_name
from streams.eventlog import Appended
from streams.jobs.telling import tell
from streams.models import Job, JobStatus
from streams.publishing import publish_events
from streams.wire.event import NewEvent

CANDIDATES = 20


class ClaimLost(Exception):
    """Another process has the job by now, or it has ended."""


def claim_next(kinds: Collection[str], *, lease_s: float) -> Job | None:
    """Claim the oldest job that is free, of a kind that is known here; None if there is none.

    One that comes back with ``attempts`` above 1, or with a cancellation, is the caller's to judge.
    """
    now = timezone.now()
    for job in Job.objects.free(now).filter(kind__in=kinds)[:CANDIDATES]:
        with transaction.atomic():
            free = Job.objects.free(now).filter(pk=job.pk, claim=job.claim, attempts=job.attempts)
            claim = f"{process_name()}/{secrets.token_hex(3)}"
            if free.order_by().update(
                status=JobStatus.RUNNING,
                claim=claim,
                claim_expires_at=timezone.now() + timedelta(seconds=lease_s),
                attempts=F("attempts") + 1,
                started_at=job.started_at or now,
            ):
                job.refresh_from_db()
                tell(job, "job.started")
                return job
    return None


def renew_claims(claims: Sequence[str], *, lease_s: float) -> dict[UUID, bool]:
    """Say that their process lives; the jobs that are still claimed so, and whether each is to be cancelled."""
    running = Job.objects.filter(status=JobStatus.RUNNING, claim__in=claims)
    running.update(claim_expires_at=timezone.now() + timedelta(seconds=lease_s))
    return dict(running.values_list("pk", "cancel_requested"))


@contextmanager
def holding(job_id: UUID, claim: str) -> Iterator[Job]:
    """A transaction that holds the job's row; raises ClaimLost unless it runs under this claim."""
    with transaction.atomic():
        job = Job.objects.select_for_update().claimed(claim).filter(pk=job_id).first()
        if job is None:
            raise ClaimLost(f"job {job_id} is not ours any more")
        yield job


def publish_claimed(job_id: UUID, claim: str, topic: str, events: Sequence[NewEvent]) -> Appended:
    """Publish as a part of the job: not at all if the claim is lost. Raises ClaimLost, and as ``publish_events``."""
    with holding(job_id, claim):
        return publish_events(topic, events)
