"""Saying something in a room, and asking Claude by it."""

import re
from collections.abc import Mapping
from typing import Any

from streams.chat.here import Here
from streams.chat.rooms import check_talk, new_message
from streams.errors import StreamsError
from streams.logs import error_with_id
from streams.publishing import allowances, apublish_events

MENTION = re.compile(r"(?<![\w@])@claude\b", re.IGNORECASE)


def asks_model(text: str, *, demo: bool) -> bool:
    """Whether a message wants an answer: it mentions ``@claude``, or is a ``/demo`` command for the demo model."""
    return bool(MENTION.search(text)) or (demo and text.split(maxsplit=1)[:1] == ["/demo"])


async def say(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"text", "client_id"}`` -> ``{"id", "generation"?}``: say it, once for each ``client_id``.

    If an answer was asked for and can't be begun the ack says why: ``"refused": {"code", "message", "retryable"}``.
    Raises NotSignedIn, Forbidden, InvalidInput, TooLarge, LimitReached, KeyReused, Unavailable: then nothing was said.
    """
    runner, room, text = here.runner, here.room, fields.get("text")
    check_talk(here.who, room.slug)
    message = new_message(here.who, text, fields.get("client_id"))
    allowances(runner.hub).messages.take(here.account)
    appended = await apublish_events(f"room:{room.slug}", [message])
    answer: dict[str, Any] = {"id": appended.ids[0]}
    if isinstance(text, str) and asks_model(text, demo=runner.provider.demo):
        try:
            seq = int(appended.ids[0].rpartition("-")[2])
            generation = await runner.answer(room, here.who, question=text, message_seq=seq, account=here.account)
        except StreamsError as error:
            return answer | {"refused": error_with_id(error)}
        answer["generation"] = str(generation)
    return answer
