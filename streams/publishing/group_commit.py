"""Group commit: concurrent publishes of one process share a transaction, and so one wait for the disk.

While a transaction runs, those who come wait for the next one; the busier the process, the larger each. A failing
database fails those of that transaction; a request that is refused fails alone.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from streams.errors import Unavailable
from streams.eventlog import Appended, AppendRequest, MakeRows, append_many
from streams.hub import Announcement, Hub
from streams.wire.event import NewEvent


class GroupCommit:
    """The line of publishes of one process; a task runs only while somebody waits."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: deque[tuple[AppendRequest, asyncio.Future[Appended]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def append(self, topic: str, events: tuple[NewEvent, ...], rows: MakeRows | None = None) -> Appended:
        """Append, with ``rows``; returns once the transaction has committed. Raises KeyReused, Unavailable."""
        if self._task is None:
            self._task = self._hub.tasks.run("publishing: group commit", self._drain)
            self._task.add_done_callback(self._ended)
        future: asyncio.Future[Appended] = self._hub.loop.create_future()
        self._waiting.append((AppendRequest(topic, events, rows), future))
        return await future

    async def _drain(self) -> None:
        while self._waiting:
            await self._commit(self._next_batch())
        self._task = None

    def _next_batch(self) -> list[tuple[AppendRequest, asyncio.Future[Appended]]]:
        """Those who come next, with as many events as a transaction should have; one at least."""
        batch, room = [self._waiting.popleft()], self._hub.settings.commit_batch
        room -= len(batch[0][0].events)
        while self._waiting and (room := room - len(self._waiting[0][0].events)) >= 0:
            batch.append(self._waiting.popleft())
        return batch

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The process ends, perhaps before the task began: nobody waits for ever."""
        if self._task is task:
            self._task = None
            while self._waiting:
                _, future = self._waiting.popleft()
                if not future.done():
                    future.set_exception(_shutting_down())

    async def _commit(self, batch: list[tuple[AppendRequest, asyncio.Future[Appended]]]) -> None:
        try:
            results: Sequence[Appended | Exception] = await self._hub.gateway.run(
                append_many, [request for request, _ in batch]
            )
        except asyncio.CancelledError:
            for _, future in batch:
                if not future.done():
                    future.set_exception(_shutting_down())
            raise
        except Exception as error:
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if isinstance(result, Appended) and result.new:
                self._hub.publish(Announcement(result.topic, result.epoch, result.head, result.new))
            if future.done():
                continue  # who asked has left
            if isinstance(result, Appended):
                future.set_result(result)
            else:
                future.set_exception(result)


def _shutting_down() -> Unavailable:
    return Unavailable("the server is shutting down; try again (with a key, in case it was just written)")
