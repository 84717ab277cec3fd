"""Saying something in a room, and asking Claude by it."""

import re
from collections.abc import Mapping
from typing import Any

from streams.chat.here import Here
from streams.chat.message_rows import delete_message, edit_message, find_said, mark_read, prepare_message
from streams.chat.message_rows import react as put_reaction
from streams.chat.model import check_model
from streams.chat.versions import ask_again
from streams.chat.words import Draft, check_emoji, check_seq, check_text, read_draft
from streams.errors import InvalidInput, KeyReused, StreamsError
from streams.logs import error_with_id
from streams.publishing import allowances, apublish_events

MENTION = re.compile(r"(?<![\w@])@claude\b", re.IGNORECASE)


def asks_model(text: str, *, demo: bool) -> bool:
    """Whether a message wants an answer: it mentions ``@claude``, or is a ``/demo`` command for the demo model."""
    return bool(MENTION.search(text)) or (demo and text.split(maxsplit=1)[:1] == ["/demo"])


async def say(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"text", "client_id", "reply_to"?, "files"?, "model"?}`` -> ``{"id", "generation"?}``: say it, once.

    If an answer was asked for and can't be begun the ack says why: ``"refused": {"code", "message", "retryable"}``.
    Raises NotSignedIn, Forbidden, InvalidInput, TooLarge, LimitReached, KeyReused, Unavailable: then nothing was said.
    """
    runner, room, draft = here.runner, here.room, read_draft(fields)
    model = await check_model(runner.provider, fields.get("model"))
    allowances(runner.hub).messages.take(here.account)
    answer: dict[str, Any] = {"id": await _say(here, draft)}
    if asks_model(draft.text, demo=runner.provider.demo):
        seq = int(answer["id"].rpartition("-")[2])
        try:
            generation = await runner.answer(
                room, here.who, question=draft.text, message_seq=seq, account=here.account, model=model
            )
        except StreamsError as error:
            return answer | {"refused": error_with_id(error)}
        answer["generation"] = str(generation)
    return answer


async def _say(here: Here, draft: Draft) -> str:
    """The id of the event. Two that are sent at once, with people coming and going between them, are still one."""
    gateway = here.runner.hub.gateway
    message = await gateway.run(prepare_message, here.room, here.who, draft)
    if isinstance(message, str):
        return message
    try:
        appended = await apublish_events(f"room:{here.room.slug}", [message.event], message.rows)
    except KeyReused:
        if (said := await gateway.run(find_said, here.room, here.who, draft)) is None:
            raise
        return said
    return appended.ids[0]


async def edit(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"message", "text", "again"?}``: other words for what one has said. Raises as ``say``, NotFound, Conflict.

    ``again`` asks for an answer to them: ``{"generation"}``, or ``{"refused"}``; the words are changed either way.
    """
    seq, text = check_seq("message", fields.get("message")), check_text(fields.get("text"))
    allowances(here.runner.hub).messages.take(here.account)
    row = await here.runner.hub.gateway.run(edit_message, here.room, here.who, seq, text)
    if not fields.get("again"):
        return {}
    try:
        return {"generation": str(await ask_again(here, seq, text, f"edit:{seq}:{row.edits}"))}
    except StreamsError as error:
        return {"refused": error_with_id(error)}


async def delete(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"message"}``: take it back. Raises NotFound, Forbidden, NotSignedIn, LimitReached."""
    seq = check_seq("message", fields.get("message"))
    allowances(here.runner.hub).messages.take(here.account)
    await here.runner.hub.gateway.run(delete_message, here.room, here.who, seq)
    return {}


async def react(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"message", "emoji", "on"}``: a sign at a message, or no more. Raises NotFound, Conflict, and as ``say``."""
    seq, emoji, on = check_seq("message", fields.get("message")), check_emoji(fields.get("emoji")), fields.get("on")
    if not isinstance(on, bool):
        raise InvalidInput(f"on must be true or false, not {on!r:.60}")
    allowances(here.runner.hub).messages.take(here.account)
    await here.runner.hub.gateway.run(put_reaction, here.room, here.who, seq, emoji, on=on)
    return {}


async def read(here: Here, fields: Mapping[str, Any]) -> dict[str, Any]:
    """``{"seq"}``: everything up to there was seen."""
    await here.runner.hub.gateway.run(mark_read, here.room, here.who, check_seq("seq", fields.get("seq")))
    return {}
