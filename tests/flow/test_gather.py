"""Producer and consumer side by side: whatever becomes of either, nothing hangs and nothing is left behind."""

import asyncio
import random
from contextlib import aclosing, suppress

import pytest

from streams.flow import Pipe, PipeAborted, PipeClosed

LIMIT_S = 20


@pytest.fixture(autouse=True)
async def _nothing_left_behind():
    yield
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    assert not tasks, "a task runs on"


async def produce(pipe, count, then=None):
    """Put ``count`` numbers, then do something else."""
    with pipe.producing():
        for number in range(count):
            await pipe.put(number)
        if then is not None:
            await then()


async def consume(pipe, taken, count=1_000_000, then=None):
    """Take ``count`` numbers or all, then do something else."""
    async with aclosing(pipe):
        async for number in pipe:
            taken.append(number)
            if len(taken) == count:
                break
        if then is not None:
            await then()
    return taken


async def fail():
    raise ValueError("broken")


async def stay():
    await asyncio.Event().wait()


async def together(*coroutines):
    """Both outcomes; ``gather`` that does not stop at the first error."""
    async with asyncio.timeout(LIMIT_S):
        return await asyncio.gather(*coroutines, return_exceptions=True)


@pytest.mark.parametrize("maxsize", [1, 3, 100])
async def test_all_that_is_produced_is_consumed(maxsize):
    pipe = Pipe(maxsize)
    async with asyncio.timeout(LIMIT_S):
        assert await asyncio.gather(produce(pipe, 10), consume(pipe, [])) == [None, list(range(10))]


@pytest.mark.parametrize("maxsize", [1, 3, 100])
@pytest.mark.parametrize("consumer_first", [True, False])
async def test_a_producer_that_fails_tells_the_consumer_after_the_last_item(maxsize, consumer_first):
    pipe, taken = Pipe(maxsize), []
    sides = [produce(pipe, 10, fail), consume(pipe, taken)]
    outcomes = await together(*(reversed(sides) if consumer_first else sides))
    assert taken == list(range(10))
    assert isinstance(outcomes[0], ValueError)
    assert outcomes[0] is outcomes[1], "that very error"


@pytest.mark.parametrize("maxsize", [1, 3, 100])
async def test_gather_raises_the_error_of_the_producer_and_the_consumer_ends_by_itself(maxsize):
    pipe, taken = Pipe(maxsize), []
    consumer = asyncio.create_task(consume(pipe, taken))
    with pytest.raises(ValueError, match="broken"):
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(produce(pipe, 10, fail), consumer)
    await asyncio.wait([consumer], timeout=LIMIT_S)
    assert taken == list(range(10))


@pytest.mark.parametrize("maxsize", [1, 3, 100])
@pytest.mark.parametrize("consumer_first", [True, False])
async def test_a_consumer_that_fails_frees_the_producer(maxsize, consumer_first):
    pipe = Pipe(maxsize)
    sides = [produce(pipe, 1_000), consume(pipe, [], 2, fail)]
    outcomes = await together(*(reversed(sides) if consumer_first else sides))
    errors = [outcome for outcome in outcomes if outcome is not None]
    assert [str(error) for error in errors] == ["broken"], "the producer ends in silence"


@pytest.mark.parametrize("maxsize", [1, 3, 100])
async def test_a_consumer_that_leaves_early_is_no_failure_of_either(maxsize):
    pipe = Pipe(maxsize)
    async with asyncio.timeout(LIMIT_S):
        assert await asyncio.gather(produce(pipe, 1_000), consume(pipe, [], 2)) == [None, [0, 1]]


async def test_a_producer_can_see_that_its_consumer_has_left():
    pipe, seen = Pipe(1), []

    async def look():
        with pipe.producing():
            try:
                for number in range(10):
                    await pipe.put(number)
            except PipeClosed:
                seen.append(number)

    await together(look(), consume(pipe, [], 2))
    assert len(seen) == 1


async def test_a_producer_that_fails_when_its_consumer_has_left_is_not_hushed_up():
    pipe = Pipe(1)
    await pipe.aclose()
    with pytest.raises(ValueError, match="broken"):
        await produce(pipe, 0, fail)


async def test_a_producer_that_is_cancelled_does_not_pass_for_one_that_has_ended():
    pipe, taken = Pipe(3), []
    producer, consumer = asyncio.create_task(produce(pipe, 10, stay)), asyncio.create_task(consume(pipe, taken))
    while len(taken) < 10:
        await asyncio.sleep(0)
    producer.cancel()
    outcomes = await together(producer, consumer)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, PipeAborted]


async def test_a_consumer_that_is_cancelled_frees_the_producer():
    pipe, taken = Pipe(3), []
    producer, consumer = asyncio.create_task(produce(pipe, 100)), asyncio.create_task(consume(pipe, taken, 5, stay))
    while len(taken) < 5:
        await asyncio.sleep(0)
    consumer.cancel()
    outcomes = await together(producer, consumer)
    assert [type(outcome) for outcome in outcomes] == [type(None), asyncio.CancelledError]


