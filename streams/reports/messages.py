"""What was said in a room: people's messages, and the answers of models as they ended."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from streams.models import Generation
from streams.publishing import Identity, topic_to_read
from streams.reports.columns import Cell, Column
from streams.reports.formats import Format, write_rows
from streams.reports.log import Log, between
from streams.reports.report import Filter, Kind, Page, Wanted

MESSAGE, ANSWER = "message", "generation.start"
ANSWER_BYTES = 16_384  # what an answer is reckoned to have: its text is not in the log's row
COLUMNS = (
    Column("seq", Cell.NUMBER),
    Column("time", Cell.TIME),
    Column("author", Cell.TEXT),
    Column("author_id", Cell.TEXT, preset=False),
    Column("kind", Cell.TEXT),
    Column("status", Cell.TEXT, preset=False),
    Column("text", Cell.TEXT),
)
Row = dict[str, Any]
LogRow = tuple[int, datetime, str, str]


class Messages:
    """The source of one report."""

    topics: tuple[str, ...]

    def __init__(self, who: Identity, wanted: Wanted, chosen: Format) -> None:
        topic = topic_to_read(who, f"room:{wanted.subject}")
        self.name, self.topics = f"messages-{wanted.subject}", (topic.name,)
        kept = between(wanted.since, wanted.until) & Q(type__in=(MESSAGE, ANSWER))
        self._log = Log(topic.pk, topic.epoch, topic.head, kept, heavy=((ANSWER, ANSWER_BYTES),))
        self._columns, self._format = wanted.columns, chosen

    def read(self, after: int | None) -> Page:
        """The page behind the sequence number ``after``."""
        after = self._log.begin() if after is None else after
        rows, last = self._log.slice_after(after)
        found = list(rows.values_list("seq", "created_at", "type", "data"))
        said = [[row[column.name] for column in self._columns] for row in self._said(found)]
        self._log.check_kept(after)
        lines = write_rows(self._format, self._columns, said)
        return Page(lines, len(said), last if last < self._log.upto else None)

    def _said(self, rows: list[LogRow]) -> Iterator[Row]:
        answers = self._answers(seq for seq, _, event_type, _ in rows if event_type == ANSWER)
        for seq, time, event_type, data in rows:
            row = message(json.loads(data)) if event_type == MESSAGE else answers.get(seq)
            if row is not None:
                yield {"seq": seq, "time": time} | row

    def _answers(self, starts: Iterable[int]) -> dict[int | None, Row]:
        """By the place where they begin in the log; one that is still being written has no text yet."""
        found = Generation.objects.filter(topic_id=self._log.topic_id, start_seq__in=list(starts))
        rows = found.values_list("start_seq", "label", "model", "status", "text")
        return {
            start: {"author": label, "author_id": model, "kind": "model", "status": status, "text": text}
            for start, label, model, status, text in rows
        }


def message(data: Any) -> Row | None:
    """What a person said; None for an event that somebody published to the room's topic and that is no message."""
    author = data.get("author") if isinstance(data, dict) else None
    if not isinstance(author, dict) or not isinstance(data.get("text"), str):
        return None
    words = {name: author.get(key) for name, key in (("author", "name"), ("author_id", "id"), ("kind", "kind"))}
    if not isinstance(words["author"], str):
        return None
    known = {name: word if isinstance(word, str) else "" for name, word in words.items()}
    return known | {"status": "done", "text": data["text"]}


MESSAGES = Kind(
    "messages",
    title="Messages",
    about="What was said in a room, by people and by models, oldest first.",
    columns=COLUMNS,
    filters=(Filter.ROOM, Filter.FROM, Filter.TO),
    opened=Messages,
    needs=Filter.ROOM,
)
