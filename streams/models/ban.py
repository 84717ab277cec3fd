"""A ban: a person or an address that may open no streams, and say nothing, for a time."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models


class BanKind(models.TextChoices):
    """What is banned."""

    WHO = "who", "person or token"
    ADDRESS = "address", "address"


class BanQuerySet(models.QuerySet["Ban"]):
    """The words in which bans are asked for."""

    def active(self, now: datetime) -> Self:
        """Those that hold."""
        return self.filter(until__gt=now)


class Ban(models.Model):
    """value: an Identity's id (``u:7``, ``g:…``, ``t:3``), or an address as the connections show it."""

    kind = models.CharField(max_length=7, choices=BanKind.choices)
    value = models.CharField(max_length=64)
    name = models.CharField(max_length=150, blank=True)  # of the person, as it was shown
    reason = models.CharField(max_length=200, blank=True)  # which the banned are told
    until = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    objects = BanQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=BanKind.values), name="ban_kind_known")]

    def __str__(self) -> str:
        return self.name or self.value
