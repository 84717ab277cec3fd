"""A generation: one answer of a model."""

import uuid

from django.db import models

from streams.models.price import GenerationQuerySet
from streams.models.topic import Topic


class GenerationStatus(models.TextChoices):
    """Where an answer stands. Queued, running and retrying are open; the others are final."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


WRITTEN = (GenerationStatus.RUNNING, GenerationStatus.RETRYING)  # one of a room at a time
OPEN = (GenerationStatus.QUEUED, *WRITTEN)


class Generation(models.Model):
    """The row of an answer; while it grows, its text is the ``generation.delta`` events of its room's topic.

    topic, start_seq, end_seq: the room's log and the places of ``generation.start`` and ``.end`` in it; NULL for
    ``POST /chat``, where ``conversation`` ties questions together. message_seq: the message that it answers. The
    answers to one message are its versions, 1, 2, …: another one is made by asking again, and by editing the question,
    whose words at that time are ``question``. ``chosen`` is the one that is shown and that the model is told of later.
    owner, renewed_at: the process that writes it, and its lease: an open answer that is not renewed belongs to a
    process that died. stop_requested_by: who (an Identity's id) wants it to end. html shows the first ``html_chars``
    characters of the text. estimated: the output tokens are reckoned from the text, as the vendor did not tell them.
    left_out: how many of the oldest messages the model was not told, with the answers to them. reserved_usd: while it
    is open, what it may cost at most, where a limit holds. guest_at: of a guest, whose address it is, hashed:
    names are for the taking.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.ForeignKey(Topic, null=True, blank=True, on_delete=models.CASCADE, related_name="generations")
    start_seq = models.PositiveBigIntegerField(null=True, blank=True)
    end_seq = models.PositiveBigIntegerField(null=True, blank=True)
    conversation = models.UUIDField(null=True, blank=True, db_index=True)
    message_seq = models.PositiveBigIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    chosen = models.BooleanField(default=True)
    asked_by = models.CharField(max_length=64)
    asked_by_name = models.CharField(max_length=150, blank=True)
    question = models.TextField()
    model = models.CharField(max_length=100)
    label = models.CharField(max_length=40)
    demo = models.BooleanField(default=False)
    status = models.CharField(
        max_length=12, choices=GenerationStatus.choices, default=GenerationStatus.RUNNING, db_index=True
    )
    owner = models.CharField(max_length=64, blank=True)
    stop_requested_by = models.CharField(max_length=64, blank=True)
    stop_requested_by_name = models.CharField(max_length=150, blank=True)
    attempt = models.PositiveIntegerField(default=1)
    retry_at = models.DateTimeField(null=True, blank=True)
    text = models.TextField(blank=True)
    thinking = models.TextField(blank=True)
    html = models.TextField(blank=True)
    html_chars = models.PositiveIntegerField(default=0)
    stop_reason = models.CharField(max_length=40, blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    cache_read_tokens = models.PositiveIntegerField(default=0)  # part of input_tokens
    cache_write_tokens = models.PositiveIntegerField(default=0)  # part of input_tokens
    thinking_tokens = models.PositiveIntegerField(default=0)  # part of output_tokens
    estimated = models.BooleanField(default=False)
    left_out = models.PositiveIntegerField(default=0)
    reserved_usd = models.FloatField(null=True, blank=True, editable=False)
    guest_at = models.CharField(max_length=32, blank=True, editable=False)
    error_type = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    error_retryable = models.BooleanField(default=False)
    request_id = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    first_text_at = models.DateTimeField(null=True, blank=True)
    renewed_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    compacted_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        verbose_name = "answer"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="generation_created"),
            models.Index(fields=["topic", "message_seq"], name="generation_topic_message"),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(compacted_at__isnull=True, end_seq__isnull=False),
                name="generation_to_compact",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["topic", "start_seq"], name="generation_topic_start_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.id}"

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.status in OPEN
