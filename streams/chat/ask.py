"""``POST /chat``: an answer without a room, as server-sent events to the one who asked.

data: {"text": "…"}        each piece, as it comes
data: [DONE]               only if the answer is whole
event: error               else; data: {"error": {"type", "message", "retryable"}}
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from streams.chat.budget import Asker, check_budget, guest_at
from streams.chat.context import chat_prompt
from streams.chat.generation_rows import Outcome, end_generation
from streams.chat.generations import GenerationRunner
from streams.chat.model import current_runner
from streams.chat.provider import Counted, Finished, Piece, Prompt, TextPiece, ThinkingPiece, Usage
from streams.connections import Connection, current_peer, registry
from streams.errors import (
    CloseReason,
    Forbidden,
    GenerationFailed,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    NotSignedIn,
    StreamClosed,
    StreamsError,
    TooLarge,
    UnsupportedMediaType,
)
from streams.flow import PipeClosed
from streams.http import StreamResponse
from streams.http.errors import answers_errors
from streams.hub import Hub, current_hub
from streams.models import Generation
from streams.models.generation import GenerationStatus
from streams.publishing import Identity, identify
from streams.wire import sse
from streams.wire.jsontext import decode_json

logger = logging.getLogger(__name__)
MAX_JSON_DEPTH = 10
OPENING = b": the answer follows\n\n"  # Daphne sends the headers with the first byte
STOPPED = "the server was stopped while answering"
DONE = b"data: [DONE]\n\n"
LEFT = GenerationFailed("interrupted", "whoever asked left before the end", retryable=True)


@answers_errors
async def chat(request: HttpRequest) -> HttpResponseBase:
    """Answer ``{"message", "conversation"?}``; the header ``Streams-Conversation`` names what to send to go on."""
    if request.method != "POST":
        raise MethodNotAllowed(request.method, allow="POST")
    hub, runner = await current_hub(), await current_runner()
    hub.check_open()
    who = await hub.gateway.run(identify, request.user, request.session, request.headers)
    _check_may_ask(who)
    address = current_peer().address
    registry.admit(who, address)
    registry.check_room(who, address)
    message, conversation = _decode(request, hub.settings.max_message_chars)
    runner.admission.ask(who.account(address))
    asker = Asker(who.id, guest_at(who, address))
    generation, prompt = await hub.gateway.run(_begin, asker, runner, message, conversation)
    response = StreamResponse(
        _stream(hub, runner, generation, prompt, who), content_type="text/event-stream; charset=utf-8"
    )
    response.headers["Streams-Conversation"] = str(generation.conversation)
    response.headers["Streams-Model"] = runner.provider.model
    return response


def _check_may_ask(who: Identity) -> None:
    if who.kind == "nobody":
        raise NotSignedIn("sign in, or send a bearer token that may chat")
    if who.token is not None and not who.token.chat:
        raise Forbidden(f"token {who.name} may not chat (createtoken --chat)")


def _decode(request: HttpRequest, max_chars: int) -> tuple[str, UUID | None]:
    if request.content_type != "application/json":
        raise UnsupportedMediaType(f"Content-Type {request.content_type!r:.100} is not read here (application/json)")
    value: Any = decode_json(request.body, max_depth=MAX_JSON_DEPTH)
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(message, str) or not message.strip():
        raise InvalidInput('the body must be {"message": "…"} with some text in it')
    if "\0" in message:
        raise InvalidInput("the message may not hold the character U+0000, which PostgreSQL can't keep")
    if len(message) > max_chars:
        raise TooLarge(f"the message has {len(message)} characters (limit {max_chars})")
    given = value.get("conversation")
    try:
        return message, None if given is None else UUID(given)
    except (ValueError, AttributeError, TypeError):
        raise NotFound(f"no conversation {given!r:.60}") from None


@transaction.atomic
def _begin(
    asker: Asker, runner: GenerationRunner, message: str, conversation: UUID | None
) -> tuple[Generation, Prompt]:
    """The row of the answer, and the prompt from the conversation that ``asker`` has had so far."""
    provider = runner.provider
    past: list[Generation] = []
    if conversation is not None:
        mine = Generation.objects.filter(conversation=conversation, asked_by=asker.id)
        if not mine.exists():
            raise NotFound(f"no conversation {conversation} of yours")
        past = list(mine.filter(status=GenerationStatus.DONE).order_by("created_at"))
    facts = provider.catalogue.facts(provider.model)
    prompt = chat_prompt(past, message, facts, asked_by=asker.id)
    reserved = check_budget(None, asker, provider.model, prompt)
    generation = Generation.objects.create(
        conversation=conversation or uuid4(),
        asked_by=asker.id,
        guest_at=asker.guest_at,
        reserved_usd=reserved,
        question=message,
        model=provider.model,
        label=provider.label,
        demo=provider.demo,
        left_out=prompt.left_out,
    )
    return generation, prompt


async def _pieces(
    runner: GenerationRunner, generation: Generation, prompt: Prompt, connection: Connection
) -> AsyncGenerator[Piece, None]:
    """What the model says, as it comes; GenerationFailed also when the server ends it while the model is silent."""
    async with runner.asked(generation, prompt) as pipe:

        def end(reason: CloseReason) -> None:
            text = STOPPED if reason == CloseReason.SHUTDOWN else f"ended: {reason}"
            pipe.close(GenerationFailed("interrupted", text, retryable=reason.reconnect))

        connection.tell = end
        with runner.told_of_the_end(partial(end, CloseReason.SHUTDOWN)), suppress(PipeClosed):
            while True:
                for piece in await pipe.take():
                    yield piece


@dataclass(slots=True)
class _Heard:
    """What has come of an answer; what it cost counts whatever becomes of it."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    counted: Usage | None = None
    finished: Finished | None = None

    def take(self, piece: Piece) -> str:
        """The text that the caller is told of it."""
        if isinstance(piece, TextPiece):
            self.text.append(piece.text)
            return piece.text
        if isinstance(piece, ThinkingPiece):
            self.thinking.append(piece.text)
        elif isinstance(piece, Counted):
            self.counted = piece.usage
        else:
            self.finished = piece
        return ""

    def outcome(self, status: GenerationStatus, error: GenerationFailed | None = None) -> Outcome:
        """The end of it."""
        return Outcome(
            status, "".join(self.text), self.finished, error, thinking="".join(self.thinking), counted=self.counted
        )


