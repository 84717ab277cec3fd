"""The registry written behind: rows by which every process, and the admin, sees the connections of this one.

Nothing is written when a connection opens: once a second what has come and gone since is written at once, and what
only moved (positions, counts) as often as its cost allows, which is ``MAX_SHARE`` of the time.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter, itemgetter
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from streams.connections.connection import Connection
from streams.connections.registry import registry
from streams.hub import Hub
from streams.logs import process_name
from streams.models import LiveConnection, Process

AT_ONCE = 500  # connections of one transaction, and of one turn in the loop
BRIEF_S = 1.0  # a connection that came and went within this leaves no row, unless it was ended or failed
MAX_SHARE = 0.01  # of the time, for rows of connections that only moved
MIN_UPDATE_S = 1.0
UNREMARKABLE = ("left", "ended")
MOVING = ("topics", "cursors", "history", "last_sent_at", "events_out", "bytes_out", "lag", "waiting_bytes")


State = tuple[int, ...]  # of an open connection: compared to see whether it has moved since it was written


def _state(connection: Connection) -> State:
    return (
        connection.events_out,
        connection.bytes_out,
        connection.lag,
        connection.peer.waiting_bytes,
        len(connection.topics),
        len(connection.history),
    )


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _topics(connection: Connection) -> str:
    return f" {' '.join(connection.topics)} " if connection.topics else ""


def _cursors(connection: Connection) -> dict[str, dict[str, object]]:
    cursors = connection.reader.cursors if connection.reader is not None else ()
    return {one.live.name: {"position": one.position.resume_id, "lag": one.lag} for one in cursors}


def _history(connection: Connection) -> list[list[object]]:
    return [[round(moment, 3), what] for moment, what in connection.history]


def row_of(connection: Connection, process: str) -> LiveConnection:
    """The row of a connection as it is now. In the loop."""
    who = connection.who
    return LiveConnection(
        id=connection.id,
        process_id=process,
        technique=connection.technique,
        who_id=who.id,
        who_name=who.name[:150],
        who_kind=who.kind,
        address=connection.peer.address[:45],
        user_agent=connection.peer.user_agent,
        topics=_topics(connection),
        cursors=_cursors(connection),
        history=_history(connection),
        opened_at=datetime.fromtimestamp(connection.opened_at, UTC),
        last_sent_at=_moment(connection.last_sent_at),
        events_out=connection.events_out,
        bytes_out=connection.bytes_out,
        lag=connection.lag,
        waiting_bytes=connection.peer.waiting_bytes,
        closed_at=_moment(connection.closed_at),
        close_reason=connection.close_reason if connection.closed_at else "",
    )


def _insert(rows: Sequence[LiveConnection]) -> None:
    """Write whole rows; of one that is there all that can have changed. Touches the database."""
    LiveConnection.objects.bulk_create(
        sorted(rows, key=attrgetter("pk")),
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[*MOVING, "process", "closed_at", "close_reason"],
    )


def _open_rows(process: str) -> list[str]:
    """The ids of those that are open. Touches the database."""
    return list(LiveConnection.objects.filter(process=process, closed_at=None).values_list("pk", flat=True))


def _close(ids: Sequence[str]) -> None:
    """End rows of which nothing else is known any more. Touches the database."""
    for start in range(0, len(ids), AT_ONCE):
        _end(LiveConnection.objects.filter(pk__in=ids[start : start + AT_ONCE], closed_at=None), "left")


@transaction.atomic
def _end(rows: QuerySet[LiveConnection], reason: str) -> None:
    """Locked in the order of their ids, in which all of them are written here: else two could wait for each other."""
    list(rows.select_for_update().order_by("pk").values_list("pk"))
    rows.update(closed_at=timezone.now(), close_reason=reason)


def _moving(connection: Connection) -> tuple[Any, ...]:
    """The values of MOVING, and the id, as the database takes them: a row of Django's costs three times as much."""
    return (
        _topics(connection),
        json.dumps(_cursors(connection)),
        json.dumps(_history(connection)),
        database.ops.adapt_datetimefield_value(_moment(connection.last_sent_at)),
        connection.events_out,
        connection.bytes_out,
        connection.lag,
        connection.peer.waiting_bytes,
        connection.id,
    )


