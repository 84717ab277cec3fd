"""A job: work that outlives the request that asked for it, and may outlive the process that began it."""

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q


class JobStatus(models.TextChoices):
    """Where a job stands; all but the first two are final, until somebody has it tried again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    """The words in which jobs are asked for."""

    def unfinished(self) -> Self:
        """Those that wait or run."""
        return self.filter(status__in=UNFINISHED)

    def free(self, now: datetime) -> Self:
        """Those that a process may claim, oldest first: they wait, or the process that had them died."""
        died = Q(status=JobStatus.RUNNING, claim_expires_at__lt=now)
        return self.filter(Q(status=JobStatus.QUEUED) | died).order_by("queued_at", "pk")

    def claimed(self, claim: str) -> Self:
        """Those that run under this claim."""
        return self.filter(status=JobStatus.RUNNING, claim=claim)


class Job(models.Model):
    """The row of a job; everything that happens to it is told by the topic ``job:<id>`` in the same transaction.

    done, total, result: the newest progress that is safe, which is where a resumable job goes on. claim: which run of
    which process has it, until ``claim_expires_at`` unless that is renewed. attempts: runs begun that were not given
    back. begin_seq: the place in the topic of the ``job.queued`` that it was started, or tried again, with.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=64)
    params = models.JSONField(default=dict)
    owner = models.CharField(max_length=64)  # an Identity's id
    owner_name = models.CharField(max_length=150)
    key = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001 - NULL: no key, so that keys are unique
    status = models.CharField(max_length=12, choices=JobStatus.choices, default=JobStatus.QUEUED)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)  # {"code", "message"}
    attempts = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    claim = models.CharField(max_length=80, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    begin_seq = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"], condition=Q(key__isnull=False), name="job_owner_key_unique"
            ),
            models.CheckConstraint(condition=Q(status__in=JobStatus.values), name="job_status_known"),
        ]
        indexes = [
            models.Index(fields=["queued_at"], condition=Q(status__in=UNFINISHED), name="job_unfinished"),
            models.Index(fields=["owner", "-created_at"], name="job_owner_created"),
            models.Index(fields=["ended_at"], name="job_ended_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def topic(self) -> str:
        """The name of its topic."""
        return f"job:{self.id}"

    @property
    def is_over(self) -> bool:
        """Whether its status is final."""
        return self.status not in UNFINISHED
