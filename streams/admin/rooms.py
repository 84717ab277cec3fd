"""Rooms; their topics come with them, and what was asked in them costs."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import DELETION
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from streams.admin.base import Panel, Question, ask, to_list
from streams.admin.columns import column
from streams.admin.topic_acts import ConfirmForm, clear
from streams.admin.words import ago, link, money, number
from streams.chat.changing import tell_changes
from streams.chat.room_topics import ensure_topics, keep_in_step, topics_of
from streams.connections.operate import audit
from streams.models import Generation, LiveConnection, Member, Message, Room
from streams.publishing import identify

SPENT_DAYS = 30


class Members(TabularInline):
    """Who is what in a room; changed on the room's own page, where it is told."""

    model = Member
    fields = readonly_fields = ("name", "person", "role", "muted_until", "joined_at")
    extra = 0
    can_delete = False
    show_change_link = False
    per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may, here."""
        return False

    has_change_permission = has_add_permission


class RoomAdmin(Panel):
    """Rooms: a slug is on the wire, so it is for life."""

    list_display = (
        "title", "slug", "kind", "people", "readers_now", "messages_said", "events", "answers", "tokens", "spend",
        "created",
    )  # fmt: skip
    list_filter = ("kind",)
    list_select_related = ("topic",)
    search_fields = ("title", "slug", "description")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (None, {"fields": ("title", "slug", "description", "kind", "people_page")}),
        ("Claude", {"fields": ("model", "system", "thinking", "budget_usd")}),
    )
    inlines = (Members,)
    actions = None  # a room is deleted with its logs, one at a time

    def prepare(self, rows: Iterable[Any]) -> None:
        """With what all rooms spent and who reads them, asked once."""
        now = timezone.now()
        asked = Generation.objects.asked_between(now - timedelta(days=SPENT_DAYS), now).exclude(topic=None)
        spent = {row["topic"]: row for row in asked.spent_by("topic")}
        readers = LiveConnection.objects.readers(now)
        for room in rows:
            room.spent, room.readers_count = spent.get(room.topic_id, {}), readers.get(room.topic.name, 0)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        """With how many people each names, and how much was said in it."""
        people = Member.objects.within().filter(room=OuterRef("pk")).order_by().values("room").annotate(n=Count("pk"))
        said = Message.objects.filter(topic=OuterRef("topic")).order_by().values("topic").annotate(n=Count("pk"))
        counted = {"people_count": Subquery(people.values("n")), "messages_count": Subquery(said.values("n"))}
        return super().get_queryset(request).annotate(**counted)

    @column("People", ordering="people_count")
    def people(self, room: Any) -> str:
        """Its members; of a public one those that it names."""
        return number(room.people_count or 0)

    @column("Messages", ordering="messages_count")
    def messages_said(self, room: Any) -> str:
        """Those that were deleted keep their place, and count."""
        return number(room.messages_count or 0)

    @column("Its people")
    def people_page(self, room: Room) -> SafeString | str:
        """Where people are invited, given roles, muted and removed: everybody in the room is told there."""
        return link(reverse("room-settings", args=[room.slug]), "The room's settings") if room.pk else ""

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
        return ("people_page",) if obj is None else ("slug", "people_page")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Room | None = None) -> Any:
        """Only where the slug can still be written."""
        return self.prepopulated_fields if obj is None else {}

    def save_model(self, request: HttpRequest, obj: Room, form: Any, change: bool) -> None:
        """Make the room's topics with it, and keep their readers in step with its kind; tell what has changed."""
        if not change:
            obj.topic = ensure_topics(obj.slug, title=obj.title, kind=obj.kind)
        super().save_model(request, obj, form, change)
        if not change or "kind" in form.changed_data:
            keep_in_step(obj)
        if change:
            tell_changes(obj, identify(request.user, request.session, {}), form.changed_data)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        """Asked with the slug; the logs go in small steps, as those of topics do."""
        room = self.get_object(request, unquote(object_id))
        if room is None:
            raise Http404(f"no room {object_id}")
        if not (self.has_delete_permission(request, room) and request.user.has_perm("streams.delete_topic")):
            raise PermissionDenied
        return delete_room_page(self, request, room)


def delete_room_page(panel: Panel, request: HttpRequest, room: Any) -> HttpResponseBase:
    """Says what goes with it, and has the slug typed."""
    form = ConfirmForm(request.POST or None, name=room.slug, label="Type the room's slug")
    if request.method == "POST" and form.is_valid():
        topics = topics_of(room)
        audit(request.user, room, f"deleted ({room.messages_count or 0} messages)", flag=DELETION)
        room.delete()
        for topic in topics:
            clear(panel, request, topic, "delete")
        return to_list(panel)
    told = (
        f"The room goes with its {number(room.messages_count or 0)} messages, all answers, its people and both of its "
        "topics. Those who read it are told that it is gone. This can't be undone.",
        "Files of the room stay; their owners and the staff may have them.",
    )
    return ask(panel, request, form, Question(f"Delete {room.title}", "Delete", told, danger=True), room)
