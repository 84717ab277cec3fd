"""A look at the database, twice a second while answers are open here: who is to stop, whose turn it is, the leases."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from uuid import UUID

from streams.chat.admission import Admission
from streams.chat.generation_run import Run
from streams.chat.generation_turns import begin_turn, look_after
from streams.chat.handing_over import offer
from streams.errors import Unavailable
from streams.hub import Hub
from streams.models.generation import GenerationStatus

logger = logging.getLogger(__name__)
LOOK_S = 0.4  # a stop that another process was asked for is heard within this, and so is a turn


class Watch:
    """Watches over ``runs``; ``nudge`` makes it look at once. A task runs only while there is something to watch."""

    def __init__(self, hub: Hub, owner: str, runs: Mapping[UUID, Run], admission: Admission) -> None:
        self._hub = hub
        self._owner = owner
        self._runs = runs
        self._admission = admission
        self._nudged = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.begins = True  # whether those in the queue may begin

    def begin(self) -> None:
        """There is one more to watch."""
        if self._task is None or self._task.done():
            self._task = self._hub.tasks.run("open answers", self._keep_looking)

    def nudge(self) -> None:
        """Something has changed for those in the queue."""
        if any(run.waits for run in self._runs.values()):
            self._nudged.set()

    async def _keep_looking(self) -> None:
        lease_s, loop = self._hub.settings.generation_lease_s, self._hub.loop
        renewed_at = loop.time()
        while self._runs:
            try:
                async with asyncio.timeout(min(LOOK_S, lease_s / 3)):
                    await self._nudged.wait()
            except TimeoutError:
                pass
            self._nudged.clear()
            renew = loop.time() - renewed_at >= lease_s / 3
            try:
                await self._look(renew=renew)
            except Unavailable as error:
                logger.warning("the open answers of this process could not be looked after: %s", error)
                continue
            except Exception:  # the answers go on, and need their leases
                logger.exception("the open answers of this process could not be looked after")
                continue
            if renew:
                renewed_at = loop.time()

    async def _look(self, *, renew: bool) -> None:
        mine = dict(self._runs)
        waiting = [pk for pk, run in mine.items() if run.waits and self.begins]
        seen = await self._hub.gateway.run(partial(look_after, self._owner, list(mine), waiting, renew=renew))
        for pk, is_offered in seen.turns:
            await self._give_turn(pk, mine[pk], is_offered=is_offered)
        for pk in filter(self._runs.__contains__, seen.stopped):
            mine[pk].end(GenerationStatus.STOPPED)
        for pk in filter(self._runs.__contains__, seen.lost):
            mine[pk].lose()

    async def _give_turn(self, pk: UUID, run: Run, *, is_offered: bool) -> None:
        """Begin it, if there is room for it here; else offer it to the other processes, once."""
        if why := self._admission.full(run.account):
            if not is_offered:
                await self._hub.gateway.run(offer, pk, run.topic, why)
            return
        with ExitStack() as place:
            place.enter_context(self._admission.counted(run.account))
            begun = await self._hub.gateway.run(begin_turn, self._owner, run.topic, pk)
            if begun and pk in self._runs:
                run.place = place.pop_all()
                run.take_turn()
