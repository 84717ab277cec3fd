"""Who may have an answer begun: how many are being written, here and for one person, and how often one may ask."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from streams.connections import current_peer, network_of
from streams.errors import LimitReached
from streams.hub import Hub
from streams.publishing import allowances, counted

RETRY_S = 5.0


def _too_many(text: str) -> LimitReached:
    return counted(LimitReached(text, retry_after_s=RETRY_S))


def _answers(number: int) -> str:
    return "1 answer is" if number == 1 else f"{number} answers are"


class Admission:
    """The answers of one process that are being written, in rooms and for ``POST /chat`` alike."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._by_account: Counter[str] = Counter()
        self._idle = asyncio.Event()
        self._idle.set()

    def check(self, account: str) -> None:
        """Raise LimitReached while as many run as may, here or for ``account``; StreamClosed while the process ends."""
        self._hub.check_open()
        settings, running, mine = self._hub.settings, self._by_account.total(), self._by_account[account]
        if running >= (limit := settings.max_generations):
            raise _too_many(f"{_answers(running)} being written here (limit {limit})")
        if mine >= (limit := settings.max_generations_per_user):
            raise _too_many(f"{_answers(mine)} being written for you (limit {limit})")

    def ask(self, account: str) -> None:
        """Count a question; raises as ``check``, and LimitReached for one question too many."""
        self.check(account)
        allowances(self._hub).questions.take(account)
        if account.startswith("g:"):
            allowances(self._hub).guests.take(network_of(current_peer().address))

    def full(self, account: str, *, beside: int = 0) -> str:
        """Why one that was asked for before could not begin here now, ``beside`` others; empty: it could."""
        settings, running, mine = self._hub.settings, self._by_account.total(), self._by_account[account]
        if running + beside >= (limit := settings.max_generations):
            return f"{_answers(running)} being written where it waits (limit {limit})"
        if mine >= (limit := settings.max_generations_per_user):
            return f"{_answers(mine)} being written for whoever asked (limit {limit})"
        return ""

    @contextmanager
    def running(self, account: str) -> Iterator[None]:
        """An answer is being written for as long as the block runs; raises as ``check``."""
        self.check(account)
        with self.counted(account):
            yield

    @contextmanager
    def counted(self, account: str) -> Iterator[None]:
        """The same for one whose turn has come: it was looked at before."""
        self._by_account[account] += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._by_account[account] -= 1
            self._by_account += Counter()  # forgets those who have none
            if not self._by_account:
                self._idle.set()

    async def idle(self) -> None:
        """Wait until no answer is being written."""
        await self._idle.wait()
