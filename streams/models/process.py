"""A process: one that serves this site, with its vital signs, for as long as it renews its lease."""

from datetime import datetime
from typing import Any, Self

from django.db import models


class ProcessQuerySet(models.QuerySet["Process"]):
    """The words in which processes are asked for."""

    def alive(self, now: datetime) -> Self:
        """Those whose lease runs."""
        return self.filter(expires_at__gt=now)

    def dead(self, now: datetime) -> Self:
        """Those that ended without a word, or can't reach the database."""
        return self.filter(expires_at__lte=now)


class Process(models.Model):
    """Renewed once a beat by the process itself; one that dies is taken for dead when ``expires_at`` has passed.

    name: host, process id and four random letters. signs: ``connections.vitals`` says what is in them.
    """

    name = models.CharField(max_length=64, primary_key=True)
    server = models.CharField(max_length=20)  # what it is served by: Daphne, uvicorn
    draining = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    signs: "models.JSONField[dict[str, Any]]" = models.JSONField(default=dict)

    objects = ProcessQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]
        verbose_name_plural = "processes"
        permissions = [("drain_process", "Can drain processes")]

    def __str__(self) -> str:
        return self.name
