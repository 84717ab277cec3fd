"""A topic: the head of one log, and who may read it."""

import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

EPOCH_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_epoch() -> str:
    """Eight characters that no earlier life of the log had: part of every event's id."""
    return "".join(secrets.choice(EPOCH_ALPHABET) for _ in range(8))


class Visibility(models.TextChoices):
    """Who may read a topic."""

    PUBLIC = "public", "everyone"
    MEMBERS = "members", "people who are signed in, and guests where guests are allowed"
    PRIVATE = "private", "staff, the readers and groups that the topic names, and tokens whose pattern names it"


class SlowReaders(models.TextChoices):
    """What becomes of a reader that falls behind."""

    REPLAY = "replay", "served from the log: slowly, and losing nothing"
    SKIP = "skip", "set to the newest event, and told how many it missed"
    DISCONNECT = "disconnect", "disconnected, and told how far behind it was"


class TopicQuerySet(models.QuerySet["Topic"]):
    """The words in which topics are asked for."""

    def naming(self, user_id: int | None) -> Self:
        """Topics that name a user, or a group of theirs, as readers."""
        return self.filter(Q(readers=user_id) | Q(reader_groups__user=user_id))


class Topic(models.Model):
    """The head of a log. ``head`` is the sequence number of the newest event and only ever grows within an epoch."""

    name = models.CharField(max_length=128, unique=True)
    description = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=64, blank=True, editable=False)  # whose it is (an Identity's id): may read it
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    head = models.PositiveBigIntegerField(default=0, editable=False)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS)
    readers = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="readable_topics", help_text="Of a private topic."
    )
    reader_groups = models.ManyToManyField(
        "auth.Group", blank=True, related_name="readable_topics", help_text="Of a private topic."
    )
    slow_readers = models.CharField(max_length=10, choices=SlowReaders.choices, default=SlowReaders.REPLAY)
    max_lag = models.PositiveIntegerField(
        null=True, blank=True, help_text="Events behind which a reader is slow; empty: as many as memory holds."
    )
    retain_events = models.PositiveIntegerField(null=True, blank=True, help_text="Events kept; empty: the default.")
    retain_s = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds kept; empty: the default.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TopicQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [
            ("trim_topic", "Can trim topics by hand"),
            ("reset_topic", "Can reset topics with a new epoch"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(visibility__in=Visibility.values), name="topic_visibility_known"),
            models.CheckConstraint(
                condition=models.Q(slow_readers__in=SlowReaders.values), name="topic_slow_readers_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name
