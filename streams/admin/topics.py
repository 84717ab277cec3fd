"""Topics: where each log stands, and who reads it."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from streams.admin.base import Panel
from streams.admin.columns import button, column
from streams.admin.topic_acts import delete_page, publish_page, reset_page, trim_page
from streams.admin.words import ago, duration, link, number
from streams.conf import get_settings
from streams.errors import InvalidTopicName
from streams.eventlog.browse import rate_per_s
from streams.models import Event, LiveConnection, Topic
from streams.wire.names import check_topic_name


class TopicAdmin(Panel):
    """Topics: a name is for life, since it is on the wire."""

    list_display = (
        "name", "head_shown", "kept", "readers_now", "rate", "retention", "slow_readers_shown", "visibility_shown",
        "last_event",
    )  # fmt: skip
    list_filter = ("visibility", "slow_readers")
    search_fields = ("name", "description")
    search_help_text = "Name or description"
    autocomplete_fields = ("readers", "reader_groups")  # there may be more users than a page can list
    readonly_fields = (
        "head_shown", "kept", "readers_now", "rate", "last_event", "live_page", "retention", "epoch", "created_at",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("name", "description")}),
        (
            "The log",
            {
                "fields": (
                    ("head_shown", "kept", "rate"),
                    ("readers_now", "last_event", "live_page"),
                    ("epoch", "created_at"),
                )
            },
        ),
        ("Who may read", {"fields": ("visibility", "readers", "reader_groups")}),
        ("Slow readers", {"fields": (("slow_readers", "max_lag"),)}),
        ("What is kept", {"fields": (("retain_events", "retain_s"), "retention")}),
    )
    add_fieldsets = tuple(one for one in fieldsets if one[0] != "The log")
    actions_detail = ("publish", "trim", "reset")
    actions = None  # of many topics nothing is done at once
    change_form_show_cancel_button = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        """With the ends of the logs, each by two looks into an index."""
        events = Event.objects.filter(topic=OuterRef("pk")).order_by()
        first = events.order_by("seq").values("seq")[:1]
        last = events.order_by("-seq").values("created_at")[:1]
        return super().get_queryset(request).annotate(first_seq=Subquery(first), last_event_at=Subquery(last))

    def prepare(self, rows: Iterable[Any]) -> None:
        """With the readers of all topics, counted once."""
        counts = LiveConnection.objects.readers(timezone.now())
        for topic in rows:
            topic.readers_count = counts.get(topic.name, 0)

    @column("Head", ordering="head")
    def head_shown(self, topic: Topic) -> str:
        """The number of the newest event."""
        return number(topic.head)

    @column("Kept")
    def kept(self, topic: Any) -> SafeString | str:
        """How many events are kept, reckoned from their numbers: nothing is counted."""
        page = reverse("admin:streams_event_changelist")
        count = number(0 if topic.first_seq is None else topic.head - topic.first_seq + 1)
        return link(f"{page}?{urlencode({'topic': topic.name})}", count)

    @column("Live page")
    def live_page(self, topic: Topic) -> SafeString | str:
        """Where it is watched."""
        return link(reverse("topic", args=[topic.name]), reverse("topic", args=[topic.name]))

    @column("Readers now")
    def readers_now(self, topic: Any) -> SafeString | str:
        """Live connections in all processes."""
        count = topic.readers_count
        page = reverse("admin:streams_liveconnection_changelist")
        return link(f"{page}?{urlencode({'topic': topic.name})}", number(count)) if count else "0"

    @column("Events/s")
    def rate(self, topic: Any) -> str:
        """Of the last minute, about."""
        rate = rate_per_s(topic.pk, topic.head, timezone.now())
        return f"{rate:,.1f}" if rate >= 0.1 else ("0" if not rate else f"{rate:.2f}")

    @column("Retention")
    def retention(self, topic: Topic) -> str:
        """What is kept, defaults included."""
        settings = get_settings()
        events = settings.retain_events if topic.retain_events is None else topic.retain_events
        seconds = settings.retain_s if topic.retain_s is None else topic.retain_s
        default = " (default)" if topic.retain_events is None and topic.retain_s is None else ""
        return f"{number(events)} events, {duration(seconds)}{default}"

    @column("Slow readers", ordering="slow_readers")
    def slow_readers_shown(self, topic: Topic) -> str:
        """In a word."""
        return topic.slow_readers + (f" at {number(topic.max_lag)}" if topic.max_lag is not None else "")

    @column(
        "Visibility",
        ordering="visibility",
        label={"public": "success", "members": "info", "private": "warning"},
    )
    def visibility_shown(self, topic: Topic) -> str:
        """In a word."""
        return topic.visibility

    @column("Last event", ordering="last_event_at")
    def last_event(self, topic: Any) -> SafeString | str:
        """When the newest kept event was appended."""
        return ago(topic.last_event_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> Any:
        """The name can be written only while the topic is made."""
        return ("retention",) if obj is None else ("name", *self.readonly_fields)

    def get_form(self, request: HttpRequest, obj: Topic | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Check the name as publishing does."""
        form = super().get_form(request, obj, change, **kwargs)
        if "name" in form.base_fields:
            form.base_fields["name"].validators.append(_valid_name)
        return form

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponseBase:
        """Asked with the name, done in small steps: Django's own would gather every event first."""
        topic = self._topic(request, object_id)
        if not self.has_delete_permission(request, topic):
            raise PermissionDenied
        return delete_page(self, request, topic)

    @button("Publish", icon="send", permission="streams.add_event", path="publish")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Append an event."""
        return publish_page(self, request, self._topic(request, object_id))

    @button("Trim", icon="content_cut", permission="streams.trim_topic", path="trim")
    def trim(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Delete old events."""
        return trim_page(self, request, self._topic(request, object_id))

    @button("Reset", icon="restart_alt", permission="streams.reset_topic", path="reset")
    def reset(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Begin anew."""
        return reset_page(self, request, self._topic(request, object_id))

    def _topic(self, request: HttpRequest, object_id: str) -> Topic:
        from django.http import Http404

        topic = self.get_object(request, object_id)
        if topic is None:
            raise Http404(f"no topic {object_id}")
        return topic


def _valid_name(name: str) -> None:
    try:
        check_topic_name(name)
    except InvalidTopicName as error:
        raise ValidationError(str(error)) from None
