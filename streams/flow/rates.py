"""The rates of many: a token bucket each, and none for those who have rested long enough."""

import time
from collections.abc import Callable, Hashable

from streams.flow.rate import TokenBucket

LONGEST_S = 60.0  # between two looks for buckets that are full


class Rates:
    """``rate`` tokens a second for each key, bursts of ``burst``.

    A bucket that is full again tells nothing that a new one would not, and is forgotten: memory is bounded by how many
    keys came within the time in which a bucket fills.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst = rate, burst
        self._clock = clock
        self._buckets: dict[Hashable, TokenBucket] = {}
        self._look_every_s = min(LONGEST_S, burst / rate)
        self._look_at = clock() + self._look_every_s

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, tokens: float = 1) -> float:
        """As ``TokenBucket.take``, of the bucket of ``key``."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + self._look_every_s
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full}
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self.rate, self.burst, self._clock)
        return bucket.take(tokens)
