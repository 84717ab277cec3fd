"""Where words were said: places in rooms, newest first, by the index of either database; or letter by letter.

The index is made by a migration, and the database keeps it in step: with SQLite by triggers that write an FTS5 table
whose row numbers are topic and place, with PostgreSQL by a column that it writes itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from streams.chat.search_words import Query, Term
from streams.models import Generation, Message

BELOW = 1 << 40  # as the migration has it
SCANNED = 20_000  # messages that are looked through letter by letter at once
SCANNED_ANSWERS = 2_000
_FITS = "words @@ to_tsquery('simple', %s)"


class Place(NamedTuple):
    """Where something was said."""

    topic_id: int
    seq: int
    answer: bool
    time: datetime


class Found(NamedTuple):
    """Places, newest first. looked_to: nothing before that place of the room was looked at; None: all was."""

    places: list[Place]
    looked_to: int | None = None


def find(query: Query, topics: Sequence[int], *, before: int | None, limit: int) -> Found:
    """At most ``limit`` places in these rooms' topics; ``before`` a place, of one room."""
    if query.letters:
        return _scan(query, topics, before, limit)
    if connection.vendor == "postgresql":
        return Found(_newest(_by_words(query, topics, before, limit), limit))
    return Found(_newest(_in_fts(query, topics, before, limit), limit))


def _by_words(query: Query, topics: Sequence[int], before: int | None, limit: int) -> list[Place]:
    wanted = " & ".join(map(_tsquery, query.terms))
    tables = [rows.extra(where=[_FITS], params=[wanted]) for rows in _tables(topics, before)]  # noqa: S610
    return [place for rows in tables for place in _places(rows[:limit])]


def _tsquery(term: Term) -> str:
    return " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "")


def _newest(places: list[Place], limit: int) -> list[Place]:
    return sorted(places, key=lambda place: (place.time, place.seq), reverse=True)[:limit]


def _tables(topics: Sequence[int], before: int | None) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """Messages and chosen answers, newest first."""
    messages = Message.objects.filter(topic_id__in=topics)
    answers = Generation.objects.filter(topic_id__in=topics, start_seq__isnull=False, chosen=True)
    if before is not None:
        messages, answers = messages.filter(seq__lt=before), answers.filter(start_seq__lt=before)
    one = len(topics) == 1
    return messages.order_by("-seq" if one else "-pk"), answers.order_by("-start_seq" if one else "-created_at")


def _places(rows: QuerySet[Any]) -> list[Place]:
    answer = rows.model is Generation
    number = "start_seq" if answer else "seq"
    values = rows.values_list("topic_id", number, "created_at")
    return [Place(topic_id, seq, answer, time) for topic_id, seq, time in values]


def _in_fts(query: Query, topics: Sequence[int], before: int | None, limit: int) -> list[Place]:
    """By room, since the newest of one room are next to each other in the index."""
    match = " ".join('"{}"{}'.format(" ".join(term.words), "*" if term.prefix else "") for term in query.terms)
    sql = (
        "SELECT rowid FROM streams_said WHERE streams_said MATCH %s AND rowid BETWEEN %s AND %s "
        "ORDER BY rowid DESC LIMIT %s"
    )
    places: list[Place] = []
    for topic_id in topics:
        first = topic_id * BELOW
        last = first + min(BELOW if before is None else before, BELOW) - 1
        with connection.cursor() as cursor:
            cursor.execute(sql, [match, first, last, limit])
            seqs = [row[0] - first for row in cursor.fetchall()]
        for rows, number in zip(_tables([topic_id], None), ("seq", "start_seq"), strict=True):
            places += _places(rows.filter(**{f"{number}__in": seqs})) if seqs else []
    return places


def _scan(query: Query, topics: Sequence[int], before: int | None, limit: int) -> Found:
    """What has the very letters, among the newest; how far that reached is told where there is more."""
    messages, answers = _tables(topics, before)
    low = 0
    if len(topics) == 1:
        ends = (
            messages.values_list("seq", flat=True)[SCANNED : SCANNED + 1],
            answers.values_list("start_seq", flat=True)[SCANNED_ANSWERS : SCANNED_ANSWERS + 1],
        )
        low = max((seq + 1 for rows in ends for seq in rows), default=0)
        messages, answers = messages.filter(seq__gte=low), answers.filter(start_seq__gte=low)
    else:
        messages = messages.filter(pk__in=messages.values("pk")[:SCANNED])
        answers = answers.filter(pk__in=answers.values("pk")[:SCANNED_ANSWERS])
    for term in query.terms:
        messages, answers = messages.filter(text__icontains=term.typed), answers.filter(text__icontains=term.typed)
    places = _newest([*_places(messages[:limit]), *_places(answers[:limit])], limit)
    return Found(places, low or None)
