"""Rates on the monotonic clock: a token bucket, and a stream whose items each take a token.

    async with aclosing(rate_limited(prices(), per_second=5, burst=10)) as limited:
        async for price in limited:
            await send(price)               # ten at once, then five a second

Both take their clock, so that tests need not wait.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import Literal, TypeVar

from streams.flow.source import reading

T = TypeVar("T")
ROUNDING = 1e-9  # of a token: who sleeps for exactly as long as told must not miss it by a float's last bit


class TokenBucket:
    """``rate`` tokens a second flow in, ``burst`` fit in; it begins full."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not rate > 0:
            raise ValueError(f"a rate of {rate} a second (must be above 0)")
        if not burst >= 1:
            raise ValueError(f"a burst of {burst} (must be at least 1, or nothing ever passes)")
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._level = burst
        self._at = clock()

    def take(self, tokens: float = 1) -> float:
        """Take a token: 0.0; or take none and answer the seconds until there is one.

        Who takes more than there are is let through once, and what is missing is waited for by the next.
        """
        self._flow()
        if self._level >= 1 - ROUNDING:
            self._level -= tokens
            return 0.0
        return (1 - self._level) / self._rate

    @property
    def full(self) -> bool:
        """Whether it is as if nothing had ever been taken."""
        self._flow()
        return self._level >= self._burst

    def _flow(self) -> None:
        now = self._clock()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now


def rate_limited(
    source: AsyncIterable[T],
    *,
    per_second: float,
    burst: float = 1,
    excess: Literal["wait", "drop"] = "wait",
    on_drop: Callable[[T], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncGenerator[T, None]:
    """Yield at most ``burst`` items of ``source`` at once and ``per_second`` a second after that, in their order.

    excess: what comes faster must ``"wait"``, and so must the source: nothing is lost; or ``"drop"``: the source is
    read as fast as the consumer asks, and what comes too fast is handed to ``on_drop``, without which nothing may be
    dropped. The last item of a burst may be among them, so this is for events, not for the newest state of a thing.
    Raises ValueError at once. The source is closed on every way out. Cancellation: safe; consume under ``aclosing``.
    """
    bucket = TokenBucket(per_second, burst, clock)
    if excess == "wait" and on_drop is None:
        return _spaced(source, bucket, sleep)
    if excess == "drop" and on_drop is not None:
        return _thinned(source, bucket, on_drop, sleep)
    raise ValueError(f'excess is {excess!r} (must be "wait", or "drop" with an on_drop that is told of each item)')


async def _spaced(
    source: AsyncIterable[T], bucket: TokenBucket, sleep: Callable[[float], Awaitable[object]]
) -> AsyncGenerator[T, None]:
    async with reading(source) as items:
        async for item in items:
            while wait_s := bucket.take():
                await sleep(wait_s)
            yield item


async def _thinned(
    source: AsyncIterable[T],
    bucket: TokenBucket,
    on_drop: Callable[[T], object],
    sleep: Callable[[float], Awaitable[object]],
) -> AsyncGenerator[T, None]:
    async with reading(source) as items:
        async for item in items:
            if bucket.take():
                on_drop(item)
                await sleep(0)  # a source that never waits would hold the loop until the next token
            else:
                yield item
