"""Group commit: concurrent publishes of one process share a transaction, and so one wait for the disk.

While a transaction runs, those who come wait for the next one; the busier the process, the larger each. A failing
database fails those of that transaction; a request that is refused fails alone.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

from streams.eventlog import Appended, AppendRequest, append_many
from streams.hub import Announcement, Hub
from streams.wire.event import NewEvent


class GroupCommit:
    """The line of publishes of one process; a task runs only while somebody waits."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._waiting: deque[tuple[AppendRequest, asyncio.Future[Appended]]] = deque()
        self._running = False

    async def append(self, topic: str, events: tuple[NewEvent, ...]) -> Appended:
        """Append once the transaction has committed; raises KeyReused, Unavailable."""
        future: asyncio.Future[Appended] = self._hub.loop.create_future()
        self._waiting.append((AppendRequest(topic, events), future))
        if not self._running:
            self._running = True
            self._hub.tasks.run("publishing: group commit", self._drain)
        return await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                most = self._hub.settings.commit_batch
                batch = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
                await self._commit(batch)
        finally:
            self._running = False
            while self._waiting:  # the process ends: nobody waits for ever
                self._waiting.popleft()[1].cancel()

    async def _commit(self, batch: list[tuple[AppendRequest, asyncio.Future[Appended]]]) -> None:
        try:
            results: Sequence[Appended | Exception] = await self._hub.gateway.run(
                append_many, [request for request, _ in batch]
            )
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
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
