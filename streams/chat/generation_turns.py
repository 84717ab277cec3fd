"""What the process that owns open answers asks the database about them: is one to stop, has another its turn.

A process that dies leaves rows that nobody renews; another one, or the next start, ends them as interrupted with the
text that had come.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from streams.chat.generation_rows import Outcome, Shown, change_state, end_generation, server_stopped
from streams.chat.handing_over import OFFERED
from streams.chat.rendering import render_markdown
from streams.models import Event, Generation, Topic
from streams.models.generation import OPEN, GenerationStatus

CHAT_ABANDONED = timedelta(hours=1)


@dataclass(slots=True)
class Seen:
    """Of one's open answers: those that somebody wants to stop; that somebody else has ended or taken.

    turns: those whose turn it is, in the order in which they were asked for, with whether they are offered already.
    """

    stopped: list[UUID] = field(default_factory=list)
    lost: list[UUID] = field(default_factory=list)
    turns: list[tuple[UUID, bool]] = field(default_factory=list)


def look_after(owner: str, mine: Collection[UUID], waiting: Collection[UUID], *, renew: bool) -> Seen:
    """Look at ``mine``, say that their ``owner`` lives (``renew``), and see whose turn it is of those ``waiting``."""
    rows = Generation.objects.filter(pk__in=mine, status__in=OPEN, owner__in=(owner, OFFERED))
    if renew:
        rows.update(renewed_at=timezone.now())
    found = {pk: (topic_id, stop) for pk, topic_id, stop in rows.values_list("pk", "topic_id", "stop_requested_by")}
    seen = Seen(stopped=[pk for pk, (_, stop) in found.items() if stop], lost=[pk for pk in mine if pk not in found])
    topics = {topic_id for pk, (topic_id, stop) in found.items() if pk in waiting and not stop}
    heads = [head for topic_id in topics if (head := _head_of(topic_id)) is not None and head.pk in waiting]
    seen.turns = [(head.pk, head.owner == OFFERED) for head in sorted(heads, key=lambda one: one.created_at)]
    return seen


def _head_of(topic_id: int) -> Generation | None:
    """The first of a room's queue, if nothing is being written there."""
    first = Generation.objects.filter(topic_id=topic_id, status__in=OPEN).order_by("start_seq").first()
    return first if first is not None and first.status == GenerationStatus.QUEUED else None


def begin_turn(owner: str, topic_name: str, generation_id: UUID) -> bool:
    """Claim the turn: nothing else is being written in this room, and nothing else was asked for before."""
    with transaction.atomic():
        topic = Topic.objects.select_for_update().get(name=topic_name)
        others = Generation.objects.filter(topic_id=topic.pk, status__in=OPEN).exclude(pk=generation_id)
        mine = Generation.objects.select_for_update().filter(
            pk=generation_id, status=GenerationStatus.QUEUED, stop_requested_by="", owner__in=(owner, OFFERED)
        )
        generation = mine.first()
        if (
            generation is None
            or others.filter(~Q(status=GenerationStatus.QUEUED) | Q(start_seq__lt=generation.start_seq)).exists()
        ):
            return False
        return change_state(generation_id, topic.name, GenerationStatus.RUNNING, owner=owner, started_at=timezone.now())


def end_abandoned(*, older_than_s: float, mine: Collection[UUID] = ()) -> int:
    """End as interrupted what nobody has renewed for so long; the number ended. What is ``mine`` is in good hands.

    ``POST /chat`` renews nothing: its caller hears at once when the server dies, so its rows can wait.
    """
    now = timezone.now()
    in_a_room = Q(topic__isnull=False, renewed_at__lt=now - timedelta(seconds=older_than_s))
    long_dead = Q(renewed_at__lt=now - CHAT_ABANDONED)
    abandoned = Generation.objects.filter(in_a_room | long_dead, status__in=OPEN).exclude(pk__in=mine)
    return sum(
        end_generation(one.pk, None if one.topic is None else one.topic.name, _left_behind(one))
        for one in abandoned.select_related("topic")
    )


def _left_behind(generation: Generation) -> Outcome:
    """The end of an answer of a dead process, from what it had told; its HTML is made anew."""
    text, thinking, blocks, first_text_at = generation.text, "", 0, None
    if generation.topic_id is not None and generation.start_seq is not None:
        text, thinking, blocks, first_text_at = _told(generation.topic_id, generation.start_seq, str(generation.pk))
    html = render_markdown(text) if text else None
    shown = None if html is None else Shown(html, len(text), blocks, replaces=True)
    return Outcome(
        GenerationStatus.INTERRUPTED,
        text,
        error=server_stopped(),
        thinking=thinking,
        shown=shown,
        first_text_at=first_text_at,
    )


def _told(topic_id: int, start_seq: int, generation: str) -> tuple[str, str, int, datetime | None]:
    text, thinking, blocks, first_text_at = [], [], 0, None
    kinds = ("generation.delta", "generation.thinking", "generation.block")
    events = Event.objects.of(topic_id).after(start_seq).filter(type__in=kinds)
    rows = events.values_list("type", "data", "created_at").iterator(chunk_size=500)
    for kind, data, created_at in rows:
        event = json.loads(data)
        if not isinstance(event, dict) or event.get("generation") != generation:
            continue
        if kind == "generation.delta":
            text.append(str(event.get("text", "")))
            first_text_at = first_text_at or created_at
        elif kind == "generation.thinking":
            thinking.append(str(event.get("text", "")))
        else:
            blocks += 1
    return "".join(text), "".join(thinking), blocks, first_text_at
