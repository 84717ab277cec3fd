"""An event: one row of a topic's log."""

from typing import Self

from django.db import models

from streams.models.topic import Topic


class EventQuerySet(models.QuerySet["Event"]):
    """The words in which the log is asked."""

    def of(self, topic_id: int) -> Self:
        """Events of one topic, oldest first."""
        return self.filter(topic_id=topic_id).order_by("seq")

    def after(self, seq: int) -> Self:
        """Events that a reader at ``seq`` has not seen."""
        return self.filter(seq__gt=seq)


class Event(models.Model):
    """One row of a log; ``data`` is the JSON text that goes on the wire, byte for byte."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveBigIntegerField()
    type = models.CharField(max_length=128, default="message")
    data = models.TextField()
    key = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001 - NULL: no key, so that keys are unique
    created_at = models.DateTimeField()

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "seq"], name="event_topic_seq_unique"),
            models.UniqueConstraint(
                fields=["topic", "key"], condition=models.Q(key__isnull=False), name="event_topic_key_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"
