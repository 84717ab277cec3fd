"""How many streams each person and each address has open in this process: kept as counts, so asking costs nothing."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from streams.conf import get_settings
from streams.errors import LimitReached
from streams.publishing import Identity

RETRY_S = (8.0, 14.0)  # by chance between these: those who are turned away together don't come back together


class Quota:
    """Counts of what is open. A user is a person or a token; who is nobody in particular counts by address alone."""

    def __init__(self) -> None:
        self._by_user: Counter[str] = Counter()
        self._by_address: Counter[str] = Counter()
        self._open = 0

    def __len__(self) -> int:
        """How many people, tokens and addresses are remembered: those who have something open."""
        return len(self._by_user) + len(self._by_address)

    def check(self, who: Identity, address: str) -> None:
        """Raise LimitReached where one more stream would be one too many; it names the limit and the number."""
        settings = get_settings()
        self._check(self._open, settings.max_streams, "streams are open here")
        if who.is_one:
            self._check(self._by_user[who.id], settings.max_streams_per_user, "streams of yours are open")
        if address:
            self._check(self._by_address[address], settings.max_streams_per_address, f"streams from {address} are open")

    @staticmethod
    def _check(number: int, limit: int, what: str) -> None:
        if number >= limit:
            wait_s = random.uniform(*RETRY_S)  # noqa: S311 - nobody gains by guessing it
            raise LimitReached(f"{number} {what} (limit {limit})", retry_after_s=wait_s)

    @contextmanager
    def held(self, who: Identity, address: str) -> Iterator[None]:
        """Count a stream for as long as the block runs."""
        self._count(who, address, 1)
        try:
            yield
        finally:
            self._count(who, address, -1)

    def _count(self, who: Identity, address: str, one: int) -> None:
        self._open += one
        for counter, key in ((self._by_user, who.id if who.is_one else ""), (self._by_address, address)):
            if key:
                counter[key] += one
                if not counter[key]:
                    del counter[key]
