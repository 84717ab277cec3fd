"""Searching what was said, by people and by models, in a room or in all that one may read."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from streams.chat.search_index import Found, Place, find
from streams.chat.search_words import Query, read_query
from streams.models import Generation, Message, Room
from streams.wire.event import format_time

LIMIT = 50
ROOMS = 100  # are searched together, those where most was said first

Result = dict[str, Any]


def search(rooms: Sequence[Room], text: str, *, before: int | None = None) -> dict[str, Any]:
    """``{"results": […], "older": seq | None}``, newest first; of several rooms the newest, and no more than that.

    A result is ``{"kind", "seq", "time", "author", "room", "snippet"}``: ``seq`` is the place to go to, and the snippet
    is HTML, escaped, with ``<mark>`` around what fits. ``older``: search on before that. Raises InvalidInput.
    """
    query = read_query(text)
    searched = {room.topic_id: room for room in sorted(rooms, key=lambda room: -room.topic.head)[:ROOMS]}
    found = find(query, list(searched), before=before, limit=LIMIT + 1) if searched else Found([])
    places = found.places[:LIMIT]
    results = {place: result for topic, some in _by_room(places) for place, result in _results(query, topic, some)}
    told = [
        results[place] | {"room": {"slug": searched[place.topic_id].slug, "title": searched[place.topic_id].title}}
        for place in places
        if place in results
    ]
    return {"results": told, "older": _older(found, places) if len(rooms) == 1 else None}


def _older(found: Found, places: Sequence[Place]) -> int | None:
    return places[-1].seq if len(found.places) > LIMIT else found.looked_to


def _by_room(places: Sequence[Place]) -> list[tuple[int, list[Place]]]:
    ordered = sorted(places, key=lambda place: place.topic_id)
    return [(topic, list(some)) for topic, some in groupby(ordered, key=lambda place: place.topic_id)]


def _results(query: Query, topic_id: int, places: Sequence[Place]) -> list[tuple[Place, Result]]:
    messages = {
        one.seq: one
        for one in Message.objects.filter(
            topic_id=topic_id, seq__in=[place.seq for place in places if not place.answer], deleted_at=None
        )
    }
    answers = {
        one.start_seq: one
        for one in Generation.objects.filter(
            topic_id=topic_id, start_seq__in=[place.seq for place in places if place.answer], chosen=True
        )
    }
    questions = [one.message_seq for one in answers.values() if one.version > 1]
    firsts = Generation.objects.filter(topic_id=topic_id, version=1, message_seq__in=questions)
    begins: dict[int | None, int | None] = dict(firsts.values_list("message_seq", "start_seq")) if questions else {}
    results: list[tuple[Place, Result]] = []
    for place in places:
        if not place.answer and (message := messages.get(place.seq)) is not None:
            author = {"id": message.author_id, "name": message.author_name, "kind": message.author_kind}
            results.append((place, _result(query, "message", message.seq, author, message)))
        elif place.answer and (answer := answers.get(place.seq)) is not None:
            author = {"id": answer.model, "name": answer.label, "kind": "model"}
            seq = begins.get(answer.message_seq, answer.start_seq) if answer.version > 1 else answer.start_seq
            results.append((place, _result(query, "generation", seq, author, answer)))
    return results


def _result(query: Query, kind: str, seq: int | None, author: dict[str, str], row: Message | Generation) -> Result:
    time = format_time(row.created_at)
    return {"kind": kind, "seq": seq, "time": time, "author": author, "snippet": query.snippet(row.text)}
