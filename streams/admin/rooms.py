"""Rooms; their topics come with them, and what was asked in them costs."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
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

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With what all rooms spent and who reads them, asked once."""
        now = timezone.now()
        asked = Generation.objects.asked_between(now - timedelta(days=SPENT_DAYS), now).exclude(topic=None)
        request.streams_spent = {row["topic"]: row for row in asked.spent_by("topic")}  # type: ignore[attr-defined]
        request.streams_readers = LiveConnection.objects.readers(now)  # type: ignore[attr-defined]
        return super().changelist_view(request, extra_context)

    def _spent(self, room: Room) -> dict[str, Any]:
        row: dict[str, Any] = self.request.streams_spent.get(room.topic_id, {})
        return row

    @column("Readers now")
    def readers_now(self, room: Room) -> str:
        """Live connections to its topic."""
        return number(self.request.streams_readers.get(room.topic.name, 0))

    @column("Events", ordering="topic__head")
    def events(self, room: Room) -> SafeString:
        """The head of its log."""
        return link(reverse("admin:streams_topic_change", args=[room.topic_id]), number(room.topic.head))

    @column(f"Answers, {SPENT_DAYS} d")
    def answers(self, room: Room) -> str:
        """Asked for lately."""
        return number(self._spent(room).get("answers", 0))

    @column("Tokens in / out")
    def tokens(self, room: Room) -> str:
        """Of those answers."""
        spent = self._spent(room)
        return f"{number(spent.get('input_tokens', 0))} / {number(spent.get('output_tokens', 0))}"

    @column("Spend")
    def spend(self, room: Room) -> str:
        """Of those answers, by the list prices."""
        return money(self._spent(room).get("spend_usd", 0.0))

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
