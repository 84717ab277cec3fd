"""The live connections of all processes, as they were written last: at most some seconds ago. For staff."""

from typing import Any

from django.utils import timezone

from streams.models import LiveConnection
from streams.publishing import Identity
from streams.reports.columns import Cell, Column
from streams.reports.formats import Format, write_rows
from streams.reports.report import Filter, Kind, Page, Wanted
from streams.reports.staff import check_staff

ROWS = 500  # of a page
COLUMNS = (
    Column("opened", Cell.TIME),
    Column("seconds", Cell.NUMBER),
    Column("technique", Cell.TEXT),
    Column("who", Cell.TEXT),
    Column("who_id", Cell.TEXT),
    Column("who_kind", Cell.TEXT, preset=False),
    Column("address", Cell.TEXT),
    Column("topics", Cell.TEXT),
    Column("events", Cell.NUMBER),
    Column("bytes", Cell.NUMBER),
    Column("lag", Cell.NUMBER),
    Column("waiting_bytes", Cell.NUMBER),
    Column("user_agent", Cell.TEXT, preset=False),
    Column("process", Cell.TEXT, preset=False),
)


class Connections:
    """The source of one report: those that are open now."""

    topics: tuple[str, ...] = ()

    def __init__(self, who: Identity, wanted: Wanted, chosen: Format) -> None:
        check_staff(who, "streams.view_liveconnection")
        self.name = "connections"
        self._columns, self._format = wanted.columns, chosen
        live = LiveConnection.objects.live(timezone.now())
        if wanted.since is not None:
            live = live.filter(opened_at__gte=wanted.since)
        if wanted.until is not None:
            live = live.filter(opened_at__lt=wanted.until)
        self._ids = list(live.order_by("opened_at", "pk").values_list("pk", flat=True))

    def read(self, after: int | None) -> Page:
        """The page behind row number ``after``."""
        start = after or 0
        end = start + ROWS
        found = LiveConnection.objects.in_bulk(self._ids[start:end])
        rows = [_row(found[pk]) for pk in self._ids[start:end] if pk in found]
        cells = [[row[column.name] for column in self._columns] for row in rows]
        lines = write_rows(self._format, self._columns, cells)
        return Page(lines, len(rows), end if end < len(self._ids) else None)


def _row(connection: LiveConnection) -> dict[str, Any]:
    return {
        "opened": connection.opened_at,
        "seconds": round((timezone.now() - connection.opened_at).total_seconds(), 1),
        "technique": connection.technique,
        "who": connection.who_name,
        "who_id": connection.who_id,
        "who_kind": connection.who_kind,
        "address": connection.address,
        "topics": connection.topics.strip(),
        "events": connection.events_out,
        "bytes": connection.bytes_out,
        "lag": connection.lag,
        "waiting_bytes": connection.waiting_bytes,
        "user_agent": connection.user_agent,
        "process": connection.process_id,
    }


CONNECTIONS = Kind(
    "connections",
    title="Connections",
    about="The streams and sockets that are open now, in all processes.",
    columns=COLUMNS,
    filters=(Filter.FROM, Filter.TO),
    opened=Connections,
    staff=True,
)
