"""The answers of models: who asked, how each ended, and what it took. For staff."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from streams.models import Generation
from streams.publishing import Identity
from streams.reports.columns import Cell, Column
from streams.reports.formats import Format, write_rows
from streams.reports.log import between
from streams.reports.report import Filter, Kind, Page, Wanted
from streams.reports.staff import check_staff

ROWS = 20  # of a page: a question may have 32 KB, and an answer about as much
FIELDS = {
    "id": "id",
    "time": "created_at",
    "ended": "ended_at",
    "topic": "topic__name",
    "asked_by": "asked_by",
    "model": "model",
    "label": "label",
    "demo": "demo",
    "status": "status",
    "stop_reason": "stop_reason",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "estimated": "estimated",
    "error": "error_type",
    "request_id": "request_id",
    "question": "question",
    "answer": "text",
}
COLUMNS = (
    Column("id", Cell.TEXT),
    Column("time", Cell.TIME),
    Column("ended", Cell.TIME),
    Column("topic", Cell.TEXT),
    Column("asked_by", Cell.TEXT),
    Column("model", Cell.TEXT),
    Column("label", Cell.TEXT, preset=False),
    Column("demo", Cell.FLAG, preset=False),
    Column("status", Cell.TEXT),
    Column("stop_reason", Cell.TEXT, preset=False),
    Column("input_tokens", Cell.NUMBER),
    Column("output_tokens", Cell.NUMBER),
    Column("estimated", Cell.FLAG, preset=False),
    Column("error", Cell.TEXT),
    Column("request_id", Cell.TEXT, preset=False),
    Column("question", Cell.TEXT, preset=False),
    Column("answer", Cell.TEXT, preset=False),
)
Place = tuple[datetime, UUID]


class Generations:
    """The source of one report: the rows that are there when it is asked for, as they stand when they are read."""

    topics: tuple[str, ...] = ()

    def __init__(self, who: Identity, wanted: Wanted, chosen: Format) -> None:
        check_staff(who, "streams.view_generation")
        self.name = "generations"
        self._kept = between(wanted.since, wanted.until) & Q(created_at__lte=timezone.now())
        self._columns, self._format = wanted.columns, chosen
        self._fields = [FIELDS[column.name] for column in wanted.columns]

    def read(self, after: Place | None) -> Page:
        """The page behind the answer ``after``."""
        rows = Generation.objects.filter(self._kept).order_by("created_at", "id")
        if after is not None:
            time, key = after
            rows = rows.filter(Q(created_at__gt=time) | Q(created_at=time, id__gt=key))
        found = list(rows.values_list("created_at", "id", *self._fields)[:ROWS])
        lines = write_rows(self._format, self._columns, [[_text(value) for value in row[2:]] for row in found])
        return Page(lines, len(found), found[-1][:2] if len(found) == ROWS else None)


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


GENERATIONS = Kind(
    "generations",
    title="Answers",
    about="Every answer of a model, with how it ended and what it took, oldest first.",
    columns=COLUMNS,
    filters=(Filter.FROM, Filter.TO),
    opened=Generations,
    staff=True,
)
