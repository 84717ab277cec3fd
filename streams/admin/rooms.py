"""Rooms; their topics come with them, and what was asked in them costs."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from streams.admin.base import Panel
from streams.admin.columns import column
from streams.admin.words import ago, link, money, number
from streams.models import Generation, LiveConnection, Room, Topic

SPENT_DAYS = 30


class RoomAdmin(Panel):
    """Rooms: a slug is on the wire, so it is for life."""

    list_display = ("title", "slug", "readers_now", "events", "answers", "tokens", "spend", "created")
    list_select_related = ("topic",)
    search_fields = ("title", "slug", "description")
    prepopulated_fields = {"slug": ("title",)}
    exclude = ("topic",)

    def prepare(self, rows: Iterable[Any]) -> None:
        """With what all rooms spent and who reads them, asked once."""
        now = timezone.now()
        asked = Generation.objects.asked_between(now - timedelta(days=SPENT_DAYS), now).exclude(topic=None)
        spent = {row["topic"]: row for row in asked.spent_by("topic")}
        readers = LiveConnection.objects.readers(now)
        for room in rows:
            room.spent, room.readers_count = spent.get(room.topic_id, {}), readers.get(room.topic.name, 0)

    @column("Readers now")
    def readers_now(self, room: Any) -> str:
        """Live connections to its topic."""
        return number(room.readers_count)

    @column("Events", ordering="topic__head")
    def events(self, room: Room) -> SafeString:
        """The head of its log."""
        return link(reverse("admin:streams_topic_change", args=[room.topic_id]), number(room.topic.head))

    @column(f"Answers, {SPENT_DAYS} d")
    def answers(self, room: Any) -> str:
        """Asked for lately."""
        return number(room.spent.get("answers", 0))

    @column("Tokens in / out")
    def tokens(self, room: Any) -> str:
        """Of those answers."""
        spent = room.spent
        return f"{number(spent.get('input_tokens', 0))} / {number(spent.get('output_tokens', 0))}"

    @column("Spend")
    def spend(self, room: Any) -> str:
        """Of those answers, by the list prices."""
        return money(room.spent.get("spend_usd", 0.0))

    @column("Made", ordering="created_at")
    def created(self, room: Room) -> SafeString | str:
        """How long ago."""
        return ago(room.created_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """A slug is on the wire: it is for life."""
        return () if obj is None else ("slug",)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """Only where the slug can still be written."""
        return self.prepopulated_fields if obj is None else {}

    def save_model(self, request: HttpRequest, obj: Room, form: Any, change: bool) -> None:
        """Make the room's topic with it."""
        if not change:
            obj.topic, _ = Topic.objects.get_or_create(
                name=f"room:{obj.slug}", defaults={"description": f"Everything said in {obj.title}"}
            )
        super().save_model(request, obj, form, change)
