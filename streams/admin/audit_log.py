"""The audit log: who did what to what, when; Django's own log entries, which nobody changes here."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from streams.admin.base import ReadOnly
from streams.admin.columns import column
from streams.admin.words import exact, link

MAX_STAFF = 100
ACTIONS = {ADDITION: "made", CHANGE: "changed", DELETION: "deleted"}


class WhoFilter(admin.SimpleListFilter):
    """By who did it: of the staff there are few, of users there may be many."""

    title, parameter_name = "user", "user"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The staff."""
        staff = get_user_model().objects.filter(is_staff=True).order_by("username")
        return [(str(user.pk), user.get_username()) for user in staff[:MAX_STAFF]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        """What one did."""
        value = self.value() or ""
        return queryset.filter(user_id=int(value)) if value.isdecimal() and len(value) < 19 else queryset


class LogEntryAdmin(ReadOnly):
    """Every act of the staff."""

    list_display = ("moment", "user", "what", "kind", "on", "told")
    list_display_links = ("moment",)
    list_filter = (WhoFilter, "action_flag", "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("object_repr", "object_id", "change_message", "user__username")
    search_help_text = "The object, what was done, or who did it"
    ordering = ("-id",)
    fields = (("moment", "user"), ("what", "kind", "on"), "told")
    readonly_fields = ("moment", "user", "what", "kind", "on", "told")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """``admin.view_logentry``."""
        return request.user.has_perm("admin.view_logentry")

    @column("Time", ordering="id")
    def moment(self, entry: LogEntry) -> str:
        """To the second."""
        return exact(entry.action_time)

    @column("Action", ordering="action_flag", label={"made": "success", "changed": "info", "deleted": "danger"})
    def what(self, entry: LogEntry) -> str:
        """In a word."""
        return ACTIONS.get(entry.action_flag, "")

    @column("Kind", ordering="content_type")
    def kind(self, entry: LogEntry) -> str:
        """Of the object."""
        return entry.content_type.name if entry.content_type is not None else ""

    @column("Object", ordering="object_repr")
    def on(self, entry: LogEntry) -> SafeString | str:
        """A link to what is still there."""
        kind = entry.content_type
        if kind is None or entry.is_deletion() or not entry.object_id:
            return entry.object_repr
        try:
            return link(
                reverse(f"admin:{kind.app_label}_{kind.model}_change", args=[entry.object_id]), entry.object_repr
            )
        except NoReverseMatch:
            return entry.object_repr

    @column("In words")
    def told(self, entry: LogEntry) -> str:
        """What was done."""
        return entry.get_change_message()
