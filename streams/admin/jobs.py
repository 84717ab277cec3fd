"""Jobs: whose they are, how far each is, and which process has it."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString

from streams.admin.base import Question, ReadOnly, confirmed, each
from streams.admin.columns import button, column
from streams.admin.words import NOTHING, ago, duration, mono, number
from streams.jobs.rows import cancel_job, retry_job
from streams.models import Job

STATUS_LABELS = {
    "queued": "info",
    "running": "primary",
    "done": "success",
    "failed": "danger",
    "cancelled": "warning",
    "interrupted": "warning",
}


class JobAdmin(ReadOnly):
    """Jobs: looked at, cancelled and tried again."""

    list_display = ("kind", "status_shown", "progress", "owner_name", "attempts", "process", "created", "took")
    list_filter = ("status", "kind")
    search_fields = ("id", "owner_name", "kind")
    search_help_text = "Id, owner or kind"
    ordering = ("-created_at",)
    actions = ("cancel_chosen", "retry_chosen")
    actions_detail = ("cancel", "retry")
    fields = (
        ("kind", "status_shown", "progress"), ("owner_name", "attempts", "process"), ("created", "took", "id"),
        "parameters", "result_shown", "error_shown",
    )  # fmt: skip
    readonly_fields = (
        "id", "kind", "status_shown", "progress", "owner_name", "attempts", "process", "created", "took", "parameters",
        "result_shown", "error_shown",
    )  # fmt: skip

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """``streams.change_job``: to cancel, and to try again."""
        return request.user.has_perm("streams.change_job")

    @column("Status", ordering="status", label=STATUS_LABELS)
    def status_shown(self, job: Job) -> str:
        """As the jobs page says it."""
        return job.status

    @column("Progress")
    def progress(self, job: Job) -> SafeString | str:
        """A bar where the end is known, else a number."""
        if not job.total:
            return number(job.done) if job.done else NOTHING
        bar = '<span class="progress"><progress max="{}" value="{}" aria-label="Progress"></progress> {} of {}</span>'
        return format_html(bar, job.total, min(job.done, job.total), number(job.done), number(job.total))

    @column("Process")
    def process(self, job: Job) -> SafeString | str:
        """Which has it."""
        return mono(job.claim.partition("/")[0]) if job.claim else NOTHING

    @column("Asked for", ordering="created_at")
    def created(self, job: Job) -> SafeString | str:
        """How long ago."""
        return ago(job.created_at)

    @column("Took")
    def took(self, job: Job) -> str:
        """From its start to its end."""
        if job.started_at is None or job.ended_at is None:
            return NOTHING
        return duration((job.ended_at - job.started_at).total_seconds())

    @column("Parameters")
    def parameters(self, job: Job) -> SafeString:
        """As JSON."""
        return _pretty(job.params)

    @column("Result")
    def result_shown(self, job: Job) -> SafeString | str:
        """As JSON."""
        return NOTHING if job.result is None else _pretty(job.result)

    @column("Error")
    def error_shown(self, job: Job) -> str:
        """What it could not go on for."""
        return f"{job.error['message']} ({job.error['code']})" if job.error else NOTHING

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel_chosen(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """End them, or ask their processes to."""
        self._cancel(request, queryset)

    @admin.action(description="Try again", permissions=["operate"])
    def retry_chosen(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Those that failed, were cancelled or interrupted."""
        self._retry(request, queryset)

    @button("Cancel", icon="cancel", permission="streams.change_job", path="cancel")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """This one."""
        return confirmed(
            self,
            request,
            object_id,
            Question("Cancel", "Cancel", danger=True),
            lambda job: self._cancel(request, [job]),
        )

    @button("Try again", icon="replay", permission="streams.change_job", path="retry")
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """This one."""
        return confirmed(
            self, request, object_id, Question("Try again", "Try again"), lambda job: self._retry(request, [job])
        )

    def _cancel(self, request: HttpRequest, jobs: Iterable[Job]) -> None:
        def act(job: Job) -> str:
            return "" if job.is_over else ("cancelled" if cancel_job(job).is_over else "asked to cancel")

        each(self, request, jobs, act, done="{count} cancelled, or asked to end; those that were over stay so.")

    def _retry(self, request: HttpRequest, jobs: Iterable[Job]) -> None:
        def act(job: Job) -> str:
            retry_job(job)
            return "tried again" if job.is_over else ""

        each(self, request, jobs, act, done="{count} queued, or running already.")


def _pretty(value: Any) -> SafeString:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre class="json small">{}</pre>', text)
