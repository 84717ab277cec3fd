"""A file: bytes on the disk, and who may have them."""

import uuid
from datetime import datetime
from typing import Self
from urllib.parse import quote

from django.db import models
from django.db.models import Q, QuerySet

from streams.models.room import Room
from streams.models.topic import Visibility

MAX_NAME_BYTES = 150


class FileQuerySet(QuerySet["File"]):
    """The words in which files are asked for."""

    def whole(self) -> Self:
        """Files that can be had."""
        return self.filter(expires_at=None)

    def partial(self) -> Self:
        """Uploads that are not finished."""
        return self.exclude(expires_at=None)

    def expired(self, now: datetime) -> Self:
        """Uploads that nobody has gone on with for too long."""
        return self.filter(expires_at__lt=now)


class File(models.Model):
    """A file, or an upload on its way to be one: then ``expires_at`` is set, and ``received`` is below ``size``.

    The bytes lie under the id, never under the name. They never change: another content is another file, with another
    id, even under the same name. ``received`` counts bytes that are safe on the disk; what lies behind them is void.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=MAX_NAME_BYTES)
    size = models.PositiveBigIntegerField()  # bytes
    received = models.PositiveBigIntegerField(default=0, editable=False)  # bytes
    content_type = models.CharField(max_length=100, default="application/octet-stream")
    sha256 = models.CharField(max_length=64, blank=True, editable=False)  # hex; empty: nobody has reckoned it yet
    visibility = models.CharField(max_length=8, choices=Visibility.choices, default=Visibility.MEMBERS)
    room = models.ForeignKey(
        Room, null=True, blank=True, on_delete=models.SET_NULL, related_name="files",
        help_text="Of a private file: whoever may read the room may have it.",
    )  # fmt: skip
    owner = models.CharField(max_length=64, editable=False)
    owner_name = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = FileQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(expires_at=None), name="file_name_unique"),
            models.CheckConstraint(condition=Q(visibility__in=Visibility.values), name="file_visibility_known"),
            models.CheckConstraint(condition=Q(received__lte=models.F("size")), name="file_received_within_size"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="file_expires_at")]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """Where it can be had, below the site's root."""
        return f"/files/{quote(self.name)}"

    @property
    def is_whole(self) -> bool:
        """Whether it can be had."""
        return self.expires_at is None
