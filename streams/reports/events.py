"""The events of a topic; their lines are written by the database."""

from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Concat

from streams.publishing import Identity, topic_to_read
from streams.reports.columns import Cell, Column
from streams.reports.formats import Format
from streams.reports.log import Log, between
from streams.reports.report import Filter, Kind, Page, Wanted
from streams.reports.sql import Line

FIELDS = {"seq": "seq", "time": "created_at", "type": "type", "key": "key", "data": "data"}
COLUMNS = (
    Column("id", Cell.TEXT, preset=False),
    Column("seq", Cell.NUMBER),
    Column("time", Cell.TIME),
    Column("type", Cell.TEXT),
    Column("key", Cell.TEXT, preset=False),
    Column("data", Cell.JSON),
)


class Events:
    """The source of one report."""

    topics: tuple[str, ...]

    def __init__(self, who: Identity, wanted: Wanted, chosen: Format) -> None:
        topic = topic_to_read(who, wanted.subject)
        self.name, self.topics = f"events-{topic.name}", (topic.name,)
        kept = between(wanted.since, wanted.until)
        if wanted.types:
            kept &= Q(type__in=wanted.types)
        self._log = Log(topic.pk, topic.epoch, topic.head, kept)
        sources = {name: F(field) for name, field in FIELDS.items()}
        cells = [chosen.expression(column, sources.get(column.name, F("wire_id"))) for column in wanted.columns]
        self._line = Line(chosen.template(wanted.columns), *cells)
        self._id = Concat(Value(f"{topic.epoch}-"), "seq", output_field=CharField())

    def read(self, after: int | None) -> Page:
        """The page behind the sequence number ``after``."""
        after = self._log.begin() if after is None else after
        rows, last = self._log.slice_after(after)
        lines = list(rows.annotate(wire_id=self._id).annotate(line=self._line).values_list("line", flat=True))
        self._log.check_kept(after)
        return Page("".join(lines).encode(), len(lines), last if last < self._log.upto else None)


EVENTS = Kind(
    "events",
    title="Events",
    about="All that a topic keeps, oldest first.",
    columns=COLUMNS,
    filters=(Filter.TOPIC, Filter.FROM, Filter.TO, Filter.TYPE),
    opened=Events,
    needs=Filter.TOPIC,
)