async def _stream(
    hub: Hub, runner: GenerationRunner, generation: Generation, prompt: Prompt, who: Identity
) -> AsyncGenerator[bytes, None]:
    """The pieces as frames. When the caller leaves, the call upstream is closed at once; the row says interrupted."""
    heard, outcome = _Heard(), None
    with ExitStack() as held:
        try:
            connection = held.enter_context(registry.opened(Connection("chat", who)))
            held.enter_context(runner.admission.running(who.account(connection.peer.address)))
            yield OPENING
            connection.sent(len(OPENING))
            async with aclosing(_pieces(runner, generation, prompt, connection)) as pieces:
                async for piece in pieces:
                    if text := heard.take(piece):
                        chunk = sse.encode_data({"text": text})
                        yield chunk
                        connection.sent(len(chunk))
                    if heard.finished:
                        outcome = heard.outcome(GenerationStatus.DONE)
            yield DONE
        except StreamsError as error:
            failed = _as_failed(error)
            status = GenerationStatus.INTERRUPTED if hub.closing is not None else GenerationStatus.FAILED
            outcome = heard.outcome(status, failed)
            yield sse.encode_control("error", {"error": failed.as_json()})
        finally:
            outcome = outcome or heard.outcome(GenerationStatus.INTERRUPTED, LEFT)
            await asyncio.shield(hub.gateway.run(end_generation, generation.pk, None, outcome))


def _as_failed(error: StreamsError) -> GenerationFailed:
    """What ends an answer: the model's failure, or what has changed here since the request was looked at."""
    if isinstance(error, GenerationFailed):
        return error
    if isinstance(error, StreamClosed):
        return GenerationFailed("interrupted", STOPPED, retryable=error.retryable)
    return GenerationFailed(error.code, str(error), retryable=error.retryable)
