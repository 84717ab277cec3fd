"""What is dear to render, rendered once an answer: code and formulas, within a bound of CPU time for all of them."""

from collections.abc import Callable, Hashable
from time import thread_time

CPU_S = 0.6  # of an answer; hostile code makes some lexers quadratic: 20 KB took 52 s


class RenderedOnce:
    """Keeps what was made of each piece; once the time is used up, what is new is not rendered.

    An answer is rendered block by block while it grows and as a whole at its end, which costs nothing dear again.
    """

    def __init__(self) -> None:
        self._left_s = CPU_S
        self._made: dict[Hashable, str | None] = {}

    def get(self, key: Hashable, make: Callable[[float], str | None]) -> str | None:
        """What ``make`` made of it; given the reading of ``thread_time`` at which it must give up, answering None."""
        if key not in self._made:
            started = thread_time()
            self._made[key] = make(started + self._left_s) if self._left_s > 0 else None
            self._left_s -= thread_time() - started
        return self._made[key]
