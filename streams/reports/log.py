"""Walking a topic's log from its oldest event to the head of now: pages by sequence number, bounded in bytes.

A report is of the log as it was when it was asked for; what is published meanwhile is not in it. What is trimmed
meanwhile would be missing without a word, so that ends it instead.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Subquery, Sum, Window

from streams.errors import CloseReason, StreamClosed
from streams.models import Event, Topic
from streams.models.event import EventQuerySet
from streams.reports.report import PAGE_BYTES, PAGE_ROWS
from streams.reports.sql import Size


@dataclass(frozen=True, slots=True)
class Log:
    """A topic's events up to ``upto``, those that ``chosen`` lets through."""

    topic_id: int
    epoch: str
    upto: int
    chosen: Q

    def begin(self) -> int:
        """The place before the oldest event."""
        first = self._first()
        return self.upto if first is None else min(first - 1, self.upto)

    def slice_after(self, after: int) -> tuple[EventQuerySet, int]:
        """The events of the next page, and its last place, which need not be one of theirs."""
        last = min(after + PAGE_ROWS, self.upto)
        rows = Event.objects.of(self.topic_id).after(after).filter(self.chosen, seq__lte=last)
        size = Size("data")
        before = Window(Sum(size), order_by="seq") - size
        # In the order of the window, so that SQLite stops reading here; another order would only change the bound.
        too_far = rows.order_by().annotate(before=before).filter(before__gte=PAGE_BYTES).values_list("seq", flat=True)
        if beyond := list(too_far[:1]):
            last = beyond[0] - 1
            rows = rows.filter(seq__lte=last)
        return rows, last

    def check_kept(self, after: int) -> None:
        """Raise StreamClosed unless all events after ``after`` were there when that page was read: ask afterwards."""
        if after >= self.upto:
            return
        first = self._first()
        if first is None or first > after + 1:
            raise StreamClosed(CloseReason.LAGGED)

    def _first(self) -> int | None:
        oldest = Event.objects.of(self.topic_id).values("seq")[:1]
        found = Topic.objects.filter(pk=self.topic_id).values_list("epoch", Subquery(oldest)).first()
        if found is None or found[0] != self.epoch:
            raise StreamClosed(CloseReason.EXPIRED)  # deleted, or begun anew
        first: int | None = found[1]
        return first


def between(since: datetime | None, until: datetime | None, *, column: str = "created_at") -> Q:
    """What lies in a range of time: its beginning is part of it, its end is not."""
    chosen = Q()
    if since is not None:
        chosen &= Q(**{f"{column}__gte": since})
    if until is not None:
        chosen &= Q(**{f"{column}__lt": until})
    return chosen
