"""Rooms: who may be in one, what is said there, and its history.

A room is its log. Events of the topic ``room:<slug>``:

    message              {"author": {"id", "name", "kind"}, "text", "client_id"}
    generation.*         what docs/wire.md says

History is the same log, folded: the state at a position, from which the events after it lead on. So a page that loads
in the middle of an answer loses nothing and doubles nothing.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction

from streams.chat.generation_rows import describe_generation
from streams.conf import get_settings
from streams.errors import Forbidden, InvalidInput, NotSignedIn, TooLarge
from streams.models import Event, Generation, Room, Topic, Visibility
from streams.publishing import Identity, check_read, new_event
from streams.publishing.permissions import may_publish, readable
from streams.wire.event import NewEvent, event_id, format_time

TALK = ("message", "generation.start")
MAX_CLIENT_ID_CHARS = 64


@transaction.atomic
def ensure_room(slug: str, *, title: str, description: str = "") -> Room:
    """The room, made with its topic if it is missing."""
    room = Room.objects.filter(slug=slug).first()
    if room is None:
        topic, _ = Topic.objects.get_or_create(
            name=f"room:{slug}",
            defaults={"description": f"Everything said in {title}", "visibility": Visibility.MEMBERS},
        )
        room = Room.objects.create(slug=slug, title=title, description=description, topic=topic)
    return room


def room_to_read(who: Identity, slug: str) -> Room:
    """The room; one that is missing and one that may not be read answer alike. Raises NoSuchTopic, NotSignedIn."""
    room = Room.objects.select_related("topic").filter(slug=slug).first()
    name = f"room:{slug}"
    check_read(who=who, topic=None if room is None else room.topic, name=name)
    assert room is not None  # check_read has raised
    return room


def readable_rooms(who: Identity) -> list[Room]:
    """The rooms that ``who`` may read, by title."""
    rooms = list(Room.objects.select_related("topic"))
    may = {topic.pk for topic in readable(who=who, topics=[room.topic for room in rooms])}
    return [room for room in rooms if room.topic_id in may]


def check_talk(who: Identity, slug: str) -> None:
    """Raise unless ``who`` may talk in a room it may read. Guests need the name that the page gave them."""
    if who.kind == "guest" and not who.by_cookie:
        raise NotSignedIn("open the room's page first: it gives you a name")
    if not who.known and not may_publish(who=who, name=f"room:{slug}"):
        raise Forbidden(f"{who.name} may read here but not talk")


def new_message(who: Identity, text: Any, client_id: Any) -> NewEvent:
    """What ``who`` says, as an event; the same ``client_id`` of the same person is said once.

    Raises InvalidInput, TooLarge with the limit and the value.
    """
    if not isinstance(text, str) or not text.strip():
        raise InvalidInput("a message needs some text")
    if "\0" in text:
        raise InvalidInput("a message may not hold the character U+0000, which PostgreSQL can't keep")
    limit = get_settings().max_message_chars
    if len(text) > limit:
        raise TooLarge(f"the message has {len(text)} characters (limit {limit})")
    if not isinstance(client_id, str) or not 0 < len(client_id) <= MAX_CLIENT_ID_CHARS or not client_id.isprintable():
        raise InvalidInput(f"client_id must be a string of 1 to {MAX_CLIENT_ID_CHARS} printable characters")
    data = {"author": who.as_author(), "text": text, "client_id": client_id}
    return new_event(data, key=f"say:{who.id}:{client_id}")


def history(room: Room, *, before: int | None = None) -> dict[str, Any]:
    """A page of a room's history, oldest first, and the position to follow from.

    ``{"room", "topic", "position", "older": bool, "oldest": seq | None, "items": [message | generation]}``; the first
    page (``before`` None) is the state at ``position``, exactly.
    """
    topic = Topic.objects.get(pk=room.topic_id)
    limit = get_settings().history_items
    query = Event.objects.filter(topic_id=topic.pk, type__in=TALK, seq__lte=topic.head).order_by("-seq")
    if before is not None:
        query = query.filter(seq__lt=before)
    rows = list(query[: limit + 1])
    older, rows = len(rows) > limit, rows[:limit][::-1]
    return {
        "room": {"slug": room.slug, "title": room.title, "description": room.description},
        "topic": topic.name,
        "position": event_id(topic.epoch, topic.head),
        "older": older,
        "oldest": rows[0].seq if rows else None,
        "items": _items(topic, rows),
    }


def _items(topic: Topic, rows: list[Event]) -> list[dict[str, Any]]:
    starts = [row.seq for row in rows if row.type != "message"]
    answers = Generation.objects.filter(topic=topic, start_seq__in=starts).priced()
    generations: dict[int | None, Generation] = {one.start_seq: one for one in answers}
    open_at_head = [one for one in generations.values() if one.end_seq is None or one.end_seq > topic.head]
    states = _states_at(topic, open_at_head)
    items = []
    for row in rows:
        item: dict[str, Any] = {"seq": row.seq, "time": format_time(row.created_at)}
        if row.type == "message":
            if (message := read_message(row)) is not None:
                items.append(item | {"kind": "message"} | message)
        elif (generation := generations.get(row.seq)) is not None:
            item |= {"kind": "generation"} | describe_generation(generation)
            if generation in open_at_head:
                item |= {"stop_reason": None, "usage": None, "error": None, "by": None, "html": None, "html_chars": 0}
                item |= {"status": json.loads(row.data)["status"]} | states[str(generation.pk)]
            items.append(item)
    return items


def read_message(event: Event) -> dict[str, Any] | None:
    """What was said; None for an event that was published to the room's topic from elsewhere and is no message."""
    data = json.loads(event.data)
    author = data.get("author") if isinstance(data, dict) else None
    named = isinstance(author, dict) and isinstance(author.get("name"), str)
    return data if named and isinstance(data.get("text"), str) else None


def _states_at(topic: Topic, running: Iterable[Generation]) -> dict[str, dict[str, Any]]:
    """How each answer that runs at the topic's head stands there, as the events up to it tell."""
    starts = [one.start_seq for one in running if one.start_seq is not None]
    states: dict[str, dict[str, Any]] = defaultdict(lambda: {"text": "", "thinking": ""})
    if starts:
        events = Event.objects.of(topic.pk).after(min(starts)).filter(seq__lte=topic.head)
        kinds = ("generation.delta", "generation.thinking", "generation.state")
        for kind, text in events.filter(type__in=kinds).values_list("type", "data").iterator(chunk_size=500):
            data = json.loads(text)
            state = states[data["generation"]]
            if kind == "generation.delta":
                state["text"] += data["text"]
            elif kind == "generation.thinking":
                state["thinking"] += data["text"]
            else:
                state |= {name: data[name] for name in ("status", "attempt", "retry_at", "error")}
    return states