def _update(rows: Sequence[tuple[Any, ...]]) -> None:
    """Write what moved, of ``_moving``. Touches the database."""
    quote = database.ops.quote_name
    columns = ", ".join(f"{quote(name)} = %s" for name in MOVING)
    statement = f"UPDATE {quote(LiveConnection._meta.db_table)} SET {columns} WHERE {quote('id')} = %s"  # noqa: S608
    ordered = sorted(rows, key=itemgetter(-1))
    with transaction.atomic(), database.cursor() as cursor:
        cursor.executemany(statement, ordered)


class Writer:
    """Keeps the rows of this process's connections. Forgets what it wrote when the process's own row was lost."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._process = process_name()
        self._written: dict[str, State] = {}
        self._next_update = 0.0  # loop time
        self._sure = False  # that the rows of this process which are open are those that were written here

    def forget(self) -> None:
        """Write every row anew: others have taken this process for dead."""
        self._written.clear()
        self._sure = False

    async def write(self, *, everything: bool = False) -> None:
        """Write what came and went, and what moved if it is time for that (or ``everything``). Raises Unavailable."""
        if not self._sure:
            in_table = await self._hub.gateway.run(_open_rows, self._process)
            await self._hub.gateway.run(_close, [one for one in in_table if registry.get(one) is None])
            self._sure = True
        closed = [one for one in registry.take_closed() if self._is_remarkable(one)]
        for one in closed:
            self._written.pop(one.id, None)
        fresh = [one for one in registry if one.id not in self._written]
        new = [*closed, *fresh]
        for start in range(0, len(new), AT_ONCE):
            some = new[start : start + AT_ONCE]
            rows = [row_of(one, self._process) for one in some]
            states = {one.id: _state(one) for one in some if not one.closed_at}
            await self._hub.gateway.run(_insert, rows)
            self._written |= states
        if untold := [known for known in self._written if registry.get(known) is None]:
            await self._hub.gateway.run(_close, untold)
            for known in untold:
                del self._written[known]
        started = self._hub.loop.time()
        if everything or started >= self._next_update:
            for moved in self._moved():
                await self._hub.gateway.run(_update, moved)
            took_s = self._hub.loop.time() - started
            self._next_update = started + max(MIN_UPDATE_S, took_s / MAX_SHARE)

    def _is_remarkable(self, closed: Connection) -> bool:
        brief = closed.closed_at - closed.opened_at < BRIEF_S and closed.close_reason in UNREMARKABLE
        return closed.id in self._written or not brief

    def _moved(self) -> Iterator[list[tuple[Any, ...]]]:
        """Those that moved since they were written, in turns."""
        rows: list[tuple[Any, ...]] = []
        for one in registry:
            before = self._written.get(one.id)
            if before is None or one.closed_at or (state := _state(one)) == before:
                continue
            self._written[one.id] = state
            rows.append(_moving(one))
            if len(rows) >= AT_ONCE:
                yield rows
                rows = []
        if rows:
            yield rows


def renew_process(server: str, started_at: datetime, draining: bool, signs: dict[str, Any], lease_s: float) -> bool:
    """Renew this process's row; False if it had expired or was missing, and is written anew. Touches the database."""
    now = timezone.now()
    values = {
        "renewed_at": now,
        "expires_at": datetime.fromtimestamp(now.timestamp() + lease_s, UTC),
        "draining": draining,
        "signs": signs,
    }
    if Process.objects.filter(name=process_name(), expires_at__gt=now).update(**values):
        return True
    Process.objects.update_or_create(
        name=process_name(), defaults=values | {"server": server, "started_at": started_at}
    )
    return False


def end_process() -> None:
    """This process ends: its lease does too, at once. Touches the database."""
    Process.objects.filter(name=process_name()).update(expires_at=timezone.now())
    _end(LiveConnection.objects.filter(process=process_name(), closed_at=None), "shutdown")
