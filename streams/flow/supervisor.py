"""The owner of every task that outlives a request: named, restarted when it fails, ended with the process."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from streams.errors import Unavailable

logger = logging.getLogger(__name__)

MIN_RESTART_S = 0.1
MAX_RESTART_S = 10.0


class Supervisor:
    """A task group that a failing task can't take down.

    Tasks begin in an empty context: one that were started from a request would inherit its thread and fail once the
    request is over.
    """

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._opened = asyncio.Event()
        self._closing = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._root = asyncio.get_running_loop().create_task(
            self._run(), name="streams-supervisor", context=contextvars.Context()
        )

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._opened.set()
            await self._closing.wait()
            for task in self._tasks:
                task.cancel()

    async def opened(self) -> None:
        """Wait until tasks can be started."""
        await self._opened.wait()

    def run(self, name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Run ``work`` once; a failure is logged and stays here."""
        return self._start(name, self._once(name, work))

    def keep_running(
        self, name: str, work: Callable[[], Awaitable[None]], *, max_pause_s: float = MAX_RESTART_S
    ) -> asyncio.Task[None]:
        """Run ``work`` for ever: after a failure, or an end, again with a pause that grows to ``max_pause_s``."""
        return self._start(name, self._again(name, work, max_pause_s))

    def _start(self, name: str, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        if self._group is None or self._closing.is_set():
            coroutine.close()
            raise Unavailable("the server is shutting down; try again")
        task = self._group.create_task(coroutine, name=name, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _once(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception:
            logger.exception("%s failed", name)

    async def _again(self, name: str, work: Callable[[], Awaitable[None]], max_pause_s: float) -> None:
        pause_s = MIN_RESTART_S
        loop = asyncio.get_running_loop()
        while not self._closing.is_set():  # a failure of its cleanup must not bring back what was cancelled
            started = loop.time()
            try:
                await work()
            except Exception as error:
                logger.warning(
                    "%s failed, again in %.1f s: %s", name, pause_s, error, exc_info=pause_s == MIN_RESTART_S
                )
            if loop.time() - started > MAX_RESTART_S:
                pause_s = MIN_RESTART_S
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, max_pause_s)

    async def close(self) -> None:
        """Cancel every task and wait until each has run its ``finally``."""
        self._closing.set()
        await self._root
