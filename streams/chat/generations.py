"""The answers of this process: begun, watched over, ended with it."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from uuid import UUID

from streams.chat.admission import Admission
from streams.chat.budget import guest_at
from streams.chat.generation_run import Run
from streams.chat.generation_start import Asked, create_generation, known_answer
from streams.chat.generation_turns import end_abandoned
from streams.chat.handing_over import offered, take
from streams.chat.provider import ModelProvider, Piece, Prompt
from streams.chat.upstream import asked
from streams.chat.watch import Watch
from streams.connections import current_peer
from streams.flow import Pipe
from streams.hub import Hub
from streams.logs import process_name
from streams.models import Generation, Room
from streams.models.generation import GenerationStatus
from streams.publishing import Identity

logger = logging.getLogger(__name__)


class GenerationRunner:
    """Runs the answers of this process."""

    def __init__(self, hub: Hub, provider: ModelProvider) -> None:
        self.hub = hub
        self.provider = provider
        self.admission = Admission(hub)
        self._running: dict[UUID, Run] = {}
        self._owner = f"{process_name()}:{secrets.token_hex(2)}"
        self._watch = Watch(hub, self._owner, self._running, self.admission)
        self._to_tell: set[Callable[[], None]] = set()
        self._ended = False

    async def answer(
        self,
        room: Room,
        who: Identity,
        *,
        question: str,
        message_seq: int,
        account: str = "",
        model: str = "",
        client_id: str = "",
    ) -> UUID:
        """Begin an answer to the message ``message_seq``, or queue it; its id, or that of the one it has already.

        ``account``: whose limits count, if not ``who``'s own. ``client_id`` asks for another version, once. Raises
        LimitReached, Conflict, Unavailable. Cancellation: what was begun goes on.
        """
        account = account or who.id
        asking = Asked(who, message_seq, question, model, client_id, guest_at(who, current_peer().address))
        known = await self.hub.gateway.run(known_answer, room, asking)
        if known is not None:  # a repetition is no question, and takes no place
            return known.pk
        self.admission.ask(account)
        return await asyncio.shield(self._begin(room, asking, account))

    async def _begin(self, room: Room, asking: Asked, account: str) -> UUID:
        with ExitStack() as place:
            place.enter_context(self.admission.running(account))
            generation, new = await self.hub.gateway.run(create_generation, room, self.provider, asking, self._owner)
            if new:
                run = Run(self.hub, self.provider, generation, f"room:{room.slug}", account)
                if not run.waits:
                    run.place = place.pop_all()
                self._start(run)
        return generation.pk

    def _start(self, run: Run) -> None:
        identifier = run.generation.pk
        task = run.start()
        self._running[identifier] = run
        task.add_done_callback(lambda _: self._over(identifier, run))
        self._watch.begin()
        self._watch.nudge()
        if self._ended:
            run.end(GenerationStatus.INTERRUPTED)

    def _over(self, identifier: UUID, run: Run) -> None:
        del self._running[identifier]
        run.place.close()
        self._watch.nudge()

    def stop(self, generation_id: UUID) -> asyncio.Task[None] | None:
        """Stop an answer of this process: the task that then ends it, None if it is not of this process."""
        run = self._running.get(generation_id)
        return None if run is None else run.end(GenerationStatus.STOPPED)

    async def finish(self, within_s: float) -> None:
        """Let what runs come to its end for so long; then end it. What is queued does not begin any more."""
        self._watch.begins = False
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.admission.idle()
        await self.end_all()

    async def end_all(self) -> None:
        """End what is open as interrupted, and wait until that is written; answers without a room are told to end."""
        self._ended = True
        self._watch.begins = False
        for tell in tuple(self._to_tell):
            tell()
        tasks = [task for run in self._running.values() if (task := run.end(GenerationStatus.INTERRUPTED)) is not None]
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

    @asynccontextmanager
    async def asked(self, generation: Generation, prompt: Prompt) -> AsyncGenerator[Pipe[Piece], None]:
        """A pipe into which an answer without a room comes; leaving the block ends the call upstream."""
        async with asked(self.hub, self.provider, prompt, str(generation.pk)) as upstream:
            yield upstream.pipe

    async def take_over(self) -> None:
        """Take answers whose turn has come in a process that is full, as many as this one has room for."""
        for pk, account in await self.hub.gateway.run(offered):
            waiting = sum(run.waits for run in self._running.values())
            if pk in self._running or not self._watch.begins or self.admission.full(account, beside=waiting):
                continue
            generation = await self.hub.gateway.run(take, pk, self._owner)
            if generation is not None and generation.topic is not None:
                self._start(Run(self.hub, self.provider, generation, generation.topic.name, account))

    async def keep_ending_abandoned(self) -> None:
        """End what dead processes left behind, and take over from full ones, for ever.

        Raises Unavailable (run it supervised).
        """
        lease_s = self.hub.settings.generation_lease_s
        while True:
            mine = list(self._running)
            ended = await self.hub.gateway.run(partial(end_abandoned, older_than_s=lease_s, mine=mine))
            if ended:
                logger.warning("%d answers were interrupted by the end of their process", ended)
            await self.take_over()
            await asyncio.sleep(lease_s / 3)
