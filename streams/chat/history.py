"""A room's history: pages of messages and answers, from their rows.

The newest page is the state at ``position``, from which the events behind it lead on, so that a page that loads in the
middle of an answer loses nothing and doubles nothing. What has not begun by then is left out, and of an answer that
grows the log is folded up to there. Rows may be newer: a message that was edited or deleted since, a reaction that came
or went, a version that was chosen. The events that tell of it come again, and change nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from streams.chat.answer_items import answer_items
from streams.chat.reading import reading_of
from streams.conf import get_settings
from streams.errors import NotFound
from streams.models import Generation, Message, Reaction, Room, Topic
from streams.publishing import Identity
from streams.wire.event import event_id, format_time

VERSION = ("pk", "topic_id", "start_seq", "end_seq", "message_seq", "version", "chosen", "status", "created_at")
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page: the newest, or the one that ends before, begins after, or lies around a place."""

    before: int | None = None
    after: int | None = None
    around: int | None = None


NEWEST = Wanted()


def history(room: Room, wanted: Wanted = NEWEST, *, who: Identity | None = None) -> dict[str, Any]:
    """A page, oldest first, and the position that it is of.

    ``{"room", "topic", "position", "older": bool, "oldest": seq | None, "newer": bool, "newest": seq | None,
    "items": […]}``; the newest page of ``who`` also has ``"last_read"`` and ``"unread"``.
    """
    told = {"room": {"slug": room.slug, "title": room.title, "description": room.description}}
    page = told | page_at(Topic.objects.get(pk=room.topic_id), wanted)
    if who is not None and wanted == NEWEST:
        page |= reading_of(room, who)
    return page


def page_at(topic: Topic, wanted: Wanted = NEWEST) -> dict[str, Any]:
    """What ``history`` has of the log, at the head that ``topic`` says."""
    messages, answers, older, newer = _rows(topic, wanted, get_settings().history_items)
    items = sorted([*_message_items(messages), *_answers(topic, answers)], key=lambda item: int(item["seq"]))
    return {
        "topic": topic.name,
        "position": event_id(topic.epoch, topic.head),
        "older": older,
        "oldest": items[0]["seq"] if items else None,
        "newer": newer,
        "newest": items[-1]["seq"] if items else None,
        "items": items,
    }


