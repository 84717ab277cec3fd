"""The token bucket and the stream that passes through it, on a clock of their own: nothing here sleeps."""

import asyncio
from contextlib import aclosing

import pytest

from streams.flow import TokenBucket, rate_limited


class Clock:
    """Stands still, but for those who sleep."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)


def test_a_burst_passes_and_then_one_a_token():
    clock = Clock()
    bucket = TokenBucket(rate=2, burst=3, clock=clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == pytest.approx(0.5)
    clock.now += 0.5
    assert bucket.take() == 0
    assert bucket.take() == pytest.approx(0.5)


def test_refused_ones_cost_nothing():
    clock = Clock()
    bucket = TokenBucket(rate=1, burst=1, clock=clock)
    bucket.take()
    for _ in range(100):
        assert bucket.take() > 0
    clock.now += 1
    assert bucket.take() == 0


def test_a_long_pause_fills_it_no_further_than_its_burst():
    clock = Clock()
    bucket = TokenBucket(rate=100, burst=2, clock=clock)
    clock.now += 3_600
    assert [bucket.take() == 0 for _ in range(3)] == [True, True, False]


def test_over_time_no_more_than_the_rate_passes():
    clock = Clock()
    bucket = TokenBucket(rate=5, burst=10, clock=clock)
    passed = 0
    for _ in range(1_280):
        clock.now += 1 / 128
        passed += bucket.take() == 0
    assert 59 <= passed <= 10 + 50


def test_who_has_waited_as_long_as_told_gets_the_token():
    """Whatever the floats make of it: a wait of 1e-17 s would never end on a clock that counts in 1e-13."""
    for rate in (0.1, 0.3, 3, 7, 1 / 3, 49.9):
        clock = Clock()
        bucket = TokenBucket(rate=rate, burst=1, clock=clock)
        for _ in range(1_000):
            assert bucket.take() == 0
            clock.now += bucket.take()


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (float("nan"), 1), (1, 0), (1, 0.5), (1, float("nan"))])
def test_a_bucket_that_lets_nothing_pass_is_refused(rate, burst):
    with pytest.raises(ValueError, match="must be"):
        TokenBucket(rate=rate, burst=burst)


# The stream


class Source:
    """Numbers, one every ``every_s`` of the clock."""

    def __init__(self, clock, count=1_000_000, every_s=0.0, error=None):
        self.clock, self.count, self.every_s, self.error = clock, count, every_s, error
        self.read = 0
        self.closed = False

    async def __aiter__(self):
        try:
            for number in range(self.count):
                self.clock.now += self.every_s
                self.read += 1
                yield number
            if self.error:
                raise self.error
        finally:
            await asyncio.sleep(0)
            self.closed = True


def limited(source, clock, **options):
    return rate_limited(source, clock=clock, sleep=clock.sleep, **options)


async def timed(items, clock):
    """Each item with the time at which it came."""
    return [(item, round(clock.now - 1_000, 6)) async for item in items]


async def test_waiting_spaces_events_evenly():
    clock = Clock()
    got = await timed(limited(Source(clock, 5), clock, per_second=4), clock)
    assert got == [(0, 0), (1, 0.25), (2, 0.5), (3, 0.75), (4, 1)]


async def test_waiting_lets_a_burst_pass_first_and_loses_nothing():
    clock = Clock()
    got = await timed(limited(Source(clock, 6), clock, per_second=2, burst=3), clock)
    assert got == [(0, 0), (1, 0), (2, 0), (3, 0.5), (4, 1), (5, 1.5)]


async def test_what_comes_slowly_enough_is_not_held_up():
    clock = Clock()
    got = await timed(limited(Source(clock, 4, every_s=1), clock, per_second=2), clock)
    assert got == [(0, 1), (1, 2), (2, 3), (3, 4)]


async def test_silence_earns_no_more_than_a_burst():
    clock = Clock()
    items = limited(Source(clock), clock, per_second=1, burst=2)
    assert await anext(items) == 0
    clock.now += 3_600
    began = clock.now
    assert [await anext(items) for _ in range(4)] == [1, 2, 3, 4]
    assert clock.now - began == pytest.approx(2)
    await items.aclose()


async def test_waiting_makes_the_source_wait():
    clock = Clock()
    source = Source(clock)
    items = limited(source, clock, per_second=1)
    for _ in range(3):
        await anext(items)
    assert source.read == 3
    await items.aclose()


async def test_dropping_passes_what_is_in_time_and_tells_of_each_that_is_not():
    clock, dropped = Clock(), []
    source = Source(clock, 20, every_s=0.125)
    got = await timed(limited(source, clock, per_second=2, burst=2, excess="drop", on_drop=dropped.append), clock)
    assert got == [(0, 0.125), (1, 0.25), (4, 0.625), (8, 1.125), (12, 1.625), (16, 2.125)]
    assert sorted([item for item, _ in got] + dropped) == list(range(20)), "nothing vanishes"


async def test_dropping_lets_the_rest_of_the_loop_run():
    """A source that never waits, all of it too fast: it once held the loop until the next token."""
    clock, dropped, ran = Clock(), [], []

    async def other():
        while True:
            ran.append(len(dropped))
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    items = limited(Source(clock, 100), clock, per_second=1, excess="drop", on_drop=dropped.append)
    assert [item async for item in items] == [0]
    task.cancel()
    assert len(dropped) == 99
    assert len(ran) >= 99


@pytest.mark.parametrize("excess", [{}, {"excess": "drop", "on_drop": lambda item: None}], ids=["wait", "drop"])
class TestTheSourceIsClosed:
    async def test_at_its_end(self, excess):
        clock = Clock()
        source = Source(clock, 3)
        assert await timed(limited(source, clock, per_second=1, **excess), clock)
        assert source.closed

    async def test_when_it_fails_with_its_own_error(self, excess):
        clock, error = Clock(), ValueError("upstream")
        source = Source(clock, 3, error=error)
        with pytest.raises(ValueError, match="upstream") as raised:
            await timed(limited(source, clock, per_second=1, **excess), clock)
        assert raised.value is error
        assert source.closed

    async def test_when_the_consumer_leaves(self, excess):
        clock = Clock()
        source = Source(clock)
        async with aclosing(limited(source, clock, per_second=1, **excess)) as items:
            await anext(items)
        assert source.closed

    async def test_when_the_consumer_is_cancelled_while_it_waits(self, excess):
        clock = Clock()
        source = Source(clock)
        waiting = asyncio.Event()

        async def sleep(_):
            waiting.set()
            await asyncio.Event().wait()

        async def consume():
            async with aclosing(rate_limited(source, per_second=1, clock=clock, sleep=sleep, **excess)) as items:
                async for _ in items:
                    pass

        consumer = asyncio.create_task(consume())
        await asyncio.wait_for(waiting.wait(), 10)
        consumer.cancel()
        await asyncio.wait([consumer])
        assert consumer.cancelled()
        assert source.closed


async def test_an_on_drop_that_fails_ends_the_stream():
    clock = Clock()
    source = Source(clock)

    def fail(item):
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 1"):
        await timed(limited(source, clock, per_second=1, excess="drop", on_drop=fail), clock)
    assert source.closed


@pytest.mark.parametrize(
    "options",
    [
        {"excess": "drop"},
        {"excess": "wait", "on_drop": print},
        {"excess": "skip"},
        {"per_second": 0},
        {"burst": 0},
    ],
    ids=str,
)
def test_options_that_make_no_sense_are_refused_at_once(options):
    with pytest.raises(ValueError, match="must be"):
        rate_limited(Source(Clock()), **{"per_second": 1, **options})


async def test_it_runs_on_the_real_clock_when_none_is_given():
    assert [item async for item in rate_limited(Source(Clock(), 20), per_second=10_000)] == list(range(20))