@pytest.mark.parametrize("maxsize", [1, 100])
async def test_both_are_cancelled(maxsize):
    pipe, taken = Pipe(maxsize), []
    both = asyncio.gather(produce(pipe, 10, stay), consume(pipe, taken))
    while len(taken) < 10:
        await asyncio.sleep(0)
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both


async def test_a_task_group_raises_what_failed_on_either_side_and_nothing_else():
    async with asyncio.timeout(LIMIT_S):
        for then_produce, then_consume in ((fail, None), (None, fail)):
            pipe = Pipe(2)
            with pytest.raises(ExceptionGroup) as raised:
                async with asyncio.TaskGroup() as group:
                    group.create_task(consume(pipe, [], 5 if then_consume else 1_000, then_consume))
                    await produce(pipe, 100, then_produce)
            assert set(map(str, raised.value.exceptions)) == {"broken"}


async def test_a_group_of_producers_fills_one_pipe():
    pipe = Pipe(2)

    async def copy(numbers):
        for number in numbers:
            await pipe.put(number)

    async def produce_all():
        with pipe.producing():
            async with asyncio.TaskGroup() as group:
                for start in (0, 100, 200):
                    group.create_task(copy(range(start, start + 20)))

    _, taken = await together(produce_all(), consume(pipe, []))
    assert sorted(taken) == [*range(20), *range(100, 120), *range(200, 220)]

    pipe = Pipe(2)
    outcome, taken = await together(produce_all(), consume(pipe, [], 5))
    assert len(taken) == 5
    assert outcome is None, "its group of PipeClosed goes no further"


async def test_what_a_group_of_producers_fails_with_is_told_though_the_consumer_has_left():
    pipe = Pipe(1)

    async def put_then_fail():
        with suppress(PipeClosed):
            await pipe.put(1)
            await pipe.put(2)
        raise ValueError("broken")

    async def produce_both():
        with pipe.producing():
            async with asyncio.TaskGroup() as group:
                group.create_task(put_then_fail())
                group.create_task(pipe.put(3))

    outcome, _ = await together(produce_both(), consume(pipe, [], 1))
    assert "broken" in str(outcome.exceptions)


async def test_pipes_in_a_row_pass_end_and_errors_on_and_free_each_other():
    async def pass_on(first, second):
        async with aclosing(first):
            with second.producing():
                async for number in first:
                    await second.put(number)

    for then in (None, fail):
        first, second, taken = Pipe(2), Pipe(2), []
        outcomes = await together(produce(first, 20, then), pass_on(first, second), consume(second, taken))
        assert taken == list(range(20))
        assert then is None or all(isinstance(outcome, ValueError) for outcome in outcomes)

    first, second = Pipe(2), Pipe(2)
    assert await together(produce(first, 1_000), pass_on(first, second), consume(second, [], 3)) == [
        None,
        None,
        [0, 1, 2],
    ]


async def test_the_end_of_another_pipe_that_escapes_a_producer_is_no_end_of_this_one():
    first, second = Pipe(1), Pipe(1)
    first.close()

    async def pass_on():
        with second.producing():
            while True:
                for item in await first.take():
                    await second.put(item)

    outcomes = await together(pass_on(), consume(second, []))
    assert [type(outcome) for outcome in outcomes] == [PipeClosed, PipeAborted]


class Chances:
    """Two sides of which either may fail, leave or be cancelled, at a moment that the seed decides."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.pipe = Pipe(self.chance.choice([1, 2, 7]))
        self.put, self.taken, self.ended = [], [], []

    def maybe(self):
        return self.chance.choice([None, self.chance.randrange(30)])

    async def pause(self, at_most=3):
        for _ in range(self.chance.choice([0, 0, 1, at_most])):
            await asyncio.sleep(0)

    async def produce(self):
        fails_at = self.maybe()
        with self.pipe.producing():
            for number in range(30):
                await self.pause()
                if number == fails_at:
                    raise ValueError
                await self.pipe.put(number)
                self.put.append(number)
        self.ended.append("producer")

    async def consume(self):
        fails_at, leaves_at = self.maybe(), self.maybe()
        async with aclosing(self.pipe):
            async for number in self.pipe:
                await self.pause()
                self.taken.append(number)
                if number == fails_at:
                    raise KeyError
                if number == leaves_at:
                    return
        self.ended.append("consumer")

    async def cancel(self, task):
        if self.chance.random() < 0.3:
            await self.pause(at_most=60)
            task.cancel()


@pytest.mark.parametrize("seed", range(300))
async def test_whatever_fails_or_is_cancelled_at_whatever_moment(seed):
    """Both always end; what was taken is what was put, from its beginning; and only an end looks like one."""
    chances = Chances(seed)
    sides = [asyncio.create_task(side()) for side in chances.chance.sample([chances.produce, chances.consume], 2)]
    await asyncio.sleep(0)  # both have begun their block
    await together(*sides, *(chances.cancel(side) for side in sides))
    assert chances.taken == list(range(len(chances.taken)))
    if "consumer" in chances.ended:
        assert chances.ended[0] == "producer"
        assert chances.taken == chances.put == list(range(30))
