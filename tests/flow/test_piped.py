"""Read-ahead: a source runs ahead of its consumer, and is closed with it."""

import asyncio
import contextvars
import gc
from contextlib import aclosing, suppress

import pytest

from streams.flow import Pipe, PipeAborted, piped, rate_limited
from tests.harness.waiting import aeventually

LIMIT_S = 20


class Source:
    """Counts from 0; tells what was read of it, and how it ended."""

    def __init__(self, count=1_000_000, error=None, closing_error=None, waits=False):
        self.count, self.error, self.closing_error, self.waits = count, error, closing_error, waits
        self.read = 0
        self.tasks = set()
        self.closed = False

    async def __aiter__(self):
        self.tasks.add(asyncio.current_task())
        try:
            for number in range(self.count):
                self.read += 1
                yield number
            if self.waits:
                await asyncio.Event().wait()
            if self.error:
                raise self.error
        finally:
            await asyncio.sleep(0)  # cleanup may wait
            self.tasks.add(asyncio.current_task())
            self.closed = True
            if self.closing_error:
                raise self.closing_error


@pytest.fixture(autouse=True)
async def _nothing_left_behind():
    yield
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_it_yields_what_its_source_yields():
    assert [item async for item in piped(Source(10), 3)] == list(range(10))


async def test_it_reads_ahead_as_far_as_the_pipe_holds_and_no_further():
    source = Source()
    async with aclosing(piped(source, 5)) as items:
        assert await anext(items) == 0
        await aeventually(lambda: source.read == 1 + 5 + 1)  # taken, in the pipe, in the hand of the producer
        for _ in range(20):
            await asyncio.sleep(0)
        assert source.read == 7


async def test_it_reads_ahead_by_size():
    read = []

    async def chunks():
        while True:
            read.append(1)
            yield b"x" * 100

    async with aclosing(piped(chunks(), 1_000, size=len)) as items:
        await anext(items)
        await aeventually(lambda: len(read) == 1 + 10 + 1)


async def test_nothing_runs_before_the_first_item_is_asked_for():
    source = Source()
    piped(source, 5)
    await asyncio.sleep(0)
    assert source.read == 0


async def test_a_failure_comes_after_the_items_before_it_and_is_that_very_error():
    error, got = ValueError("upstream"), []
    source = Source(3, error)
    with pytest.raises(ValueError, match="upstream") as raised:
        async for item in piped(source, 100):
            got.append(item)
    assert got == [0, 1, 2]
    assert raised.value is error
    assert source.closed


async def test_a_failure_that_is_never_reached_is_never_told():
    source = Source(3, ValueError("upstream"))
    async with aclosing(piped(source, 100)) as items:
        assert await anext(items) == 0
        await aeventually(lambda: source.closed)


async def test_a_consumer_that_leaves_finds_the_source_closed():
    source = Source()
    async with aclosing(piped(source, 5)) as items:
        async for item in items:
            if item == 10:
                break
    assert source.closed


async def test_a_source_that_waits_is_freed_at_once():
    """Not only at its next item, which may never come."""
    source = Source(1, waits=True)
    async with asyncio.timeout(LIMIT_S):
        async with aclosing(piped(source, 5)) as items:
            await anext(items)
        assert source.closed


@pytest.mark.parametrize("count", [1, 1_000_000], ids=["waiting for an item", "full"])
async def test_a_consumer_that_is_cancelled_finds_the_source_closed(count):
    source = Source(count, waits=True)

    async def consume():
        async with aclosing(piped(source, 5)) as items:
            async for _ in items:
                if count > 1:
                    await asyncio.Event().wait()

    consumer = asyncio.create_task(consume())
    await aeventually(lambda: source.read == min(count, 7))
    consumer.cancel()
    await asyncio.wait([consumer])
    assert consumer.cancelled()
    assert source.closed


async def test_a_consumer_that_fails_finds_the_source_closed():
    source = Source()
    with pytest.raises(KeyError):
        async with aclosing(piped(source, 5)) as items:
            async for _ in items:
                raise KeyError
    assert source.closed


async def test_what_closing_raises_is_raised():
    source = Source(closing_error=OSError("cannot close"))
    with pytest.raises(OSError, match="cannot close"):
        async with aclosing(piped(source, 5)) as items:
            await anext(items)


async def test_a_source_that_will_not_be_cancelled_is_ended_at_its_next_item():
    ended = []

    async def stubborn():
        try:
            while True:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
                yield 1
        finally:
            ended.append(True)

    async with asyncio.timeout(LIMIT_S):
        async with aclosing(piped(stubborn(), 2)) as items:
            await anext(items)
    assert ended


async def test_a_source_that_is_cancelled_from_elsewhere_does_not_pass_for_ended():
    async def cancelled():
        yield 1
        raise asyncio.CancelledError

    with pytest.raises(PipeAborted):
        assert [item async for item in piped(cancelled(), 5)] == "never"


async def test_the_source_is_read_and_closed_in_one_task():
    """Libraries with cancel scopes (anyio, and what is built on it) refuse anything else."""
    source = Source()
    async with aclosing(piped(source, 5)) as items:
        await anext(items)
    assert len(source.tasks) == 1
    assert asyncio.current_task() not in source.tasks


async def test_the_source_sees_the_context_of_its_consumer():
    language = contextvars.ContextVar("language", default="en")
    language.set("de")

    async def source():
        yield language.get()

    assert [item async for item in piped(source(), 1)] == ["de"]


@pytest.mark.parametrize("in_a_cycle", [False, True])
async def test_one_that_is_dropped_instead_of_closed_is_cleaned_up_all_the_same(in_a_cycle):
    """The producer of a dropped one was once collected as it waited: 'Task was destroyed but it is pending'."""
    read, closed = [], []

    async def source():
        try:
            while True:
                read.append(1)
                yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    items = piped(source(), 5)
    await anext(items)
    await aeventually(lambda: len(read) == 7)
    cycle = [items]
    if in_a_cycle:
        cycle.append(cycle)
    del items, cycle
    gc.collect()
    await aeventually(lambda: closed)
    await aeventually(lambda: len(asyncio.all_tasks()) == 1)


async def test_a_pipe_is_a_source_like_any_other():
    pipe = Pipe(3)

    async def produce():
        with pipe.producing():
            for number in range(1_000):
                await pipe.put(number)

    async def consume():
        async with aclosing(rate_limited(piped(pipe, 2), per_second=1e9)) as items:
            return [await anext(items) for _ in range(5)]

    async with asyncio.timeout(LIMIT_S):
        assert await asyncio.gather(produce(), consume()) == [None, [0, 1, 2, 3, 4]], "all of it is closed"


async def test_iterators_that_cannot_be_closed_are_read_too():
    class Numbers:
        def __init__(self):
            self.left = 3

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return self.left

    assert [item async for item in piped(Numbers(), 1)] == [2, 1, 0]


def test_a_bound_below_one_is_refused_at_once():
    with pytest.raises(ValueError, match="maxsize is 0"):
        piped(Source(), 0)
