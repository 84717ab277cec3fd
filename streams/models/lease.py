"""A lease: a claim on a piece of work that expires unless it is renewed."""

from django.db import models


class Lease(models.Model):
    """At most one owner at a time; an owner that dies loses it when ``expires_at`` has passed."""

    name = models.CharField(max_length=64, unique=True)
    owner = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} held by {self.owner}"
