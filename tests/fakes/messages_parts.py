"""What an answer of the Messages API is made of: the parts from which the scenarios are put together."""

import re
from typing import Any

from tests.fakes.messages_api import Recorded, Reply, encode_event

ANSWER = "Hello! This is *one* answer: naïve café, 漢字, 🙂, and its end."
THOUGHT = "The user greets me, so I greet back."


def message(request: Recorded, **fields: object) -> dict[str, Any]:
    """A message object, as ``message_start`` carries it."""
    blank: dict[str, Any] = {
        "id": "msg_01Fake",
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
    }
    usage = {"input_tokens": 12, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    return {**blank, "model": request.json["model"], "stop_sequence": None, "usage": usage, **fields}


def default_message(request: Recorded) -> dict[str, Any]:
    """The answer to a request that does not stream."""
    content = [{"type": "text", "text": ANSWER, "citations": None}]
    return message(request, content=content, stop_reason="end_turn")


def tokens(text: str, chars: int = 4) -> list[str]:
    """Text in pieces of about a token."""
    return re.findall(rf"\s*\S{{1,{chars}}}|\s+", text)


async def start(reply: Reply, **usage: object) -> None:
    """Head and ``message_start``, with some counts in place of the usual ones."""
    await reply.open()
    begun = message(reply.request)
    await reply.event("message_start", message={**begun, "usage": {**begun["usage"], **usage}})


async def block(reply: Reply, index: int, kind: str, *deltas: dict[str, object]) -> None:
    """A whole content block."""
    empty: dict[str, dict[str, object]] = {
        "text": {"text": "", "citations": None},
        "thinking": {"thinking": "", "signature": ""},
        "redacted_thinking": {"data": "EroBCkYIARgC"},
        "tool_use": {"id": "toolu_01Fake", "name": "get_weather", "input": {}},
    }
    await reply.event("content_block_start", index=index, content_block={"type": kind, **empty[kind]})
    for delta in deltas:
        await reply.event("content_block_delta", index=index, delta=delta)
    await reply.event("content_block_stop", index=index)


def text_delta(text: str) -> dict[str, object]:
    """A piece of text."""
    return {"type": "text_delta", "text": text}


async def text(reply: Reply, answer: str = ANSWER, index: int = 0) -> None:
    """A text block, token by token."""
    await block(reply, index, "text", *map(text_delta, tokens(answer)))


async def finish(reply: Reply, stop_reason: str = "end_turn", usage: object = None, details: object = None) -> None:
    """``message_delta``, ``message_stop`` and the body's end."""
    delta = {"stop_reason": stop_reason, "stop_sequence": None, "stop_details": details, "container": None}
    await reply.event("message_delta", delta=delta, usage=usage or {"output_tokens": 15})
    await reply.event("message_stop")
    await reply.end()


def whole_events(request: Recorded, answer: str = ANSWER, piece_chars: int = 4) -> bytes:
    """A complete answer as the bytes of its body."""
    empty = {"type": "text", "text": "", "citations": None}
    deltas = [encode_event("content_block_delta", index=0, delta=text_delta(t)) for t in tokens(answer, piece_chars)]
    events = [
        encode_event("message_start", message=message(request)),
        encode_event("content_block_start", index=0, content_block=empty),
        *deltas,
        encode_event("content_block_stop", index=0),
        encode_event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 15}),
        encode_event("message_stop"),
    ]
    return b"".join(events)
