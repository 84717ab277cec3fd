"""Append: dense sequence numbers, allocated under the topic's row lock, so that commit order is sequence order.

A plain identity column is no sequence for readers: one who stands at 102 would skip 101 that commits later.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from streams.conf import get_settings
from streams.errors import KeyReused, NoSuchTopic, StreamsError
from streams.models import Event, Topic, Visibility
from streams.wire.event import LogEvent, NewEvent, event_id
from streams.wire.names import is_own, room_of


@dataclass(frozen=True, slots=True)
class Appended:
    """What was done: an id for each event asked for, and the rows that are new (a known key adds none)."""

    topic: str
    epoch: str
    head: int
    ids: tuple[str, ...]
    new: tuple[LogEvent, ...]


MakeRows = Callable[[Appended], Sequence[Model]]
"""Rows that are inserted with new events, in their transaction; not called where nothing is new. May not fail."""


@dataclass(frozen=True, slots=True)
class AppendRequest:
    """Events for one topic, all or none; the topic is made if it is missing, but for a room's."""

    topic: str
    events: tuple[NewEvent, ...]
    rows: MakeRows | None = None


def append(topic: str, events: Sequence[NewEvent]) -> Appended:
    """Append to one topic; joins the caller's transaction. Raises KeyReused, NoSuchTopic (of a room that is gone)."""
    (result,) = append_many([AppendRequest(topic, tuple(events))])
    if isinstance(result, StreamsError):
        raise result
    return result


def append_many(requests: Sequence[AppendRequest]) -> list[Appended | StreamsError]:
    """Append for many callers in one transaction; a request that must be refused answers its error and spoils no other.

    Topics are locked in the order of their names, so that two processes can't wait for each other.
    """
    with transaction.atomic():
        topics = _lock_topics(sorted({request.topic for request in requests}))
        known = _known_keys(topics, requests)
        results = [_place(topics.get(request.topic), request, known[request.topic]) for request in requests]
        new = [event for result in results if isinstance(result, Appended) for event in result.new]
        for name in {event.topic for event in new}:
            Topic.objects.filter(pk=topics[name].pk).update(head=topics[name].head)
        Event.objects.bulk_create(
            Event(
                topic_id=topics[event.topic].pk,
                seq=event.seq,
                type=event.type,
                data=event.data,
                key=event.key,
                created_at=event.created_at,
            )
            for event in new
        )
        _insert_rows(requests, results)
    return results


def _insert_rows(requests: Sequence[AppendRequest], results: Sequence[Appended | StreamsError]) -> None:
    """What goes with the new events, a query for each table."""
    by_table: dict[type[Model], list[Model]] = defaultdict(list)
    for request, result in zip(requests, results, strict=True):
        if request.rows is not None and isinstance(result, Appended) and result.new:
            for row in request.rows(result):
                by_table[type(row)].append(row)
    for table, rows in by_table.items():
        table._default_manager.bulk_create(rows)


def _lock_topics(names: list[str]) -> dict[str, Topic]:
    """By name. A room's topics are made with the room, for those who are in it: what is said there while the room is
    deleted would make them anew, for more people.
    """
    query = Topic.objects.select_for_update().filter(name__in=names).order_by("name")
    topics = {topic.name: topic for topic in query}
    if missing := [name for name in names if name not in topics and room_of(name) is None]:
        default = get_settings().default_visibility
        made = (Topic(name=name, visibility=Visibility.PRIVATE if is_own(name) else default) for name in missing)
        Topic.objects.bulk_create(made, ignore_conflicts=True)
        topics = {topic.name: topic for topic in query.all()}
    return topics


def _known_keys(topics: dict[str, Topic], requests: Sequence[AppendRequest]) -> dict[str, dict[str, LogEvent]]:
    """The events that already carry a key that is asked for, by topic and key."""
    asked: dict[str, set[str]] = defaultdict(set)
    for request in requests:
        asked[request.topic].update(event.key for event in request.events if event.key is not None)
    known: dict[str, dict[str, LogEvent]] = {name: {} for name in asked}
    for name, keys in asked.items():
        topic = topics.get(name)
        if keys and topic is not None:
            for row in Event.objects.filter(topic_id=topic.pk, key__in=keys):
                event = LogEvent(name, topic.epoch, row.seq, row.type, row.data, row.created_at, row.key)
                known[name][row.key or ""] = event
    return known


def _place(topic: Topic | None, request: AppendRequest, known: dict[str, LogEvent]) -> Appended | StreamsError:
    """Number the events of one request; ``topic.head`` and ``known`` move on only if all of them are accepted."""
    if topic is None:
        return NoSuchTopic(f"the topic {request.topic} is gone")
    head, now = topic.head, timezone.now()
    ids: list[str] = []
    new: list[LogEvent] = []
    keyed: dict[str, LogEvent] = {}
    for event in request.events:
        first = None if event.key is None else keyed.get(event.key) or known.get(event.key)
        if first is not None:
            if (first.type, first.data) != (event.type, event.data):
                return KeyReused(
                    f"idempotency key {event.key!r} was used for event {event_id(topic.epoch, first.seq)} "
                    "with another type or data"
                )
            ids.append(first.id)
            continue
        head += 1
        placed = LogEvent(topic.name, topic.epoch, head, event.type, event.data, now, event.key)
        new.append(placed)
        ids.append(placed.id)
        if event.key is not None:
            keyed[event.key] = placed
    topic.head = head
    known.update(keyed)
    return Appended(topic.name, topic.epoch, head, tuple(ids), tuple(new))
