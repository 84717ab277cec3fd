"""The ASGI lifespan protocol: how a process tells its application that it starts and that it ends.

Source: https://asgi.readthedocs.io/en/latest/specs/lifespan.html
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Application = Callable[..., Awaitable[None]]

LEAVE_S = 0.5  # an application that has given its last answer returns within this, or is cancelled


class StartupFailed(Exception):
    """The application answered ``lifespan.startup.failed``; the text is its own."""


class Lifespan:
    """One application's lifespan scope, from ``startup`` to ``shutdown``; ``state`` is copied into every other scope.

    An application that doesn't know the scope raises; it is then served without.
    """

    def __init__(self, application: Application) -> None:
        self.state: dict[str, Any] = {}
        self._application = application
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Start the application's side and wait until it is ready. Raises StartupFailed."""
        self._task = asyncio.create_task(self._run(), name="lifespan")
        answer = await self._ask("lifespan.startup")
        if answer["type"] == "lifespan.startup.failed":
            await self._leave()
            raise StartupFailed(answer.get("message", ""))

    async def shutdown(self) -> None:
        """Tell the application to end and wait until it has. Cancellation: cancels the application's side too."""
        if self._task is None or self._task.done():
            return
        try:
            answer = await self._ask("lifespan.shutdown")
            if answer["type"] == "lifespan.shutdown.failed":
                logger.error("application shutdown failed: %s", answer.get("message", ""))
        finally:
            await self._leave()

    async def _run(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._application(scope=scope, receive=self._inbox.get, send=self._answers.put)
        except Exception:
            logger.debug("the application has no lifespan, or left it early", exc_info=True)
        finally:
            self._answers.put_nowait({"type": "gone"})  # whoever waits for an answer

    async def _ask(self, kind: str) -> Message:
        self._inbox.put_nowait({"type": kind})
        return await self._answers.get()

    async def _leave(self) -> None:
        assert self._task is not None
        await asyncio.wait([self._task], timeout=LEAVE_S)
        self._task.cancel()
        await asyncio.wait([self._task], timeout=LEAVE_S)
