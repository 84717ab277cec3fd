"""Live connections: who is connected, who is the slow one, and a button to end it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms.widgets import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from streams.admin.base import ReadOnly
from streams.admin.columns import column
from streams.admin.connection_acts import ACTS, Act
from streams.admin.connection_filters import FILTERS
from streams.admin.words import ago, lasting
from streams.connections.vitals import short_name
from streams.errors import StreamsError
from streams.models import LiveConnection

PER_PAGE = 50  # a page is asked for every two seconds by each who looks
OTHERS = 20  # of the same person or address, on the page of one
SHOWN_CHARS = 60
REASONS = {
    "": "open",
    "left": "the client left",
    "ended": "done",
    "kicked": "disconnected by the staff",
    "lagged": "too slow for its topic",
    "unauthorized": "lost the right to read",
    "shutdown": "the server went down",
    "expired": "the topic is gone",
    "died": "its process died",
    "failed": "an error, see the log",
    "limit": "a limit was reached",
}
LABELS = {"sse": "success", "websocket": "info", "ndjson": "primary", "longpoll": "warning"}


class LiveConnectionAdmin(ReadOnly):
    """The rows that the processes write; looked at, and acted on."""

    list_display = (
        "who", "address", "how", "reads", "since", "sent_last", "events", "sent", "behind", "waits", "where", "agent",
    )  # fmt: skip
    list_filter = FILTERS
    list_filter_submit = True
    list_per_page = PER_PAGE
    list_select_related = ("process",)
    search_fields = ("who_name", "who_id", "address", "user_agent", "topics", "id__exact")
    search_help_text = "A name, an id, an address, a topic or a user agent"
    ordering = ("-opened_at",)
    change_form_template = "streams/admin/connection.html"
    list_before_template = "streams/admin/live.html"

    class Media:
        css = {"all": ("streams/css/admin-connections.css",)}
        js = (Script("streams/js/admin/live-list.js", type="module"),)

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Of those that have ended: why, in place of what waits for them."""
        closed = request.GET.get("state") == "closed"
        return ["ended" if closed and name == "waits" else name for name in self.list_display]

    # Columns

    @column("Who", ordering="who_name")
    def who(self, row: LiveConnection) -> str:
        """A name, as one would say it."""
        return row.who_name or {"nobody": "nobody known"}.get(row.who_kind, row.who_id)

    @column("Technique", ordering="technique", label=LABELS)
    def how(self, row: LiveConnection) -> str:
        """As a coloured word."""
        return row.technique

    @column("Topics", ordering="topics")
    def reads(self, row: LiveConnection) -> str:
        """The first ones."""
        topics = row.topics.strip()
        return topics if len(topics) <= SHOWN_CHARS else f"{topics[:SHOWN_CHARS].rsplit(' ', 1)[0]} …"

    @column("Open", ordering="-opened_at")
    def since(self, row: LiveConnection) -> str:
        """How long it is, or was, open."""
        return lasting(((row.closed_at or timezone.now()) - row.opened_at).total_seconds())

    @column("Last sent", ordering="last_sent_at")
    def sent_last(self, row: LiveConnection) -> str:
        """How long ago."""
        return "never" if row.last_sent_at is None else ago(row.last_sent_at)

    @column("Events", ordering="events_out")
    def events(self, row: LiveConnection) -> str:
        """How many were sent."""
        return f"{row.events_out:,}"

    @column("Sent", ordering="bytes_out")
    def sent(self, row: LiveConnection) -> str:
        """Bytes, readable."""
        return filesizeformat(row.bytes_out)

    @column("Lag", ordering="lag")
    def behind(self, row: LiveConnection) -> str:
        """Events."""
        return f"{row.lag:,}" if row.lag else "-"

    @column("Waiting", ordering="waiting_bytes")
    def waits(self, row: LiveConnection) -> str:
        """Bytes that the socket has not taken."""
        return filesizeformat(row.waiting_bytes) if row.waiting_bytes else "-"

    @column("State", ordering="close_reason")
    def ended(self, row: LiveConnection) -> str:
        """Open, or why not."""
        return REASONS.get(row.close_reason, row.close_reason)

    @column("Process", ordering="process")
    def where(self, row: LiveConnection) -> str:
        """Its server and short name."""
        return f"{row.process.server} {short_name(row.process_id)}"

    @column("User agent", ordering="user_agent")
    def agent(self, row: LiveConnection) -> str:
        """As it calls itself, cut."""
        return row.user_agent if len(row.user_agent) <= SHOWN_CHARS else f"{row.user_agent[:SHOWN_CHARS]}…"

    # The page of one

    def get_fieldsets(self, request: HttpRequest, obj: LiveConnection | None = None) -> Any:
        """What is known of it."""
        who = (("who", "who_id", "who_kind"), ("address", "user_agent"))
        connection = (("how", "ended", "where"), ("opened_at", "since", "closed_at"))
        flow = (("events", "sent", "sent_last"), ("behind", "waits", "id"))
        return (("Who", {"fields": who}), ("Connection", {"fields": connection}), ("Flow", {"fields": flow}))

    def get_readonly_fields(self, request: HttpRequest, obj: LiveConnection | None = None) -> Any:
        """All of it."""
        lines = (line for _, options in self.get_fieldsets(request, obj) for line in options["fields"])
        return [name for line in lines for name in line]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With its cursors, its history, its likes, and what one may do to it."""
        row = LiveConnection.objects.filter(pk=object_id).first()
        more: dict[str, Any] = {"show_save": False, "show_save_and_continue": False}
        if row is not None:
            more |= {
                "cursors": [{"topic": name, **cursor} for name, cursor in row.cursors.items()],
                "history": [(datetime.fromtimestamp(moment, UTC), what) for moment, what in reversed(row.history)],
                "others": self._others(row),
                "acts": [] if row.closed_at else list(self._allowed(request)),
                "live": row.closed_at is None,
            }
        page: HttpResponse = super().change_view(request, object_id, form_url, more | (extra_context or {}))
        return page

    def _others(self, row: LiveConnection) -> list[LiveConnection]:
        same = Q(address=row.address) if row.address else Q(pk=None)
        if row.who_id:
            same |= Q(who_id=row.who_id)
        others = LiveConnection.objects.filter(same).exclude(pk=row.pk).order_by("-opened_at")
        return list(others[:OTHERS])

    # Acts

    def _allowed(self, request: HttpRequest) -> Iterable[Act]:
        return (act for act in ACTS.values() if request.user.has_perm(act.permission))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those that the user may do."""
        if "_popup" in request.GET:
            return {}
        return {act.name: (self._action(act), act.name, act.title) for act in self._allowed(request)}

    def _action(self, act: Act) -> Any:
        def perform(_: Any, request: HttpRequest, queryset: QuerySet[LiveConnection]) -> HttpResponse | None:
            return self._perform(request, act, list(queryset))

        return perform

    def get_urls(self) -> list[Any]:
        """And a page for each act on one connection."""
        page = self.admin_site.admin_view(self.act_view)
        return [path("<str:object_id>/<slug:name>/", page, name="streams_liveconnection_act"), *super().get_urls()]

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask, and do."""
        act, row = ACTS.get(name), LiveConnection.objects.filter(pk=object_id).first()
        if act is None or row is None:
            if name in ("change", "delete", "history"):
                return self._standard(request, object_id, name)
            raise Http404
        done = self._perform(request, act, [row], sent=request.method == "POST")
        return done or HttpResponseRedirect(reverse("admin:streams_liveconnection_change", args=[object_id]))

    def _standard(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        views = {"change": self.change_view, "delete": self.delete_view, "history": self.history_view}
        page: HttpResponse = views[name](request, object_id)
        return page

    def _perform(
        self, request: HttpRequest, act: Act, rows: list[LiveConnection], *, sent: bool | None = None
    ) -> HttpResponse | None:
        """Do it to ``rows``; the page that asks first, where something is to be asked. Raises PermissionDenied."""
        if not request.user.has_perm(act.permission):
            raise PermissionDenied
        if sent is None:  # from the list: what asks nothing is done at once
            sent = "confirmed" in request.POST or act.name == "disconnect"
        form = act.form(request.POST if sent else None)
        if sent and form.is_valid():
            try:
                self.message_user(request, act.perform(request.user, rows, form.cleaned_data), messages.SUCCESS)
            except StreamsError as error:
                self.message_user(request, f"Nothing was done: {error}", messages.ERROR)
            return None
        context = self.admin_site.each_context(request) | {
            "title": act.title,
            "act": act,
            "form": form,
            "rows": rows,
            "opts": self.opts,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "streams/admin/act.html", context)
