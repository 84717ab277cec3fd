"""The rows of generations: how one is told, changes and ends, each time with its event in the same transaction.

An answer ends exactly once: its row leaves the open states by the transaction that appends ``generation.end``. Whoever
locks both a room's topic and a row of its answers locks the topic first.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from streams.chat.provider import Finished, Usage
from streams.errors import GenerationFailed, NotFound, TooLarge
from streams.models import Generation, Topic
from streams.models.generation import OPEN, GenerationStatus
from streams.publishing import new_event, publish_events
from streams.wire.event import NewEvent, format_time

KINDS = {"u": "user", "g": "guest", "t": "token"}
MAX_REQUEST_ID_CHARS = 100
CHARS_PER_TOKEN = 4  # about, of what nobody counted
TOLD_AT_THE_END = ("status", "stop_reason", "usage", "error", "by")


@dataclass(frozen=True, slots=True)
class Shown:
    """The HTML of the first ``chars`` characters of an answer; the rest is shown as text.

    blocks: how many events told of it, None if one was too large to be told. replaces: the HTML is not that of the
    blocks one after the other.
    """

    html: str
    chars: int
    blocks: int | None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended; ``finished`` is there only if the model said that it is at its end.

    counted: the tokens of the question, as the vendor told them before the answer began.
    """

    status: GenerationStatus
    text: str
    finished: Finished | None = None
    error: GenerationFailed | None = None
    thinking: str = ""
    shown: Shown | None = None
    counted: Usage | None = None
    first_text_at: datetime | None = None


def server_stopped() -> GenerationFailed:
    """Why an answer whose process ends is not whole."""
    return GenerationFailed("interrupted", "the server was stopped while answering", retryable=True)


def describe_generation(generation: Generation) -> dict[str, Any]:
    """What the wire tells of an answer's row. The cost is in it where the row comes from ``priced()``."""
    usage = error = None
    if generation.input_tokens is not None or generation.output_tokens is not None:
        names = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "thinking_tokens")
        usage = {name: getattr(generation, name) for name in names} | {"estimated": generation.estimated}
        cost = getattr(generation, "cost_usd", None)
        usage["cost_usd"] = None if cost is None else round(cost, 8)
    if generation.error_type:
        failure = (generation.error_type, generation.error_message, generation.error_retryable)
        error = dict(zip(("type", "message", "retryable"), failure, strict=True))
    stopped = generation.status == GenerationStatus.STOPPED
    return {
        "generation": str(generation.pk),
        "message": generation.message_seq,
        "version": generation.version,
        "question": generation.question,
        "model": generation.model,
        "label": generation.label,
        "demo": generation.demo,
        "asked_by": _person(generation.asked_by, generation.asked_by_name),
        "status": generation.status,
        "attempt": generation.attempt,
        "retry_at": _time(generation.retry_at),
        "text": generation.text,
        "html": generation.html or None,
        "html_chars": generation.html_chars,
        "thinking": generation.thinking,
        "stop_reason": generation.stop_reason or None,
        "usage": usage,
        "error": error,
        "by": _person(generation.stop_requested_by, generation.stop_requested_by_name) if stopped else None,
        "left_out": generation.left_out,
        "timing": {
            "asked": _time(generation.created_at),
            "started": _time(generation.started_at),
            "first_text": _time(generation.first_text_at),
            "ended": _time(generation.ended_at),
        },
    }


def _person(identifier: str, name: str) -> dict[str, str]:
    return {"id": identifier, "name": name or identifier, "kind": KINDS.get(identifier[:1], "nobody")}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def find_generation(topic_id: int, generation: Any) -> Generation:
    """The answer of a room with that id, as a client says it; raises NotFound."""
    try:
        identifier = UUID(generation)
    except (ValueError, AttributeError, TypeError):
        raise NotFound(f"no answer {generation!r:.60} in this room") from None
    found: Generation | None = Generation.objects.filter(pk=identifier, topic_id=topic_id).first()
    if found is None:
        raise NotFound(f"no answer {identifier} in this room")
    return found


