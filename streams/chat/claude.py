"""Claude's answer as pieces: one call of the Messages API, streamed by the vendor's SDK.

The SDK is imported on the first stream, in a thread: it costs 2 s and 65 MB. It never retries here (its own retry
sleeps unseen, and for as long as a ``retry-after`` says); who asked decides, with the failure's reason before them.
"""

import asyncio
import contextlib
import importlib
import logging
import warnings
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from streams.chat.catalogue import Catalogue, ModelFacts
from streams.chat.catalogue_shipped import SHIPPED
from streams.chat.claude_failures import (
    CallFacts,
    failure_from,
    incomplete,
    is_about_thinking,
    redact,
    refusal,
    stop_reason,
)
from streams.chat.claude_request import counted_of, facts_of, request_of
from streams.chat.provider import Counted, Finished, Piece, Prompt, TextPiece, ThinkingPiece, Usage
from streams.errors import GenerationFailed

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.lib.streaming import AsyncMessageStream, AsyncMessageStreamManager, ParsedMessageStreamEvent
    from anthropic.types import Usage as VendorUsage

logger = logging.getLogger(__name__)

_BURST = 32  # pieces of one packet that are passed on before the loop looks at its other sockets: about 5 ms
_COUNT_S = 5.0  # the exact count of a prompt is wanted before the answer begins; later it is of no use
_LISTED = 1_000  # models of one page of the list: the most there may be
_DRAIN_S = 0.5  # after message_stop the body's end follows at once; reading it keeps the connection for the next call


class ClaudeProvider:
    """Streams answers of Claude with one client, so with one pool of connections, per event loop.

    api_key: passed on explicitly, so that neither the environment nor a profile on disk is ever consulted for one.
    base_url: None is the SDK's own (ANTHROPIC_BASE_URL, else the vendor's); a path prefix is kept.
    read_timeout_s: an idle watchdog; it starts again with every byte, pings included.

    Raises ValueError for an empty key.
    """

    label = "Claude"
    demo = False

    def __init__(
        self,
        api_key: str,
        base_url: str | None,
        model: str,
        *,
        connect_timeout_s: float = 5.0,
        read_timeout_s: float = 75.0,  # upstream pings more often than once a minute
    ) -> None:
        self._api_key = api_key.strip()
        if not self._api_key:
            raise ValueError("ClaudeProvider needs an API key")
        self._base_url = base_url or None
        self.model = model
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._client: AsyncAnthropic | None = None
        self._opening = asyncio.Lock()
        self._not_thinking: set[str] = set()  # models that took no word about it
        self.catalogue = Catalogue(SHIPPED, default=model, ask=self._list_models)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """Yield the answer's pieces; ``Finished`` only after ``message_stop``. Consume under ``aclosing``.

        Raises GenerationFailed, logged once with the vendor's request id; a refusal is one of kind ``refusal``, after
        the text that came before it and its ``Finished``. Cancelling or closing closes the socket upstream before it
        returns.
        """
        request_id = None
        try:
            async with contextlib.AsyncExitStack() as held:
                upstream = await self._begun(prompt, held)
                request_id = upstream.request_id
                pieces, begun = 0, False
                # not `async for`: that would leave a second generator to the garbage collector on every break
                while (event := await anext(upstream, None)) is not None and event.type != "message_stop":
                    if (piece := _piece_of(event)) is not None:
                        yield piece
                        pieces += 1
                        begun = begun or not isinstance(piece, Counted)
                        if pieces % _BURST == 0:
                            await asyncio.sleep(0)
                if event is None:
                    raise incomplete(any_text=begun, request_id=request_id)
                await _drain(upstream)
                message = upstream.current_message_snapshot
                yield Finished(stop_reason(message.stop_reason), _usage(message.usage), request_id)
                if message.stop_reason == "refusal":
                    explanation = getattr(message.stop_details, "explanation", None)
                    raise refusal(explanation, self._facts(prompt.model, request_id))
        except Exception as error:
            raise self._failed(error, self._facts(prompt.model, request_id)) from None

    async def count_tokens(self, prompt: Prompt) -> int | None:
        """The prompt's input tokens as the vendor counts them; None if it does not say so in time."""
        request: dict[str, Any] = counted_of(prompt)
        try:
            client = await self._opened()
            async with asyncio.timeout(_COUNT_S):
                return (await client.messages.count_tokens(**request)).input_tokens
        except TimeoutError:
            logger.warning("claude has not counted the tokens of a prompt within %g s", _COUNT_S)
        except Exception as error:
            self._failed(error, self._facts(prompt.model, None))
        return None

    async def aclose(self) -> None:
        """Close the pool; streams that still run end with a failure."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _begun(self, prompt: Prompt, held: contextlib.AsyncExitStack) -> "AsyncMessageStream[None]":
        """The stream, open until ``held`` ends. Where a model takes no word about thinking, it is asked without."""
        client = await self._opened()
        facts = self.catalogue.facts(prompt.model)
        request = request_of(prompt, facts, thinking=prompt.model not in self._not_thinking)
        try:
            return await held.enter_async_context(_stream_of(client, request))
        except Exception as error:
            if "thinking" not in request or not is_about_thinking(error):
                raise
            logger.warning("%s does not take thinking=%s: asked without", prompt.model, request["thinking"])
            self._not_thinking.add(prompt.model)
        return await held.enter_async_context(_stream_of(client, request_of(prompt, facts, thinking=False)))

    async def _list_models(self) -> list[ModelFacts]:
        """All pages of the vendor's list. Raises GenerationFailed."""
        try:
            client = await self._opened()
            return [facts_of(one) async for one in client.models.list(limit=_LISTED)]
        except Exception as error:
            raise self._failed(error, self._facts(self.model, None)) from None

    async def _opened(self) -> "AsyncAnthropic":
        """The client, made by the first who asks; cancelling the wait leaves a thread that finishes by itself."""
        async with self._opening:
            if self._client is None:
                self._client = await asyncio.to_thread(self._open)
            return self._client

    def _open(self) -> "AsyncAnthropic":
        """Import the SDK and make the client, all that is slow about it included. Blocks for about 2 s."""
        anthropic = importlib.import_module("anthropic")
        httpx2 = importlib.import_module("httpx2")
        client: AsyncAnthropic = anthropic.AsyncAnthropic(
            api_key=self._api_key,
            base_url=self._base_url,
            max_retries=0,
            timeout=httpx2.Timeout(self._read_timeout_s, connect=self._connect_timeout_s),
        )
        _ = client.messages, client.models  # cached properties with imports of their own
        return client

    def _facts(self, model: str, request_id: str | None) -> CallFacts:
        return CallFacts(model, self._api_key, self._connect_timeout_s, self._read_timeout_s, request_id)

    def _failed(self, error: Exception, facts: CallFacts) -> GenerationFailed:
        """The failure to raise in place of ``error``, after the one line that the log gets."""
        failure = failure_from(error, facts)
        logger.warning(
            "claude failed: kind=%s retryable=%s request_id=%s model=%s cause=%s: %s",
            failure.kind,
            failure.retryable,
            failure.request_id,
            facts.model,
            type(error).__name__,
            redact(str(error), self._api_key),
        )
        return failure


