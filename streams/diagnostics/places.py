"""How many probes run at once in a process: anybody may start one, so there is a bound, and each ends by itself."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streams.errors import LimitReached

MAX_AT_ONCE = 64  # of a few hundred bytes each: a few dozen visitors with a page each


class Place:
    """A claim that expires: a response that its client never began to read is not told of its end."""

    def __init__(self, until: float) -> None:
        self.until = until


class Places:
    """At most ``limit`` places are held at once."""

    def __init__(self, limit: int = MAX_AT_ONCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._held: set[Place] = set()

    def __len__(self) -> int:
        now = self._clock()
        self._held = {place for place in self._held if place.until > now}
        return len(self._held)

    def claim(self, longest_s: float) -> Place:
        """A place for at most ``longest_s``. Raises LimitReached, which says when the next one is free for certain."""
        if len(self) >= self._limit:
            first_free = min(place.until for place in self._held) - self._clock()
            raise LimitReached(f"{self._limit} checks run here at once; try again soon", retry_after_s=first_free)
        place = Place(self._clock() + longest_s)
        self._held.add(place)
        return place

    @contextmanager
    def held(self, place: Place) -> Iterator[None]:
        """Give the place back at the end of the block."""
        try:
            yield
        finally:
            self._held.discard(place)


places = Places()
