"""Answers of the models: how each ended, what it took, and what that cost."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from streams.admin.base import Panel, ReadOnly
from streams.admin.columns import column
from streams.admin.words import NOTHING, ago, duration, money, number
from streams.models import Generation, Room, Token

SHOWN = 10  # of those who spent most
SUMS = ("answers", "input_tokens", "output_tokens", "spend_usd", "unpriced")
DEFAULT_PERIOD = "30"
PERIODS = [("1", "Today"), ("7", "7 days"), ("30", "30 days"), ("365", "A year"), ("all", "All")]
STATUS_LABELS = {
    "queued": "info",
    "running": "primary",
    "retrying": "warning",
    "done": "success",
    "stopped": "info",
    "failed": "danger",
    "interrupted": "warning",
}


class PeriodFilter(admin.SimpleListFilter):
    """When it was asked for; what is summed above the table is of the same period."""

    title = "period"
    parameter_name = "period"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The periods."""
        return PERIODS

    def value(self) -> str:
        """Of all time only if that is asked for: there may be a great many."""
        value = super().value()
        return value if value in dict(PERIODS) else DEFAULT_PERIOD

    def choices(self, changelist: Any) -> Any:
        """Without Django's own "all"."""
        for value, title in PERIODS:
            query = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.value() == value, "query_string": query, "display": title}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Generation]) -> QuerySet[Generation]:
        """Whole days (UTC), today included."""
        if self.value() == "all":
            return queryset
        return queryset.filter(created_at__gte=_midnight() - timedelta(days=int(self.value()) - 1))


def _midnight() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