def _stream_of(client: "AsyncAnthropic", request: dict[str, Any]) -> "AsyncMessageStreamManager[None]":
    """The call, not yet sent. That a model will retire is told where it is chosen, and need not be warned of here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return client.messages.stream(**request)


def _piece_of(event: "ParsedMessageStreamEvent[None]") -> Piece | None:
    """What an event adds for the reader; None for bookkeeping, the SDK's derived events and types yet unknown."""
    if event.type == "message_start":
        usage: VendorUsage | None = event.message.usage  # a gateway in between may count nothing
        return Counted(replace(_usage(usage), output_tokens=0)) if usage else None  # no count of the output yet
    if event.type == "content_block_delta":
        if event.delta.type == "text_delta":
            return TextPiece(event.delta.text) if event.delta.text else None
        if event.delta.type == "thinking_delta":
            return ThinkingPiece(event.delta.thinking) if event.delta.thinking else None
    elif event.type == "content_block_start":
        if event.content_block.type in ("thinking", "redacted_thinking"):
            return ThinkingPiece("")  # where the vendor omits its text, this is all that is ever seen of it
        if event.content_block.type == "text" and event.content_block.text:
            return TextPiece(event.content_block.text)
    return None


async def _drain(upstream: "AsyncMessageStream[None]") -> None:
    """Read to the body's end, within a bound; the answer is whole already, so that no failure here matters."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_DRAIN_S):
            await upstream.until_done()


def _usage(usage: "VendorUsage") -> Usage:
    """Cumulative counts; the vendor's ``input_tokens`` are those that went past the cache."""
    written, read = usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0
    thinking = usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0
    return Usage((usage.input_tokens or 0) + written + read, usage.output_tokens or 0, read, written, thinking or 0)
