"""How an answer begins: its row and ``generation.start`` in one transaction, once for each time that it was asked for.

One answer of a room is written at a time; the others wait, as many as may, in the order in which they were asked for.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max

from streams.chat.provider import ModelProvider
from streams.conf import get_settings
from streams.errors import Conflict, LimitReached
from streams.logs import process_name
from streams.models import Event, Generation, Message, Room, Topic
from streams.models.generation import OPEN, GenerationStatus
from streams.publishing import Identity, counted, new_event, publish_events

RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the ``message_seq`` where it was said, and the model that shall answer (empty: the room's).

    client_id: of one who asks for another version; empty: the first answer to the message is meant. guest_at: where a
    guest asks from, as ``guest_at`` has it.
    """

    who: Identity
    message_seq: int
    question: str
    model: str = ""
    client_id: str = ""
    guest_at: str = ""

    @property
    def key(self) -> str:
        """What makes asking twice ask once."""
        return f"again:{self.who.id}:{self.client_id}" if self.client_id else f"answer:{self.message_seq}:1"


def create_generation(room: Room, provider: ModelProvider, asked: Asked, owner: str = "") -> tuple[Generation, bool]:
    """The answer that was asked for, and whether it is new; it runs, or is queued behind others.

    Raises Conflict while another version is not at its end, or if the message was deleted, LimitReached where too many
    wait.
    """
    with transaction.atomic():
        Topic.objects.select_for_update().get(pk=room.topic_id)
        versions = Generation.objects.filter(topic_id=room.topic_id, message_seq=asked.message_seq)
        known = known_answer(room, asked)
        if known is not None:
            return known, False
        if Message.objects.filter(topic_id=room.topic_id, seq=asked.message_seq, deleted_at__isnull=False).exists():
            raise Conflict("the message that this answers was deleted")
        if (still := versions.filter(status__in=OPEN).first()) is not None:
            raise Conflict(f"an answer to this is {still.status}: stop it, or wait for its end")
        status = _status_now(room)
        last = versions.aggregate(last=Max("version"))["last"] or 0
        versions.filter(chosen=True).update(chosen=False)
        generation = Generation(
            topic_id=room.topic_id,
            message_seq=asked.message_seq,
            version=last + 1,
            asked_by=asked.who.id,
            asked_by_name=asked.who.name[:150],
            guest_at=asked.guest_at,
            question=asked.question,
            model=_model(room, provider, asked),
            label=provider.label,
            demo=provider.demo,
            status=status,
            owner=owner or process_name(),
        )
        generation.start_seq = _tell_start(room, asked, generation)
        generation.save(force_insert=True)
        if status == GenerationStatus.RUNNING:
            generation.started_at = generation.created_at
            generation.save(update_fields=["started_at"])
    return generation, True


def _model(room: Room, provider: ModelProvider, asked: Asked) -> str:
    """That of the room is the one that it has by now: ``room`` may be as old as a socket."""
    if provider.demo:
        return provider.model
    return asked.model or Room.objects.values_list("model", flat=True).get(pk=room.pk) or provider.model


def known_answer(room: Room, asked: Asked) -> Generation | None:
    """The answer that this very asking has begun already. Touches the database."""
    answers = Generation.objects.filter(topic_id=room.topic_id)
    if not asked.client_id:
        return answers.filter(message_seq=asked.message_seq).order_by("version").first()
    seq = Event.objects.filter(topic_id=room.topic_id, key=asked.key).values_list("seq", flat=True).first()
    return None if seq is None else answers.filter(start_seq=seq).first()


def _status_now(room: Room) -> GenerationStatus:
    statuses = list(Generation.objects.filter(topic_id=room.topic_id, status__in=OPEN).values_list("status", flat=True))
    queued, limit = statuses.count(GenerationStatus.QUEUED), get_settings().max_queued_per_room
    if queued >= limit:
        text = f"{queued} answers are waiting in this room (limit {limit})"
        raise counted(LimitReached(text, retry_after_s=RETRY_S))
    return GenerationStatus.QUEUED if statuses else GenerationStatus.RUNNING


def _tell_start(room: Room, asked: Asked, generation: Generation) -> int:
    data = {
        "generation": str(generation.pk),
        "message": generation.message_seq,
        "version": generation.version,
        "question": generation.question,
        "model": generation.model,
        "label": generation.label,
        "demo": generation.demo,
        "asked_by": asked.who.as_author(),
        "status": generation.status,
    }
    start = new_event(data, type="generation.start", key=asked.key)
    return publish_events(f"room:{room.slug}", [start]).new[0].seq
