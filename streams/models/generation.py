"""A generation: one answer of a model."""

import uuid

from django.db import models

from streams.models.price import GenerationQuerySet
from streams.models.topic import Topic


class GenerationStatus(models.TextChoices):
    """Where an answer stands; all but ``running`` are final."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Generation(models.Model):
    """The row of an answer; while it grows, its text is the ``generation.delta`` events of its room's topic.

    topic, start_seq, end_seq: the room's log and the places of ``generation.start`` and ``.end`` in it; NULL for
    ``POST /chat``, where ``conversation`` ties questions together. ``renewed_at`` is the owner's lease: a running
    answer that is not renewed belongs to a process that died.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.CASCADE, related_name="generations")
    start_seq = models.PositiveBigIntegerField(null=True, blank=True)
    end_seq = models.PositiveBigIntegerField(null=True, blank=True)
    conversation = models.UUIDField(null=True, blank=True, db_index=True)
    asked_by = models.CharField(max_length=64)
    question = models.TextField()
    model = models.CharField(max_length=100)
    label = models.CharField(max_length=40)
    demo = models.BooleanField(default=False)
    status = models.CharField(
        max_length=12, choices=GenerationStatus.choices, default=GenerationStatus.RUNNING, db_index=True
    )
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    stop_reason = models.CharField(max_length=40, blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    error_type = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    error_retryable = models.BooleanField(default=False)
    request_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    renewed_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        verbose_name = "answer"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at"], name="generation_created")]
        constraints = [
            models.UniqueConstraint(fields=["topic", "start_seq"], name="generation_topic_start_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.id}"
