"""An answer as history tells it: from its row, and while it grows from the log up to a position."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.chat.generation_rows import describe_generation
from streams.models import Event, Generation, Topic
from streams.models.generation import GenerationStatus
from streams.wire.event import format_time

PIECES = ("generation.start", "generation.state", "generation.thinking", "generation.delta", "generation.block")
NOT_YET = ("stop_reason", "usage", "error", "by", "retry_at")


@dataclass(slots=True)
class Grown:
    """What the log has of an answer up to a position. told: the fields of its state there."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    html_chars: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    def add(self, event_type: str, data: dict[str, Any]) -> None:
        """One event more."""
        match event_type:
            case "generation.delta":
                self.text.append(data["text"])
            case "generation.thinking":
                self.thinking.append(data["text"])
            case "generation.block":
                self.html.append(data["html"])
                self.html_chars += data["chars"]
            case _:
                names = ("status", "attempt", "retry_at", "error")
                self.told |= {name: data[name] for name in names if name in data}

    def as_item(self) -> dict[str, Any]:
        """The fields of history that are of this moment."""
        return self.told | {
            "text": "".join(self.text),
            "thinking": "".join(self.thinking),
            "html": "".join(self.html) or None,
            "html_chars": self.html_chars,
            "blocks": len(self.html),
        }


def grown(topic: Topic, generations: Collection[Generation]) -> dict[str, Grown]:
    """What has come of each of these answers, by id, up to the topic's head; one query, none where there are none."""
    found = {str(one.pk): Grown() for one in generations}
    starts = [one.start_seq for one in generations if one.start_seq is not None]
    if starts:
        events = Event.objects.of(topic.pk).filter(seq__gte=min(starts), seq__lte=topic.head, type__in=PIECES)
        for event_type, text in events.values_list("type", "data").iterator(chunk_size=500):
            data = json.loads(text)
            if (one := found.get(data["generation"])) is not None:
                one.add(event_type, data)
    return found


def is_open_at(generation: Generation, position: int) -> bool:
    """Whether the answer was still growing there."""
    return generation.end_seq is None or generation.end_seq > position


def answer_items(topic: Topic, shown: Sequence[Generation], versions: Sequence[Generation]) -> list[dict[str, Any]]:
    """An item for each of ``shown`` (rows of ``priced()``), as it stood at the topic's head.

    versions: all versions of these answers that had begun by then; of them only the light fields are read.
    """
    so_far = grown(topic, [one for one in shown if is_open_at(one, topic.head)])
    items = []
    for one in shown:
        beside = sorted((v for v in versions if _answers_the_same(v, one)), key=lambda v: v.version) or [one]
        item = describe_generation(one) | _place(beside, topic.head)
        if (state := so_far.get(str(one.pk))) is None:
            item |= {"blocks": 0}
        else:
            item |= dict.fromkeys(NOT_YET) | {"status": _status_at(one, topic.head)} | state.as_item()
            item["timing"] |= {"ended": None}
        items.append(item)
    return items


def _answers_the_same(one: Generation, other: Generation) -> bool:
    return one.pk == other.pk or (one.message_seq is not None and one.message_seq == other.message_seq)


def _place(versions: Sequence[Generation], head: int) -> dict[str, Any]:
    """Where all versions stand in the room, and which there are."""
    return {
        "kind": "generation",
        "seq": versions[0].start_seq,
        "time": format_time(versions[0].created_at),
        "versions": [
            {"generation": str(one.pk), "version": one.version, "status": _status_at(one, head)} for one in versions
        ],
    }


def _status_at(one: Generation, head: int) -> str:
    """Of a row that has ended since, only the log knows how it stood; that it was open is enough to go on from."""
    return GenerationStatus.RUNNING.value if is_open_at(one, head) and not one.is_open else str(one.status)
