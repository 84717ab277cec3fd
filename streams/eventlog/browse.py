"""Browse: a log as a person reads it, newest first, by keyset; no query counts rows or skips them.

What an index can't find (a type, a text) is looked for within a bounded scan, whose page says how far it looked.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min, QuerySet

from streams.eventlog.read import first_kept
from streams.models import Event, Topic

SLICE = 1_000  # rows of one query of a scan
SCAN_ROWS = 50_000  # that one page looks through
SCAN_S = 0.1  # and for how long
RATE_STEPS = (1, 10, 100, 1_000, 10_000, 100_000)  # events back, by which the rate is reckoned
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; of one topic, or of all where ``topic`` is None. since, until: with a topic only."""

    topic: Topic | None = None
    type: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def needs_scan(self) -> bool:
        """Whether no index finds it."""
        return bool(self.type or self.text)


@dataclass(frozen=True, slots=True)
class Page:
    """Events, newest first. Positions are sequence numbers of the topic, or row ids where all topics are read.

    looked_from, looked_to: the newest and the oldest position that was looked at. older: to go on before this
    position; None at the end. whole: the page is full, or the end was reached; else the scan came to its bound.
    """

    events: list[Event]
    looked_from: int | None
    looked_to: int | None
    older: int | None
    whole: bool


def _bounds(wanted: Wanted, before: int | None) -> tuple[QuerySet[Event], str, int, int]:
    """The rows, the field of their position, and the first and last position to look at."""
    if wanted.topic is None:
        first = Event.objects.aggregate(first=Min("pk"))["first"] or 1  # asked for one by one, each is a look into
        last = Event.objects.aggregate(last=Max("pk"))["last"] or 0  # the index; together SQLite reads every row
        rows, field = Event.objects.select_related("topic"), "pk"
    else:
        topic = wanted.topic
        rows, field = Event.objects.filter(topic_id=topic.pk), "seq"
        first, last = first_kept(topic.pk) or topic.head + 1, topic.head
        if wanted.since is not None:
            first = max(first, seq_at(topic, wanted.since))
        if wanted.until is not None:
            last = min(last, seq_at(topic, wanted.until) - 1)
    return rows, field, first, last if before is None else min(last, before - 1)


def browse(wanted: Wanted, *, before: int | None, size: int) -> Page:
    """At most ``size`` events before the position ``before``, newest first; None: from the newest on."""
    rows, field, first, last = _bounds(wanted, before)
    found: list[Event] = []
    looked, position, until = 0, last, time.monotonic() + SCAN_S
    while position >= first and len(found) <= size:
        low = _slice_begin(rows, field, first, position) if wanted.needs_scan else first
        some = rows.filter(**{f"{field}__gte": low, f"{field}__lte": position}).order_by(f"-{field}")
        if wanted.type:
            some = some.filter(type=wanted.type)
        if wanted.text:
            some = some.filter(data__icontains=wanted.text)
        found += some[: size + 1 - len(found)]
        looked, position = looked + SLICE, low - 1
        if looked >= SCAN_ROWS or time.monotonic() > until:
            break
    full = len(found) > size
    found = found[:size]
    reached = _position(found[-1], field) if full else max(position + 1, first)
    return Page(
        found,
        looked_from=last if last >= first else None,
        looked_to=reached if last >= first else None,
        older=reached if full or position >= first else None,
        whole=full or position < first,
    )


def _slice_begin(rows: QuerySet[Event], field: str, first: int, position: int) -> int:
    """Where a slice of rows that ends at ``position`` begins; numbers of a topic have few holes, ids may have many."""
    if field == "seq":
        return max(first, position - SLICE + 1)
    ids = Event.objects.filter(pk__lte=position).order_by("-pk").values_list("pk", flat=True)
    return next(iter(ids[SLICE - 1 : SLICE]), first)


def _position(event: Event, field: str) -> int:
    return event.seq if field == "seq" else event.pk


def kept_numbers(topic: Topic) -> int:
    """How many numbers there are from the oldest event on: as many as events, or more where some were compacted."""
    first = first_kept(topic.pk)
    return 0 if first is None else topic.head - first + 1


def seq_at(topic: Topic, moment: datetime) -> int:
    """The first sequence number at or after ``moment``, by bisection: time follows the numbers."""
    low, high = first_kept(topic.pk) or topic.head + 1, topic.head + 1
    times = Event.objects.of(topic.pk).values_list("created_at", flat=True)
    while low < high:
        middle = (low + high) // 2
        created_at = times.filter(seq__gte=middle).first()
        if created_at is None or created_at < moment:
            low = middle + 1
        else:
            high = middle
    return low


def rate_per_s(topic_id: int, head: int, now: datetime) -> float:
    """About how many events a second the last minute had, by the age of a few events: no rows are counted."""
    known, known_s = 0, 0.0
    for back, age_s in _ages(topic_id, head, now):
        if age_s > MINUTE_S:
            between = (MINUTE_S - known_s) / (age_s - known_s)
            return round((known + between * (back - known) if known else 0) / MINUTE_S, 2)
        known, known_s = back, age_s
    return round(known / MINUTE_S if known < RATE_STEPS[-1] else known / max(known_s, 0.001), 2)


def _ages(topic_id: int, head: int, now: datetime) -> Iterator[tuple[int, float]]:
    """How old the event is that has ``back - 1`` after it, in seconds, for each step that the log reaches back to."""
    seqs = [head + 1 - back for back in RATE_STEPS if back <= head]
    rows = Event.objects.filter(topic_id=topic_id, seq__in=seqs).order_by("-seq").values_list("seq", "created_at")
    for seq, created_at in rows:
        yield head + 1 - seq, max((now - created_at) / timedelta(seconds=1), 0.0)
