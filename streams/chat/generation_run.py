"""One answer of a room, from its place in the queue to its end. A task of the process owns it, not who asked for it."""

import asyncio
import logging
import random
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from streams.chat.generation_rows import Outcome, Shown, change_state, end_generation, server_stopped
from streams.chat.growing import Growing
from streams.chat.preparing import prepare
from streams.chat.provider import ModelProvider, Prompt
from streams.chat.retries import told, wait_s
from streams.chat.upstream import asked
from streams.errors import GenerationFailed, NoSuchTopic, StreamsError
from streams.flow import PipeClosed
from streams.hub import Hub
from streams.models import Generation
from streams.models.generation import GenerationStatus

logger = logging.getLogger(__name__)


class Run:
    """``work`` writes the answer and ends it, whatever happens; ``place``: what is held until then."""

    def __init__(self, hub: Hub, provider: ModelProvider, generation: Generation, topic: str, account: str) -> None:
        self.generation = generation
        self.account = account
        self.place = ExitStack()
        self._hub = hub
        self._provider = provider
        self.topic = topic
        self._grown = Growing(generation.pk, topic, hub.settings)
        self._turn = asyncio.Event()
        self._begun = False
        self._ended_as: GenerationStatus | None = None
        self._lost = False
        self._task: asyncio.Task[None] | None = None
        if generation.status != GenerationStatus.QUEUED:
            self._turn.set()

    @property
    def waits(self) -> bool:
        """Whether it stands in the queue."""
        return not self._turn.is_set()

    def start(self) -> asyncio.Task[None]:
        """Begin, or stand in the queue."""
        self._task = self._hub.tasks.run(f"generation {self.generation.pk}", self.work)
        return self._task

    def take_turn(self) -> None:
        """The row says that it runs now."""
        self._turn.set()

    def end(self, status: GenerationStatus) -> asyncio.Task[None] | None:
        """Stop writing: close the call upstream, then end it as ``status``. The task that does so."""
        if self._ended_as is None:
            self._ended_as = status
            if self._begun and self._task is not None:  # a task that is cancelled before it runs would end nothing
                self._task.cancel()
        return self._task

    def lose(self) -> None:
        """Somebody else has ended it."""
        self._lost = True
        self.end(GenerationStatus.INTERRUPTED)

    async def work(self) -> None:
        """Wait for the turn, stream the answer into the room's log, end it."""
        self._begun = True
        status = GenerationStatus.INTERRUPTED
        error: GenerationFailed | None = server_stopped()
        try:
            if self._ended_as is not None:
                raise asyncio.CancelledError
            await self._turn.wait()
            await self._attempts()
            status, error = GenerationStatus.DONE, None
        except GenerationFailed as failure:
            status, error = GenerationStatus.FAILED, told(failure, now=timezone.now(), settings=self._hub.settings)
        except asyncio.CancelledError:
            if self._ended_as == GenerationStatus.STOPPED:
                status, error = GenerationStatus.STOPPED, None
            raise
        except NoSuchTopic:  # the room was deleted, and the answer with it
            self._lost = True
        except StreamsError as failure:
            logger.warning("generation %s: %s", self.generation.pk, failure)
            status = GenerationStatus.FAILED
            error = GenerationFailed(failure.code, str(failure), retryable=failure.retryable)
        except Exception:
            logger.exception("generation %s", self.generation.pk)
            status = GenerationStatus.FAILED
            error = GenerationFailed("server_error", "the server failed while answering", retryable=True)
        finally:
            await asyncio.shield(self._end(status, error))

    async def _attempts(self) -> None:
        """Call upstream until an answer comes; what failed before anything came may be tried again, which is told."""
        prompt = await prepare(self._hub.gateway, self._provider, self.generation)
        if prompt.left_out:
            await self._tell(GenerationStatus.RUNNING, left_out=prompt.left_out)
        attempt = 1
        while True:
            try:
                return await self._attempt(prompt)
            except GenerationFailed as error:
                settings = self._hub.settings
                wait = wait_s(error, attempt=attempt, settings=settings, random=random.random)
                if wait is None or self._grown.begun:
                    raise
                failure = error
            attempt += 1
            retry_at = timezone.now() + timedelta(seconds=wait)
            await self._tell(GenerationStatus.RETRYING, attempt=attempt, retry_at=retry_at, error=failure)
            await asyncio.sleep(wait)
            await self._tell(GenerationStatus.RUNNING)

    async def _attempt(self, prompt: Prompt) -> None:
        """Read the model on one side of a pipe, append on the other: what comes during a commit is one delta."""
        async with asked(self._hub, self._provider, prompt, str(self.generation.pk)) as upstream:
            while True:
                try:
                    pieces = await upstream.pipe.take()
                except PipeClosed:
                    break
                await self._grown.take(pieces)
                await upstream.gather(self._grown.gather_s)
        if self._grown.finished is None:
            raise GenerationFailed("incomplete", "the answer broke off", retryable=True)

    async def _tell(self, status: GenerationStatus, **changed: Any) -> None:
        change = partial(change_state, self.generation.pk, self.topic, status, **changed)
        if not await self._hub.gateway.run(change):
            self._lost = True
            raise GenerationFailed("interrupted", "another process has ended this answer", retryable=True)

    async def _end(self, status: GenerationStatus, error: GenerationFailed | None) -> None:
        grown = self._grown
        await grown.settle()
        if self._lost:
            return
        try:
            shown = await grown.finish()
        except Exception:  # the text counts; its readers ask for the answer again
            logger.exception("the HTML of generation %s", self.generation.pk)
            shown = Shown("", 0, None)
        outcome = Outcome(
            status,
            grown.text,
            grown.finished,
            error,
            grown.thinking,
            shown,
            grown.counted,
            grown.first_text_at,
        )
        await self._hub.gateway.run(end_generation, self.generation.pk, self.topic, outcome)
