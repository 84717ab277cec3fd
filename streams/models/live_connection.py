"""A live connection as the other processes see it: written behind, in batches, by the process that holds it."""

from collections import Counter
from datetime import datetime
from typing import Any, Self

from django.db import models

from streams.models.process import Process


class LiveConnectionQuerySet(models.QuerySet["LiveConnection"]):
    """The words in which connections are asked for."""

    def live(self, now: datetime) -> Self:
        """Those that are open in a process that lives."""
        return self.filter(closed_at=None, process__expires_at__gt=now)

    def closed(self) -> Self:
        """Those that ended, newest first; kept for a while."""
        return self.exclude(closed_at=None).order_by("-closed_at")

    def readers(self, now: datetime) -> dict[str, int]:
        """How many live connections read each topic, in all processes; those that nobody reads are left out."""
        counts: Counter[str] = Counter()
        together = self.live(now).order_by().values_list("topics").annotate(count=models.Count("pk"))
        for topics, count in together:
            for name in topics.split():
                counts[name] += count
        return dict(counts)

    def reading(self, topic: str) -> Self:
        """Those that read ``topic``."""
        return self.filter(topics__contains=f" {topic} ")


class LiveConnection(models.Model):
    """The row of an open stream or socket, or of one that has ended not long ago.

    topics: their names, each with a space before and after it. cursors: ``{topic: {"position": event id, "lag": n}}``.
    history: ``[[seconds since the epoch, what happened], …]``, the newest last. lag: events, of the cursor that is
    furthest behind. waiting_bytes: taken by the server and not yet by the socket. close_reason: a ``CloseReason``, or
    ``left``, ``ended``, ``failed``, ``died`` (its process did).
    """

    id = models.CharField(max_length=16, primary_key=True)
    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="connections")
    technique = models.CharField(max_length=12)
    who_id = models.CharField(max_length=64, blank=True, db_index=True)  # an Identity's id
    who_name = models.CharField(max_length=150, blank=True)
    who_kind = models.CharField(max_length=6)
    address = models.CharField(max_length=45, blank=True, db_index=True)
    user_agent = models.CharField(max_length=200, blank=True)
    topics = models.TextField(blank=True)
    cursors: "models.JSONField[dict[str, Any]]" = models.JSONField(default=dict)
    history: "models.JSONField[list[Any]]" = models.JSONField(default=list)
    opened_at = models.DateTimeField()
    last_sent_at = models.DateTimeField(null=True)
    events_out = models.PositiveBigIntegerField(default=0)
    bytes_out = models.PositiveBigIntegerField(default=0)
    lag = models.PositiveBigIntegerField(default=0)
    waiting_bytes = models.PositiveBigIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=20, blank=True)

    objects = LiveConnectionQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        default_permissions = ("view",)
        permissions = [
            ("end_connection", "Can end live connections"),
            ("notify_connection", "Can send notices to live connections"),
        ]
        indexes = [
            models.Index(fields=["-opened_at"], name="connection_opened"),
            models.Index(fields=["-closed_at"], name="connection_closed"),
            models.Index(fields=["-lag"], name="connection_lag"),
        ]

    def __str__(self) -> str:
        return f"{self.technique} of {self.who_name or self.who_id or 'nobody known'}"