def change_state(generation_id: UUID, topic: str, status: GenerationStatus, **changed: Any) -> bool:
    """Change an open answer and tell it by ``generation.state``; False if it has ended.

    ``changed``: further fields of the row, and ``error``: why it is tried again, or waits though it is its turn.
    """
    error: GenerationFailed | None = changed.pop("error", None)
    with transaction.atomic():
        Topic.objects.select_for_update().filter(name=topic).first()
        generation = Generation.objects.filter(pk=generation_id, status__in=OPEN).first()
        if generation is None:
            return False
        for name, value in {"retry_at": None, "status": status, **changed}.items():
            setattr(generation, name, value)
        generation.save(update_fields=["status", "retry_at", *changed])
        data = {
            "generation": str(generation_id),
            "status": status,
            "attempt": generation.attempt,
            "retry_at": _time(generation.retry_at),
            "error": None if error is None else error.as_json(),
        }
        if "left_out" in changed:
            data["context"] = {"left_out": generation.left_out}
        publish_events(topic, [new_event(data, type="generation.state")])
    return True


def end_generation(generation_id: UUID, topic: str | None, outcome: Outcome) -> bool:
    """Write how it ended, in the row and (in a room) as ``generation.end``; False if it had ended already."""
    with transaction.atomic():
        if topic is not None:
            Topic.objects.select_for_update().filter(name=topic).first()
        generation = Generation.objects.select_for_update().filter(pk=generation_id).first()
        if generation is None or not generation.is_open:
            return False
        _write(generation, outcome)
        generation.save()
        if topic is not None:
            event = _end_event(Generation.objects.priced().get(pk=generation_id), outcome.shown)
            end_seq = publish_events(topic, [event]).new[0].seq
            Generation.objects.filter(pk=generation_id).update(end_seq=end_seq)
    return True


def _write(generation: Generation, outcome: Outcome) -> None:
    generation.status, generation.ended_at, generation.retry_at = outcome.status, timezone.now(), None
    generation.reserved_usd = None
    generation.text, generation.thinking = outcome.text, outcome.thinking
    generation.first_text_at = outcome.first_text_at
    if outcome.shown is not None:
        generation.html, generation.html_chars = outcome.shown.html, outcome.shown.chars
    if outcome.finished is not None:
        generation.stop_reason = outcome.finished.stop_reason
        generation.request_id = (outcome.finished.request_id or "")[:MAX_REQUEST_ID_CHARS]
        _write_usage(generation, outcome.finished.usage)
    elif outcome.counted is not None:
        _write_usage(generation, outcome.counted)
        generation.output_tokens = ceil((len(outcome.text) + len(outcome.thinking)) / CHARS_PER_TOKEN)
        generation.thinking_tokens = ceil(len(outcome.thinking) / CHARS_PER_TOKEN)
        generation.estimated = True
    if outcome.error is not None:
        generation.error_type, generation.error_message = outcome.error.kind[:60], str(outcome.error)[:500]
        generation.error_retryable = outcome.error.retryable
        generation.request_id = (outcome.error.request_id or "")[:MAX_REQUEST_ID_CHARS]


def _write_usage(generation: Generation, usage: Usage) -> None:
    generation.input_tokens, generation.output_tokens = usage.input_tokens, usage.output_tokens
    generation.cache_read_tokens, generation.cache_write_tokens = usage.cache_read_tokens, usage.cache_write_tokens
    generation.thinking_tokens = usage.thinking_tokens


def _end_event(generation: Generation, shown: Shown | None) -> NewEvent:
    """``generation.end``; where the HTML would make it too large, ``blocks`` is null, and readers read it again."""
    told = describe_generation(generation)
    data = {"generation": told["generation"]} | {name: told[name] for name in TOLD_AT_THE_END}
    data |= {
        "length": len(generation.text),
        "sha256": hashlib.sha256(generation.text.encode()).hexdigest(),
        "blocks": 0 if shown is None else shown.blocks,
        "html": shown.html if shown is not None and shown.replaces else None,
        "text": None,
    }
    try:
        return new_event(data, type="generation.end")
    except TooLarge:
        return new_event(data | {"html": None, "blocks": None}, type="generation.end")
