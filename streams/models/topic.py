"""A topic: the head of one log, and who may read it."""

import secrets

from django.db import models

EPOCH_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def new_epoch() -> str:
    """Eight characters that no earlier life of the log had: part of every event's id."""
    return "".join(secrets.choice(EPOCH_ALPHABET) for _ in range(8))


class Visibility(models.TextChoices):
    """Who may read a topic."""

    PUBLIC = "public", "everyone"
    MEMBERS = "members", "people who are signed in, and guests where guests are allowed"
    PRIVATE = "private", "staff, and tokens whose pattern names it"


class Topic(models.Model):
    """The head of a log. ``head`` is the sequence number of the newest event and only ever grows within an epoch."""

    name = models.CharField(max_length=128, unique=True)
    description = models.CharField(max_length=200, blank=True)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    head = models.PositiveBigIntegerField(default=0, editable=False)
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS)
    retain_events = models.PositiveIntegerField(null=True, blank=True, help_text="Events kept; empty: the default.")
    retain_s = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds kept; empty: the default.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(visibility__in=Visibility.values), name="topic_visibility_known")
        ]

    def __str__(self) -> str:
        return self.name
