"""Processes: what each of those that serve this site says of itself."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.safestring import SafeString

from streams.admin.base import Question, ReadOnly, confirmed, each
from streams.admin.columns import button, column
from streams.admin.words import NOTHING, ago, duration, mono, number, size
from streams.connections.operate import drain_process
from streams.models import Process

DRAINS = (
    "It ends its streams and sockets, whose clients come back to another process, gives its jobs back, and exits. "
    "Whoever started it may start it again."
)


class ProcessAdmin(ReadOnly):
    """Processes; one can be asked to drain."""

    list_display = (
        "shown", "server", "state", "up", "connections", "events_out", "latency", "lag", "loop_lag", "cpu", "memory",
    )  # fmt: skip
    list_display_links = ("shown",)
    actions = ("drain_chosen",)
    actions_detail = ("drain",)
    fields = (
        ("shown", "server", "state"), ("started_at", "up", "heard"), ("connections", "lag", "waiting"),
        ("events_in", "events_out", "bytes_out"), ("latency", "loop_lag"), ("cpu", "load", "memory"),
        ("tasks", "rings"), "opened", "closed", "refused",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Process | None = None) -> Any:
        """All of it."""
        return [name for line in self.fields for name in ((line,) if isinstance(line, str) else line)]

    def has_drain_permission(self, request: HttpRequest) -> bool:
        """``streams.drain_process``."""
        return request.user.has_perm("streams.drain_process")

    @column("Process", ordering="name")
    def shown(self, process: Process) -> SafeString:
        """Its name."""
        return mono(process.name)

    @column("State", label={"serving": "success", "draining": "warning", "dead": "danger"})
    def state(self, process: Process) -> str:
        """In a word."""
        if process.expires_at <= timezone.now():
            return "dead"
        return "draining" if process.draining else "serving"

    @column("Up", ordering="-started_at")
    def up(self, process: Process) -> str:
        """Since when."""
        return duration((process.renewed_at - process.started_at).total_seconds())

    @column("Heard of", ordering="renewed_at")
    def heard(self, process: Process) -> SafeString | str:
        """When it last renewed its lease."""
        return ago(process.renewed_at)

    @column("Connections")
    def connections(self, process: Process) -> str:
        """In all, and by technique."""
        counts = {name: count for name, count in process.signs.get("connections", {}).items() if count}
        total = number(sum(counts.values()))
        return (
            f"{total} ({', '.join(f'{name} {number(count)}' for name, count in counts.items())})" if counts else total
        )

    @column("Events in/s")
    def events_in(self, process: Process) -> str:
        """Appended to followed topics."""
        return number(process.signs.get("events_in_per_s"))

    @column("Deliveries/s")
    def events_out(self, process: Process) -> str:
        """Events that sockets took."""
        return number(process.signs.get("events_out_per_s"))

    @column("Sent/s")
    def bytes_out(self, process: Process) -> str:
        """Bytes."""
        return size(process.signs.get("bytes_out_per_s"))

    @column("Latency p50 / p99")
    def latency(self, process: Process) -> str:
        """From publishing to delivery."""
        p50, p99 = process.signs.get("latency_p50_ms"), process.signs.get("latency_p99_ms")
        return NOTHING if p50 is None else f"{p50:g} / {p99:g} ms"

    @column("Lag")
    def lag(self, process: Process) -> str:
        """Of the reader that is furthest behind."""
        return number(process.signs.get("lag_max"))

    @column("Waiting")
    def waiting(self, process: Process) -> str:
        """Bytes that sockets have not taken."""
        return size(process.signs.get("waiting_bytes"))

    @column("Loop lag")
    def loop_lag(self, process: Process) -> str:
        """How late the event loop was, at worst."""
        lag = process.signs.get("loop_lag_ms")
        return NOTHING if lag is None else f"{lag:g} ms"

    @column("CPU")
    def cpu(self, process: Process) -> str:
        """Of one core."""
        cpu = process.signs.get("cpu_percent")
        return NOTHING if cpu is None else f"{cpu:g} %"

    @column("Load of the machine")
    def load(self, process: Process) -> str:
        """Over a minute."""
        return number(process.signs.get("load_1m"))

    @column("Memory")
    def memory(self, process: Process) -> str:
        """Resident."""
        return size(process.signs.get("resident_bytes"))

    @column("Tasks")
    def tasks(self, process: Process) -> str:
        """Of its event loop."""
        return number(process.signs.get("tasks"))

    @column("Rings")
    def rings(self, process: Process) -> str:
        """What recent events take."""
        return size(process.signs.get("ring_bytes"))

    @column("Opened since the start")
    def opened(self, process: Process) -> str:
        """Connections, by technique."""
        return _counts(process, "opened")

    @column("Closed since the start")
    def closed(self, process: Process) -> str:
        """Connections, by reason."""
        return _counts(process, "closed")

    @column("Refused since the start")
    def refused(self, process: Process) -> str:
        """Connections, by reason."""
        return _counts(process, "refused")

    @admin.action(description="Drain", permissions=["drain"])
    def drain_chosen(self, request: HttpRequest, queryset: QuerySet[Process]) -> None:
        """Ask them to end."""
        self._drain(request, list(queryset))

    @button("Drain", icon="logout", permission="streams.drain_process", path="drain")
    def drain(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """This one, after a question."""
        return confirmed(
            self,
            request,
            object_id,
            Question("Drain", "Drain", (DRAINS,), danger=True),
            lambda one: self._drain(request, [one]),
        )

    def _drain(self, request: HttpRequest, processes: list[Process]) -> None:
        def act(process: Process) -> str:
            drain_process(request.user, process)
            return ""  # which is audited there

        each(self, request, processes, act, done="{count} asked to drain.")


def _counts(process: Process, name: str) -> str:
    counts = process.signs.get("counters", {}).get(name, {})
    return ", ".join(f"{what} {number(count)}" for what, count in sorted(counts.items())) or "none"
