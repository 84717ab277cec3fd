"""The steps of a job's life, each a transaction with the event that tells it.

A job ends once a run: its row leaves ``running`` under the claim of that run, in the transaction that appends
``job.end``.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from streams.conf import get_settings
from streams.errors import Conflict, InvalidJSON, KeyReused, LimitReached, NotFound, StreamsError, TooLarge
from streams.jobs.claims import holding
from streams.jobs.registry import Kind, Progress, kinds
from streams.jobs.telling import END, tell, tell_owner
from streams.models import Event, Job, JobStatus, Topic
from streams.publishing import Identity
from streams.wire.jsontext import encode_json

MAX_MESSAGE_CHARS = 2_000
NUL = "\\u0000"  # as JSON has it


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; ``error``: ``{"code", "message"}``."""

    status: JobStatus
    error: dict[str, str] | None = None


DONE, CANCELLED = Outcome(JobStatus.DONE), Outcome(JobStatus.CANCELLED)


def failed(error: StreamsError) -> Outcome:
    """It could not go on."""
    message = str(error).encode(errors="replace").decode()[:MAX_MESSAGE_CHARS]
    return Outcome(JobStatus.FAILED, {"code": error.code, "message": message})


def interrupted(message: str) -> Outcome:
    """Its process was stopped, or died, and it is not of a kind that goes on in another."""
    return Outcome(JobStatus.INTERRUPTED, {"code": "interrupted", "message": message})


def start_job(who: Identity, kind: Kind, params: dict[str, Any], *, key: str | None) -> Job:
    """A new job, or the one that the same caller started with the same key.

    Raises what the kind's check raises, KeyReused for another job of that key, LimitReached.
    """
    if known := _known(who, kind, params, key):
        return known
    kind.check(who, **params)
    unfinished, limit = Job.objects.unfinished().filter(owner=who.id).count(), get_settings().max_unfinished_jobs
    if unfinished >= limit:
        raise LimitReached(f"{unfinished} of your jobs are not finished (limit {limit})", retry_after_s=10)
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind.name, params=params, owner=who.id, owner_name=who.name, key=key, queued_at=timezone.now()
            )
            _queue(job)
    except IntegrityError:  # the same key at the same time
        if known := _known(who, kind, params, key):
            return known
        raise
    return job


def _known(who: Identity, kind: Kind, params: dict[str, Any], key: str | None) -> Job | None:
    job = None if key is None else Job.objects.filter(owner=who.id, key=key).first()
    if job is not None and (job.kind, job.params) != (kind.name, params):
        raise KeyReused(f"idempotency key {key!r} was used for job {job.pk}, which is another one")
    return job


def _queue(job: Job) -> None:
    job.begin_seq = tell(job, "job.queued")
    job.save(update_fields=["begin_seq"])


def save_progress(job: Job, progress: Progress) -> None:
    """Keep it, and tell it. Raises ClaimLost; InvalidJSON and TooLarge of a result that can't be kept."""
    with holding(job.pk, job.claim) as held:
        _keep(held, progress)


def _keep(held: Job, progress: Progress) -> None:
    """Unless that is what is kept: of a run that ends just then a thread may have saved it already."""
    if (held.done, held.total, held.result) == (progress.done, progress.total, progress.result):
        return
    _check_result(progress.result)
    held.done, held.total, held.result = progress.done, progress.total, progress.result
    tell(held, "job.progress")
    held.save(update_fields=["done", "total", "result"])


def _check_result(result: Any) -> None:
    """Half of what an event may have: the end of a job, and the list, say more than the result."""
    text = encode_json(result)
    size, limit = len(text.encode()), get_settings().max_event_bytes // 2
    if size > limit:
        raise TooLarge(f"the result has {size} bytes (limit {limit})")
    if NUL in text:
        raise InvalidJSON("a result can't hold the character U+0000, which no database keeps")


def end_job(job: Job, outcome: Outcome, unsaved: Progress | None = None) -> None:
    """Write how it ended, with the progress that was not saved yet. Raises ClaimLost."""
    with holding(job.pk, job.claim) as held:
        if unsaved is not None:
            _keep(held, unsaved)
        _end(held, outcome)


def _end(held: Job, outcome: Outcome) -> None:
    held.status, held.error, held.ended_at = outcome.status, outcome.error, timezone.now()
    held.claim, held.claim_expires_at, held.cancel_requested = "", None, False
    held.save()
    tell(held, END)


def give_back(job: Job, unsaved: Progress | None = None, *, counts: bool = False) -> None:
    """Let another process go on with it at once, from what is done. counts: as an attempt. Raises ClaimLost."""
    with holding(job.pk, job.claim) as held:
        if unsaved is not None:
            _keep(held, unsaved)
        held.status, held.claim, held.claim_expires_at = JobStatus.QUEUED, "", None
        held.attempts -= 0 if counts else 1
        held.save()
        tell(held, "job.queued")


def cancel_job(job: Job) -> Job:
    """End it if it waits, else ask its process to; one that is over stays as it is. The job as it is now."""
    with transaction.atomic():
        held = _locked(job)
        if held.status == JobStatus.QUEUED:
            _end(held, CANCELLED)
        elif held.status == JobStatus.RUNNING and not held.cancel_requested:
            held.cancel_requested = True
            held.save(update_fields=["cancel_requested"])
            tell_owner(held)
    return held


def retry_job(job: Job) -> Job:
    """Have one that failed, was cancelled or interrupted tried again, if it can be from where it stood.

    One that waits or runs stays as it is. Raises Conflict for one that is done.
    """
    with transaction.atomic():
        held = _locked(job)
        if held.status == JobStatus.DONE:
            raise Conflict(f"job {held.pk} is done; start a new one")
        if not held.is_over:
            return held
        held.status, held.queued_at, held.attempts = JobStatus.QUEUED, timezone.now(), 0
        held.error = held.started_at = held.ended_at = None
        kind = kinds().get(held.kind)
        if kind is None or not kind.resumable:
            held.done, held.total, held.result = 0, None, None
        held.save()
        _queue(held)
    return held


def _locked(job: Job) -> Job:
    held = Job.objects.select_for_update().filter(pk=job.pk).first()
    if held is None:
        raise NotFound(f"job {job.pk} is gone")
    return held


def delete_old(before: datetime, *, limit: int = 50) -> int:
    """Delete jobs that ended before then, with their topics; how many, at most ``limit``."""
    deleted = 0
    for job in Job.objects.filter(ended_at__lt=before).order_by("ended_at")[:limit]:
        with transaction.atomic():
            if Job.objects.filter(pk=job.pk, ended_at__lt=before).delete()[0]:
                Event.objects.filter(topic__name=job.topic).delete()
                Topic.objects.filter(name=job.topic).delete()
                deleted += 1
    return deleted
