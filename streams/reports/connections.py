"""The live connections of this process, as they are at the moment. For staff."""

from datetime import UTC, datetime
from time import time
from typing import Any

from streams.connections import Connection, registry
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
    Column("topics", Cell.TEXT),
)


class Connections:
    """The source of one report: those that are open now."""

    topics: tuple[str, ...] = ()

    def __init__(self, who: Identity, wanted: Wanted, chosen: Format) -> None:
        check_staff(who)
        self.name = "connections"
        self._columns, self._format = wanted.columns, chosen
        now = time()
        rows = (_row(connection, now) for connection in sorted(registry, key=lambda one: one.opened_at))
        self._rows = [row for row in rows if _within(row["opened"], wanted)]

    def read(self, after: int | None) -> Page:
        """The page behind row number ``after``."""
        start = after or 0
        rows, end = self._rows[start : start + ROWS], start + ROWS
        cells = [[row[column.name] for column in self._columns] for row in rows]
        lines = write_rows(self._format, self._columns, cells)
        return Page(lines, len(rows), end if end < len(self._rows) else None)


def _row(connection: Connection, now: float) -> dict[str, Any]:
    who = connection.who
    return {
        "opened": datetime.fromtimestamp(connection.opened_at, UTC),
        "seconds": round(now - connection.opened_at, 1),
        "technique": connection.technique,
        "who": who.name,
        "who_id": who.id,
        "who_kind": who.kind,
        "topics": " ".join(sorted(connection.topics)),
    }


def _within(moment: datetime, wanted: Wanted) -> bool:
    after = wanted.since is None or moment >= wanted.since
    return after and (wanted.until is None or moment < wanted.until)


CONNECTIONS = Kind(
    "connections",
    title="Connections",
    about="The streams and sockets that are open now in the process that answers.",
    columns=COLUMNS,
    filters=(Filter.FROM, Filter.TO),
    opened=Connections,
    staff=True,
)
