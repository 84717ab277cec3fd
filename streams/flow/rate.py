"""A token bucket on the monotonic clock."""

import time
from collections.abc import Callable


class TokenBucket:
    """``rate`` tokens a second flow in, ``burst`` fit in; it begins full."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._level = burst
        self._at = clock()

    def take(self) -> float:
        """Take one token: 0.0; or take none and answer the seconds until there is one."""
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self._rate
