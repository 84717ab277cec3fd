"""A room: a topic where people and Claude talk; and who is what in it."""

from collections.abc import Collection
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from streams.models.topic import Topic


class RoomKind(models.TextChoices):
    """Who may come in."""

    PUBLIC = "public", "whoever is signed in, and guests where guests are allowed"
    INVITATION = "invitation", "its members, and whoever opens its invitation link"
    DIRECT = "direct", "two people"


class Role(models.TextChoices):
    """What one is in a room; in a public room whoever has no row is a member."""

    OWNER = "owner", "owner: may change the room, invite, mute and remove, and stop any answer"
    MEMBER = "member", "member: may read and talk"
    READER = "reader", "reader: may read"
    REMOVED = "removed", "removed: may neither read nor talk"


class Room(models.Model):
    """Its log is the topic ``room:<slug>``; whoever may read that may read the room.

    What passes and need not be kept, who is here and who is typing, goes to the topic ``room:<slug>:live``. model:
    empty is the site's default. system: what the model is told beside the talk. budget_usd: what its answers may cost
    in a calendar month (UTC); NULL is the site's limit. invitation: the secret of the link that lets people in; empty:
    there is none.
    """

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=10, choices=RoomKind.choices, default=RoomKind.PUBLIC)
    topic = models.OneToOneField(Topic, on_delete=models.PROTECT, related_name="room")
    model = models.CharField(max_length=100, blank=True)
    system = models.TextField(blank=True)
    thinking = models.BooleanField(default=False, help_text="Ask the model to think first, and show what it thinks.")
    budget_usd = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    invitation = models.CharField(max_length=40, blank=True, editable=False)
    created_by = models.CharField(max_length=64, blank=True, editable=False)  # an Identity's id
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=RoomKind.values), name="room_kind_known"),
        ]

    def __str__(self) -> str:
        return self.title


class MemberQuerySet(models.QuerySet["Member"]):
    """The words in which members are asked for."""

    def muted(self, now: datetime) -> Self:
        """Those who may not talk for a while."""
        return self.filter(muted_until__gt=now)

    def guests(self) -> Self:
        """Those who have no account; none of them owns a room."""
        return self.filter(person__startswith="g:", user=None).exclude(role=Role.OWNER)

    def within(self) -> Self:
        """Those who may read."""
        return self.exclude(role=Role.REMOVED)

    def shut_out(self, people: Collection[str]) -> Self:
        """Where one of these persons was removed."""
        return self.filter(person__in=people, role=Role.REMOVED)


class Member(models.Model):
    """What a person is in a room, and how far they have read it.

    person: an Identity's id; user: theirs, of those who have an account. read_seq: everything up to there was seen.
    """

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="members")
    person = models.CharField(max_length=64)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    name = models.CharField(max_length=150)
    role = models.CharField(max_length=7, choices=Role.choices, default=Role.MEMBER)
    muted_until = models.DateTimeField(null=True, blank=True)
    read_seq = models.PositiveBigIntegerField(default=0)
    joined_at = models.DateTimeField(auto_now_add=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["room", "person"], name="member_room_person_unique"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_role_known"),
        ]
        indexes = [models.Index(fields=["person"], name="member_person")]

    def __str__(self) -> str:
        return f"{self.name}, {self.role}"