class GenerationAdmin(ReadOnly):
    """Answers."""

    list_display = (
        "created", "label", "model", "status_shown", "asked_by_shown", "room", "tokens_in", "tokens_out", "spend",
        "took",
    )  # fmt: skip
    list_filter = (PeriodFilter, "status", "model")
    search_fields = ("asked_by", "question", "request_id", "error_type")
    search_help_text = "Who asked (u:7), the question, the request's id, the error"
    list_before_template = "admin/streams/spend.html"
    ordering = ("-created_at",)
    show_full_result_count = False
    fields = (
        ("created", "took", "status_shown"), ("label", "model", "demo"), ("asked_by_shown", "room", "conversation"),
        ("version", "chosen", "attempt"), ("tokens_in", "tokens_out", "spend"),
        ("stop_reason", "stop_requested_by_name", "error_type", "error_message"), "request_id", "question", "text",
    )  # fmt: skip
    readonly_fields = (
        "created", "took", "status_shown", "label", "model", "demo", "asked_by_shown", "room", "conversation",
        "version", "chosen", "attempt", "tokens_in", "tokens_out", "spend", "stop_reason", "stop_requested_by_name",
        "error_type", "error_message", "request_id", "question", "text",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        """With what each cost; texts are read for the page of one only."""
        rows = super().get_queryset(request).select_related("topic__room").priced()
        return (
            rows
            if request.resolver_match and "object_id" in request.resolver_match.kwargs
            else rows.defer("text", "thinking", "html", "question")
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the sums over what is filtered, by person, room and model."""
        response = super().changelist_view(request, extra_context)
        data = getattr(response, "context_data", None)
        if data and "cl" in data:
            data["spent"] = spent(data["cl"].queryset)
        return response

    def prepare(self, rows: Iterable[Any]) -> None:
        """With the names of those who asked."""
        names = names_of(row.asked_by for row in rows)
        for row in rows:
            row.asked_by_name = names.get(row.asked_by) or row.asked_by_name or row.asked_by

    @column("Asked", ordering="created_at")
    def created(self, generation: Generation) -> SafeString | str:
        """How long ago."""
        return ago(generation.created_at)

    @column("Status", ordering="status", label=STATUS_LABELS)
    def status_shown(self, generation: Generation) -> str:
        """How it ended."""
        return generation.status

    @column("By", ordering="asked_by")
    def asked_by_shown(self, generation: Any) -> str:
        """Who asked, by name where that is known."""
        return generation.asked_by_name

    @column("Room")
    def room(self, generation: Generation) -> str:
        """Where; without one it was ``POST /chat``."""
        room = getattr(generation.topic, "room", None)
        return "POST /chat" if generation.topic is None else str(room or generation.topic)

    @column("Tokens in", ordering="input_tokens")
    def tokens_in(self, generation: Generation) -> str:
        """Of the question, and of what was sent along."""
        return number(generation.input_tokens)

    @column("Tokens out", ordering="output_tokens")
    def tokens_out(self, generation: Generation) -> str:
        """Of the answer; of one that was broken off they are reckoned."""
        return f"≈ {number(generation.output_tokens)}" if generation.estimated else number(generation.output_tokens)

    @column("Spend", ordering="cost_usd")
    def spend(self, generation: Any) -> str:
        """By the list price of its day."""
        return money(generation.cost_usd)

    @column("Took")
    def took(self, generation: Generation) -> str:
        """From the question to the end of the answer."""
        if generation.ended_at is None:
            return NOTHING
        return duration((generation.ended_at - generation.created_at).total_seconds())


def spent(generations: Any) -> dict[str, Any]:
    """What is shown above the table: the total, and who, which room and which model spent most.

    The answers are read once, grouped by all three; the rest is adding up.
    """
    groups = list(generations.spent_by("asked_by", "topic", "model"))
    people, rooms, models = (_dearest(groups, field) for field in ("asked_by", "topic", "model"))
    names = names_of(key for key, _ in people)
    asked_in = [key for key, _ in rooms if key is not None]
    titles: dict[Any, str] = dict(Room.objects.filter(topic__in=asked_in).values_list("topic", "title"))
    tables = {
        "Person": [(names.get(key, key), sums) for key, sums in people],
        "Room": [("POST /chat" if key is None else titles.get(key, NOTHING), sums) for key, sums in rooms],
        "Model": models,
    }
    shown = [
        {"title": title, "rows": [{"name": name, **_words(sums)} for name, sums in rows]}
        for title, rows in tables.items()
    ]
    return {"total": _words(_add(groups)), "tables": shown}


def _add(groups: Iterable[dict[str, Any]]) -> dict[str, Any]:
    total = dict.fromkeys(SUMS, 0)
    for group in groups:
        for name in SUMS:
            total[name] += group[name]
    return total


def _dearest(groups: list[dict[str, Any]], field: str) -> list[tuple[Any, dict[str, Any]]]:
    """The sums for each value of ``field``, of those who spent most."""
    by: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for group in groups:
        by[group[field]].append(group)
    sums = [(key, _add(some)) for key, some in by.items()]
    return sorted(sums, key=lambda one: (-one[1]["spend_usd"], -one[1]["output_tokens"], str(one[0])))[:SHOWN]


def _words(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "answers": number(row["answers"]),
        "input": number(row["input_tokens"]),
        "output": number(row["output_tokens"]),
        "spend": money(row["spend_usd"]),
        "unpriced": number(row["unpriced"]) if row["unpriced"] else "",
    }


def names_of(ids: Any) -> dict[str, str]:
    """Names by an Identity's id, of users and tokens; guests have none that is kept."""
    keys: dict[str, list[int]] = {"u": [], "t": []}
    for one in set(ids):
        kind, _, key = one.partition(":")
        if kind in keys and key.isdigit():
            keys[kind].append(int(key))
    users = get_user_model().objects.filter(pk__in=keys["u"])
    named = {f"u:{user.pk}": user.get_full_name() or user.get_username() for user in users}
    tokens = Token.objects.filter(pk__in=keys["t"]).values_list("pk", "name")
    return named | {f"t:{key}": f"{name} (token)" for key, name in tokens}


class ModelPriceAdmin(Panel):
    """Prices: a new one is a new row with its day, so what was asked before keeps its own."""

    list_display = ("model", "input_usd", "output_usd", "since")
    search_fields = ("model",)
    fields = ("model", ("input_usd", "output_usd"), ("cache_read_usd", "cache_write_usd"), "since")
