"""What was said in a room, as it reads by now: people's messages, and the answers of models."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from streams.errors import CloseReason, StreamClosed
from streams.models import Generation, Message, Topic
from streams.publishing import Identity, topic_to_read
from streams.reports.columns import Cell, Column
from streams.reports.formats import Format, write_rows
from streams.reports.log import between
from streams.reports.report import Filter, Kind, Page, Wanted

MESSAGES_AT_ONCE, ANSWERS_AT_ONCE = 1_000, 100  # of one page: as texts they weigh some hundred kilobytes
COLUMNS = (
    Column("seq", Cell.NUMBER),
    Column("time", Cell.TIME),
    Column("author", Cell.TEXT),
    Column("author_id", Cell.TEXT, preset=False),
    Column("kind", Cell.TEXT),
    Column("status", Cell.TEXT, preset=False),
    Column("text", Cell.TEXT),
)


class Messages:
    """The source of one report."""

    topics: tuple[str, ...]

    def __init__(self, who: Identity, wanted: Wanted, chosen: Format) -> None:
        self._topic = topic_to_read(who, f"room:{wanted.subject}")
        self.name, self.topics = f"messages-{wanted.subject}", (self._topic.name,)
        self._kept = between(wanted.since, wanted.until)
        self._columns, self._format = wanted.columns, chosen

    def read(self, after: int | None) -> Page:
        """The page behind the sequence number ``after``; raises StreamClosed if the log has begun anew, or is gone."""
        messages = Message.objects.filter(self._kept, topic_id=self._topic.pk, seq__lte=self._topic.head)
        answers = Generation.objects.filter(self._kept, topic_id=self._topic.pk, start_seq__lte=self._topic.head)
        said, said_to = _some(messages, "seq", after or 0, MESSAGES_AT_ONCE)
        answered, answered_to = _some(answers, "start_seq", after or 0, ANSWERS_AT_ONCE)
        if not Topic.objects.filter(pk=self._topic.pk, epoch=self._topic.epoch).exists():
            raise StreamClosed(CloseReason.EXPIRED)
        ends = [end for end in (said_to, answered_to) if end is not None]
        upto = min(ends, default=None)
        rows = sorted([*map(_said, said), *map(_answered, answered)], key=lambda row: int(row["seq"]))
        cells = [[row[column.name] for column in self._columns] for row in rows if upto is None or row["seq"] <= upto]
        return Page(write_rows(self._format, self._columns, cells), len(cells), upto)


def _some(rows: QuerySet[Any], number: str, after: int, size: int) -> tuple[list[Any], int | None]:
    """The oldest behind a place, and where they end; None: there are no more."""
    found = list(rows.filter(**{f"{number}__gt": after}).order_by(number)[: size + 1])
    return found[:size], getattr(found[size - 1], number) if len(found) > size else None


def _said(row: Message) -> Mapping[str, Any]:
    words = {"author": row.author_name, "author_id": row.author_id, "kind": row.author_kind, "text": row.text}
    return words | {"seq": row.seq, "time": row.created_at, "status": "deleted" if row.deleted_at else "done"}


def _answered(row: Generation) -> Mapping[str, Any]:
    """One that is still being written has no text yet."""
    words = {"author": row.label, "author_id": row.model, "kind": "model", "text": row.text}
    return words | {"seq": row.start_seq, "time": row.created_at, "status": row.status}


MESSAGES = Kind(
    "messages",
    title="Messages",
    about="What was said in a room, by people and by models, oldest first.",
    columns=COLUMNS,
    filters=(Filter.ROOM, Filter.FROM, Filter.TO),
    opened=Messages,
    needs=Filter.ROOM,
)
