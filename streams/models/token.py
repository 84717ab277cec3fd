"""A bearer token for programs: what it may do is written beside its digest."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q


class TokenQuerySet(models.QuerySet["Token"]):
    """The words in which tokens are asked for."""

    def good(self, now: datetime) -> Self:
        """Those that are neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


class Token(models.Model):
    """Hashed at rest: the text is shown once, when the token is made.

    ``publish`` and ``read`` are topic patterns, separated by spaces; ``*`` stands for any run of characters. One that
    belongs to a ``user`` may nothing that they may not.
    """

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, hex
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    publish = models.CharField(max_length=500, blank=True)
    read = models.CharField(max_length=500, blank=True)
    chat = models.BooleanField(default=False)
    files = models.BooleanField(default=False, help_text="May have what members may have, and add files of its own.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def max_chars(cls, field: str) -> int:
        """How long the text of a field may be."""
        return int(getattr(cls._meta.get_field(field), "max_length", 0))

    def flaw(self, now: datetime) -> str | None:
        """Why it is no good at ``now``, to go after "the token"; None if it is good. Looks at its user."""
        if self.revoked_at is not None:
            return "was revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "has expired"
        if self.user is not None and not self.user.is_active:
            return "belongs to a user who is disabled"
        return None
