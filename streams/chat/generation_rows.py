"""The rows of generations: began, renewed, ended, each with its event in the same transaction.

An answer ends exactly once: its row leaves ``running`` by a conditional update in the transaction that appends
``generation.end``. A process that dies leaves a row that nobody renews; another one, or the next start, ends it as
interrupted with the text that had come.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from streams.chat.provider import Finished, ModelProvider
from streams.chat.rendering import render_markdown
from streams.chat.rooms import describe
from streams.errors import GenerationFailed, KeyReused, NotFound, TooLarge
from streams.models import Event, Generation, Room
from streams.models.generation import GenerationStatus
from streams.publishing import Identity, new_event, publish_events
from streams.wire.event import NewEvent

CHAT_ABANDONED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended; ``finished`` is there only if the model said that it is whole."""

    status: GenerationStatus
    text: str
    finished: Finished | None = None
    error: GenerationFailed | None = None


def interrupted(text: str) -> Outcome:
    """The end of an answer whose server was stopped."""
    error = GenerationFailed("interrupted", "the server was stopped while answering", retryable=True)
    return Outcome(GenerationStatus.INTERRUPTED, text, error=error)


def create_generation(
    room: Room, who: Identity, provider: ModelProvider, *, question: str, answers: str
) -> Generation | None:
    """The row and ``generation.start``, together; None if the event ``answers`` has been answered already."""
    with transaction.atomic():
        generation = Generation(
            topic_id=room.topic_id,
            asked_by=who.id,
            question=question,
            model=provider.model,
            label=provider.label,
            demo=provider.demo,
        )
        data = {
            "generation": str(generation.pk),
            "model": provider.model,
            "label": provider.label,
            "demo": provider.demo,
            "asked_by": who.as_author(),
            "answers": answers,
        }
        start = new_event(data, type="generation.start", key=f"answer:{answers}")
        try:
            appended = publish_events(f"room:{room.slug}", [start])
        except KeyReused:  # by another generation: the log decides, whoever asks at the same time
            return None
        generation.start_seq = appended.new[0].seq
        generation.save(force_insert=True)
    return generation


def end_generation(generation_id: UUID, topic: str | None, outcome: Outcome) -> bool:
    """Write how it ended, in the row and (in a room) as ``generation.end``; False if it had ended already."""
    html = render_markdown(outcome.text) if outcome.text else None
    with transaction.atomic():
        generation = Generation.objects.select_for_update().filter(pk=generation_id).first()
        if generation is None or generation.status != GenerationStatus.RUNNING:
            return False
        generation.status, generation.ended_at = outcome.status, timezone.now()
        generation.text, generation.html = outcome.text, html or ""
        if outcome.finished is not None:
            generation.stop_reason = outcome.finished.stop_reason
            generation.input_tokens = outcome.finished.usage.input_tokens
            generation.output_tokens = outcome.finished.usage.output_tokens
            generation.request_id = outcome.finished.request_id or ""
        if outcome.error is not None:
            generation.error_type, generation.error_message = outcome.error.kind[:60], str(outcome.error)[:500]
            generation.error_retryable = outcome.error.retryable
            generation.request_id = outcome.error.request_id or ""
        if topic is not None:
            digest = hashlib.sha256(outcome.text.encode()).hexdigest()
            data = {"generation": str(generation_id)} | describe(generation)
            data |= {"length": len(outcome.text), "sha256": digest}
            generation.end_seq = publish_events(topic, [_end_event(data)]).new[0].seq
        generation.save()
    return True


def _end_event(data: dict[str, Any]) -> NewEvent:
    """``generation.end``; where the HTML would make it too large, readers keep the text that they have."""
    try:
        return new_event(data, type="generation.end")
    except TooLarge:
        return new_event(data | {"html": None}, type="generation.end")


def renew_generation(generation_id: UUID) -> bool:
    """Say that its owner lives; False if somebody has ended it."""
    running = Generation.objects.filter(pk=generation_id, status=GenerationStatus.RUNNING)
    return running.update(renewed_at=timezone.now()) == 1


def end_abandoned(*, older_than_s: float) -> int:
    """End as interrupted what nobody has renewed for so long; the number ended.

    ``POST /chat`` renews nothing: its caller hears at once when the server dies, so its rows can wait.
    """
    now = timezone.now()
    in_a_room = Q(topic__isnull=False, renewed_at__lt=now - timedelta(seconds=older_than_s))
    long_dead = Q(renewed_at__lt=now - CHAT_ABANDONED)
    abandoned = Generation.objects.filter(in_a_room | long_dead, status=GenerationStatus.RUNNING)
    return sum(
        end_generation(one.pk, None if one.topic is None else one.topic.name, interrupted(_text_so_far(one)))
        for one in abandoned.select_related("topic")
    )


def _text_so_far(generation: Generation) -> str:
    if generation.topic_id is None or generation.start_seq is None:
        return generation.text
    deltas = Event.objects.of(generation.topic_id).after(generation.start_seq).filter(type="generation.delta")
    data = (json.loads(text) for text in deltas.values_list("data", flat=True).iterator(chunk_size=500))
    return "".join(one["text"] for one in data if one["generation"] == str(generation.pk))


def find_to_retry(topic_id: int, generation_id: str) -> Generation:
    """A generation of the room that may be asked again; raises NotFound."""
    try:
        identifier = UUID(generation_id)
    except (ValueError, AttributeError, TypeError):
        raise NotFound(f"no answer {generation_id!r:.60} in this room") from None
    again = (GenerationStatus.FAILED, GenerationStatus.INTERRUPTED)
    found: Generation | None = Generation.objects.filter(pk=identifier, topic_id=topic_id, status__in=again).first()
    if found is None:
        raise NotFound(f"no answer {generation_id:.60} in this room that could be tried again")
    return found
