"""The versions of an answer: another one is asked for, and one of them is the one that counts."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from streams.chat.generation_rows import find_generation
from streams.chat.here import Here
from streams.chat.model import check_model
from streams.chat.roles import check_scope, check_talk, commands_room
from streams.chat.words import check_client_id
from streams.errors import Conflict, Forbidden
from streams.models import Generation, Message, Room, Topic
from streams.publishing import Identity, new_event, publish_events


async def regenerate(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"generation", "client_id", "model"?}`` -> ``{"generation"}``: another version of it, once for a ``client_id``.

    Asks the message as it reads by now. Raises NotFound, InvalidInput, Conflict, LimitReached and what ``check_talk``
    raises.
    """
    await here.runner.hub.gateway.run(check_talk, here.room, here.who)
    client_id = check_client_id(fields.get("client_id"))
    model = await check_model(here.runner.provider, fields.get("model"))
    message_seq, question = await here.runner.hub.gateway.run(_question, here.room, fields.get("generation"))
    return {"generation": str(await _answer(here, message_seq, question, client_id, model))}


async def ask_again(here: Here, message_seq: int, question: str, client_id: str) -> UUID:
    """Another version of the answer to a message that reads ``question`` by now, or the first; its id.

    Once for a ``client_id`` of the same person. Raises Conflict, LimitReached.
    """
    return await _answer(here, message_seq, question, client_id, "")


async def _answer(here: Here, message_seq: int, question: str, client_id: str, model: str) -> UUID:
    return await here.runner.answer(
        here.room,
        here.who,
        question=question,
        message_seq=message_seq,
        account=here.account,
        model=model,
        client_id=client_id,
    )


def _question(room: Room, generation: Any) -> tuple[int, str]:
    """The message that was answered, and what it asks by now."""
    found = find_generation(room.topic_id, generation)
    if found.message_seq is None:
        raise Conflict("nobody knows which message this answered")
    message = Message.objects.filter(topic_id=room.topic_id, seq=found.message_seq).first()
    return found.message_seq, found.question if message is None else message.text


async def choose(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"generation"}``: show this version from now on, and tell the model of it. Raises NotFound, Forbidden."""
    await here.runner.hub.gateway.run(choose_version, here.room, here.who, fields.get("generation"))
    return {}


def choose_version(room: Room, who: Identity, generation: Any) -> None:
    """By who asked for one of the versions, or whoever commands the room; one that is chosen already stays so."""
    check_scope(room, who)
    with transaction.atomic():
        topic = Topic.objects.select_for_update().get(pk=room.topic_id)
        found = find_generation(topic.pk, generation)
        alone = Q(pk=found.pk)  # one of which nobody knows what it answered
        same = alone if found.message_seq is None else Q(message_seq=found.message_seq)
        versions = Generation.objects.filter(same, topic_id=topic.pk)
        asked = who.is_one and versions.filter(asked_by__in=who.ids).exists()
        if not asked and not commands_room(room, who):
            raise Forbidden("only who asked for this answer, or an owner of the room, may choose its version")
        if not found.chosen:
            versions.exclude(pk=found.pk).update(chosen=False)
            versions.filter(pk=found.pk).update(chosen=True)
            data = {"generation": str(found.pk), "by": who.as_author()}
            publish_events(topic.name, [new_event(data, type="generation.chosen")])
