"""Saying something in a room, and asking Claude by it: what the socket's operations do."""

import re
from typing import Any

from streams.chat.generations import GenerationRunner
from streams.chat.rooms import check_talk, new_message
from streams.errors import StreamsError
from streams.models import Room
from streams.publishing import Identity, allowances, apublish_events

MENTION = re.compile(r"(?<![\w@])@claude\b", re.IGNORECASE)


def asks_model(text: str, *, demo: bool) -> bool:
    """Whether a message wants an answer: it mentions ``@claude``, or is a ``/demo`` command for the demo model."""
    return bool(MENTION.search(text)) or (demo and text.split(maxsplit=1)[:1] == ["/demo"])


async def say(
    runner: GenerationRunner, room: Room, who: Identity, *, text: Any, client_id: Any, account: str = ""
) -> tuple[str, StreamsError | None]:
    """Say it, once for each ``client_id``; the event's id, and why no answer was begun if one was asked for.

    ``account``: whose limits count, if not ``who``'s own. Raises NotSignedIn, Forbidden, InvalidInput, TooLarge,
    LimitReached, KeyReused, Unavailable: then nothing was said.
    """
    check_talk(who, room.slug)
    message = new_message(who, text, client_id)
    allowances(runner.hub).messages.take(account or who.id)
    appended = await apublish_events(f"room:{room.slug}", [message])
    event_id = appended.ids[0]
    if asks_model(text, demo=runner.provider.demo):
        try:
            await runner.answer(room, who, question=text, answers=event_id, account=account)
        except StreamsError as error:
            return event_id, error
    return event_id, None


async def retry(runner: GenerationRunner, room: Room, who: Identity, *, generation: Any, account: str = "") -> None:
    """Answer a failed or interrupted question again. Raises NotFound, LimitReached and as ``say``."""
    check_talk(who, room.slug)
    await runner.retry(room, who, str(generation), account=account)
