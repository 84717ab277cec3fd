"""Running generations: a task of the process owns an answer, not the request that asked for it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from functools import partial
from uuid import UUID

from streams.chat.admission import Admission
from streams.chat.context import room_prompt
from streams.chat.generation_rows import (
    Outcome,
    create_generation,
    end_abandoned,
    end_generation,
    find_to_retry,
    interrupted,
    renew_generation,
)
from streams.chat.provider import Finished, ModelProvider, Piece, Prompt, TextPiece, ThinkingPiece
from streams.errors import GenerationFailed, StreamsError
from streams.flow import Pipe, PipeClosed
from streams.hub import Hub
from streams.models import Generation, Room
from streams.models.generation import GenerationStatus
from streams.publishing import Identity, apublish

logger = logging.getLogger(__name__)
PIPE_PIECES = 1_000  # what may wait while a delta is committed; then the model waits


class GenerationRunner:
    """Runs the answers of this process."""

    def __init__(self, hub: Hub, provider: ModelProvider) -> None:
        self.hub = hub
        self.provider = provider
        self.admission = Admission(hub)
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._to_tell: set[Callable[[], None]] = set()
        self._ended = False

    async def answer(self, room: Room, who: Identity, *, question: str, answers: str, account: str = "") -> UUID | None:
        """Begin an answer in a room; its id, or None if this question has one already. Raises LimitReached.

        ``account``: whose limits count, if not ``who``'s own.
        """
        account = account or who.id
        self.admission.ask(account)
        with ExitStack() as place:
            place.enter_context(self.admission.running(account))
            create = partial(create_generation, room, who, self.provider, question=question, answers=answers)
            generation = await self.hub.gateway.run(create)
            if generation is None:
                return None
            run = partial(self._run, generation, f"room:{room.slug}")
            task = self._running[generation.pk] = self.hub.tasks.run(f"generation {generation.pk}", run)
            task.add_done_callback(partial(self._over, generation.pk, place.pop_all()))
        return generation.pk

    def _over(self, generation_id: UUID, place: ExitStack, _task: asyncio.Task[None]) -> None:
        del self._running[generation_id]
        place.close()

    async def retry(self, room: Room, who: Identity, generation_id: str, *, account: str = "") -> UUID | None:
        """Answer the question of a failed or interrupted generation again; once, however often it is asked."""
        failed = await self.hub.gateway.run(find_to_retry, room.topic_id, generation_id)
        again = f"retry:{failed.pk}"
        return await self.answer(room, who, question=failed.question, answers=again, account=account)

    async def finish(self, within_s: float) -> None:
        """Let what runs come to its end for so long; then end it. What is begun later, its callers refuse."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.admission.idle()
        await self.end_all()

    async def end_all(self) -> None:
        """End what runs as interrupted, and wait until that is written; answers without a room are told to end."""
        self._ended = True
        for tell in tuple(self._to_tell):
            tell()
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextmanager
    def told_of_the_end(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call ``tell`` when the answers of this process end; at once, if they have."""
        self._to_tell.add(tell)
        try:
            if self._ended:
                tell()
            yield
        finally:
            self._to_tell.discard(tell)

    async def keep_ending_abandoned(self) -> None:
        """End what dead processes left behind, for ever; raises Unavailable (run it supervised)."""
        lease_s = self.hub.settings.generation_lease_s
        while True:
            ended = await self.hub.gateway.run(end_abandoned, older_than_s=lease_s)
            if ended:
                logger.warning("%d answers were interrupted by the end of their process", ended)
            await asyncio.sleep(lease_s / 3)

    async def _run(self, generation: Generation, topic: str) -> None:
        """Stream one answer into the room's log, and end it whatever happens."""
        text: list[str] = []
        outcome = interrupted("")
        try:
            finished = await self._stream(generation, topic, text)
            outcome = Outcome(GenerationStatus.DONE, "".join(text), finished)
        except GenerationFailed as error:
            outcome = Outcome(GenerationStatus.FAILED, "".join(text), error=error)
        except asyncio.CancelledError:
            outcome = interrupted("".join(text))
            raise
        except Exception as error:
            logger.exception("generation %s", generation.pk)
            told = str(error) if isinstance(error, StreamsError) else "the server failed while answering"
            failure = GenerationFailed("server_error", told, retryable=True)
            outcome = Outcome(GenerationStatus.FAILED, "".join(text), error=failure)
        finally:
            await asyncio.shield(self.hub.gateway.run(end_generation, generation.pk, topic, outcome))

    async def _stream(self, generation: Generation, topic: str, text: list[str]) -> Finished:
        """Read the model on one side of a pipe, append on the other: what comes during a commit is one delta."""
        prompt = await self.hub.gateway.run(room_prompt, generation)
        async with self.asked(generation, prompt) as pipe:
            return await self._append_pieces(generation, topic, pipe, text)

    @asynccontextmanager
    async def asked(self, generation: Generation, prompt: Prompt) -> AsyncGenerator[Pipe[Piece], None]:
        """A pipe into which the answer comes; its end closes it. Leaving the block ends the call upstream."""
        pipe: Pipe[Piece] = Pipe(PIPE_PIECES)
        producer = self.hub.tasks.run(f"model {generation.pk}", partial(self._read_model, prompt, pipe))
        try:
            yield pipe
        finally:
            producer.cancel()
            await asyncio.wait([producer])

    async def _read_model(self, prompt: Prompt, pipe: Pipe[Piece]) -> None:
        try:
            async with aclosing(self.provider.stream(prompt)) as pieces:
                async for piece in pieces:
                    await pipe.put(piece)
            pipe.close()
        except Exception as error:
            pipe.close(error)
        finally:
            pipe.close()

    async def _append_pieces(self, generation: Generation, topic: str, pipe: Pipe[Piece], text: list[str]) -> Finished:
        """Publish what has come, then let more gather for ``coalesce_s``; renew the lease now and then."""
        settings, loop = self.hub.settings, self.hub.loop
        identifier = str(generation.pk)
        finished: Finished | None = None
        thinking = False
        renew_at = loop.time() + settings.generation_lease_s / 3
        while True:
            try:
                async with asyncio.timeout_at(renew_at):
                    pieces = await pipe.take()
            except TimeoutError:
                pieces = []
            except PipeClosed:
                if finished is None:
                    raise GenerationFailed("incomplete", "the answer broke off", retryable=True) from None
                return finished
            if not thinking and any(isinstance(piece, ThinkingPiece) for piece in pieces):
                thinking = True
                await apublish(topic, {"generation": identifier}, type="generation.thinking")
            if delta := "".join(piece.text for piece in pieces if isinstance(piece, TextPiece)):
                text.append(delta)
                await apublish(topic, {"generation": identifier, "text": delta}, type="generation.delta")
            finished = next((piece for piece in pieces if isinstance(piece, Finished)), finished)
            if loop.time() >= renew_at:
                renew_at = loop.time() + settings.generation_lease_s / 3
                if not await self.hub.gateway.run(renew_generation, generation.pk):
                    raise GenerationFailed("interrupted", "another process has ended this answer", retryable=True)
            await asyncio.sleep(settings.coalesce_s)