def _rows(topic: Topic, wanted: Wanted, limit: int) -> tuple[list[Message], list[Generation], bool, bool]:
    """What the page holds, and whether there is more before and behind it."""
    if wanted.after is not None:
        messages, answers, newer = _forward(topic, wanted.after, limit)
        return messages, answers, wanted.after > 0, newer
    if wanted.around is not None:
        messages, answers, older = _back(topic, wanted.around, limit // 2 + 1)
        later, later_answers, newer = _forward(topic, wanted.around, limit // 2)
        return messages + later, answers + later_answers, older, newer
    before = topic.head + 1 if wanted.before is None else min(wanted.before, topic.head + 1)
    messages, answers, older = _back(topic, before - 1, limit)
    return messages, answers, older, wanted.before is not None and before <= topic.head


def _said(topic: Topic) -> Any:
    return Message.objects.filter(topic_id=topic.pk, seq__lte=topic.head)


def _asked(topic: Topic) -> Any:
    """The first version of each answer: it holds the place of all."""
    return Generation.objects.filter(topic_id=topic.pk, version=1, start_seq__lte=topic.head).only(*VERSION)


def _back(topic: Topic, upto: int, limit: int) -> tuple[list[Message], list[Generation], bool]:
    """The newest ``limit`` up to a place, and whether there are older ones."""
    messages = list(_said(topic).filter(seq__lte=upto).order_by("-seq")[: limit + 1])
    answers = list(_asked(topic).filter(start_seq__lte=upto).order_by("-start_seq")[: limit + 1])
    places = sorted([*(one.seq for one in messages), *(_place(one) for one in answers)], reverse=True)
    oldest = places[:limit][-1] if places else 0
    kept = [one for one in messages if one.seq >= oldest], [one for one in answers if _place(one) >= oldest]
    return *kept, len(places) > limit


def _forward(topic: Topic, after: int, limit: int) -> tuple[list[Message], list[Generation], bool]:
    """The oldest ``limit`` behind a place, and whether there are newer ones."""
    messages = list(_said(topic).filter(seq__gt=after).order_by("seq")[: limit + 1])
    answers = list(_asked(topic).filter(start_seq__gt=after).order_by("start_seq")[: limit + 1])
    places = sorted([*(one.seq for one in messages), *(_place(one) for one in answers)])
    newest = places[:limit][-1] if places else 0
    kept = [one for one in messages if one.seq <= newest], [one for one in answers if _place(one) <= newest]
    return *kept, len(places) > limit


def _place(answer: Generation) -> int:
    assert answer.start_seq is not None  # it is in a room
    return answer.start_seq


def _message_items(rows: Sequence[Message]) -> list[Item]:
    reactions: dict[int, dict[str, list[dict[str, str]]]] = {}
    for one in Reaction.objects.filter(message__in=[row.pk for row in rows]).order_by("created_at", "pk"):
        people = reactions.setdefault(one.message_id, {}).setdefault(one.emoji, [])
        people.append({"id": one.person, "name": one.name})
    return [message_item(row, reactions.get(row.pk, {})) for row in rows]


def message_item(row: Message, reactions: dict[str, list[dict[str, str]]]) -> Item:
    """A message as it stands."""
    return {
        "kind": "message",
        "seq": row.seq,
        "time": format_time(row.created_at),
        "author": {"id": row.author_id, "name": row.author_name, "kind": row.author_kind},
        "text": row.text,
        "client_id": row.client_id,
        "reply_to": row.reply_to,
        "mentions": row.mentions,
        "files": row.files,
        "edited": None if row.edited_at is None else format_time(row.edited_at),
        "deleted": None if row.deleted_at is None else format_time(row.deleted_at),
        "reactions": [{"emoji": emoji, "people": people} for emoji, people in reactions.items()],
    }


def versions_of(topic: Topic, questions: Sequence[int]) -> list[Generation]:
    """All versions of the answers to these messages that had begun at the topic's head, without their texts."""
    return _begun(topic, _versions(topic, questions).only(*VERSION))


def _versions(topic: Topic, questions: Sequence[int]) -> Any:
    return Generation.objects.filter(topic_id=topic.pk, message_seq__in=questions)


def _begun(topic: Topic, versions: Iterable[Generation]) -> list[Generation]:
    """Not asked of the database: SQLite would take the index of the condition that holds for nearly all rows."""
    there = (one for one in versions if one.start_seq is not None and one.start_seq <= topic.head)
    return sorted(there, key=lambda one: one.version)


def _answers(topic: Topic, firsts: Sequence[Generation]) -> list[Item]:
    """An item for each answer: its chosen version, or where that has not begun yet the newest."""
    if not firsts:
        return []
    versions = versions_of(topic, [one.message_seq for one in firsts if one.message_seq is not None])
    shown = {one.message_seq or one.pk: one.pk for one in firsts}
    for version in sorted(versions, key=lambda one: (one.chosen, one.version)):
        shown[version.message_seq or version.pk] = version.pk
    rows = list(Generation.objects.filter(pk__in=shown.values()).priced())
    return answer_items(topic, rows, versions)


def everything(topic: Topic, after: int, limit: int) -> tuple[list[Item], int | None]:
    """The oldest ``limit`` behind a place, and the place behind which there are more; None: these are the last.

    An answer has all its versions in full, as ``"answers"``, beside the item of the one that is shown.
    """
    messages, firsts, more = _forward(topic, after, limit)
    questions = [one.message_seq for one in firsts if one.message_seq is not None]
    alone = Generation.objects.filter(pk__in=[one.pk for one in firsts if one.message_seq is None])
    versions = _begun(topic, [*_versions(topic, questions).priced(), *alone.priced()])
    chosen = {str(one.pk) for one in versions if one.chosen}
    by_place: dict[int, list[Item]] = {}
    for item in answer_items(topic, versions, versions):
        by_place.setdefault(item["seq"], []).append(item)
    answers = [
        next((item for item in items if item["generation"] in chosen), items[-1]) | {"answers": items}
        for items in by_place.values()
    ]
    items = sorted([*_message_items(messages), *answers], key=lambda item: int(item["seq"]))
    return items, items[-1]["seq"] if more else None


def answer(room: Room, generation_id: Any) -> Item:
    """One version of an answer, as it stands at ``position``. Raises NotFound."""
    topic = Topic.objects.get(pk=room.topic_id)
    row = Generation.objects.filter(topic_id=topic.pk, pk=generation_id, start_seq__lte=topic.head).priced().first()
    if row is None:
        raise NotFound(f"no answer {str(generation_id)!r:.60} in this room")
    versions = [] if row.message_seq is None else versions_of(topic, [row.message_seq])
    (item,) = answer_items(topic, [row], versions)
    return {"position": event_id(topic.epoch, topic.head)} | item
