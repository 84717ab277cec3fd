"""The bounded pipe: the producer waits, the consumer takes all, the end is no item."""

import asyncio

import pytest

from streams.flow import Pipe, PipeAborted, PipeClosed


async def settle():
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_was_put_is_taken_at_once_and_in_order():
    pipe = Pipe(10)
    for number in range(3):
        await pipe.put(number)
    assert await pipe.take() == [0, 1, 2]


async def test_a_full_pipe_makes_the_producer_wait():
    pipe, put = Pipe(2), []

    async def produce():
        for number in range(6):
            await pipe.put(number)
            put.append(number)

    producer = asyncio.create_task(produce())
    await settle()
    assert put == [0, 1]
    assert await pipe.take() == [0, 1]
    await settle()
    assert put == [0, 1, 2, 3]
    assert await pipe.take() == [2, 3]
    await producer
    assert await pipe.take() == [4, 5]


async def test_each_item_that_is_iterated_over_makes_room_for_one():
    pipe, put = Pipe(3), []

    async def produce():
        for number in range(5):
            await pipe.put(number)
            put.append(number)

    producer = asyncio.create_task(produce())
    await settle()
    assert put == [0, 1, 2]
    assert await anext(pipe) == 0
    await settle()
    assert put == [0, 1, 2, 3]
    assert await anext(pipe) == 1
    await producer
    assert await pipe.take() == [2, 3, 4]


async def test_an_empty_pipe_makes_the_consumer_wait():
    pipe = Pipe(1)
    for wait in (pipe.take, pipe.__anext__):
        taking = asyncio.create_task(wait())
        await settle()
        assert not taking.done()
        await pipe.put(None)
        assert await taking in (None, [None]), "None is an item like any other"


async def by_taking(pipe):
    while True:
        try:
            items = await pipe.take()
        except PipeClosed:
            return
        for item in items:
            yield item


@pytest.mark.parametrize("items_of", [by_taking, aiter])
async def test_thousands_of_handovers_lose_nothing_whoever_is_faster(items_of):
    pipe, taken = Pipe(3), []

    async def produce():
        with pipe.producing():
            for number in range(5_000):
                await pipe.put(number)
                if number % 7 == 0:
                    await asyncio.sleep(0)

    async def consume():
        async for item in items_of(pipe):
            taken.append(item)
            if item % 5 == 0:
                await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await asyncio.gather(produce(), consume())
    assert taken == list(range(5_000))


async def test_iterating_ends_with_the_pipe_and_can_be_broken_off_and_taken_up_again():
    pipe = Pipe(10)
    for number in range(5):
        await pipe.put(number)
    pipe.close()
    async for number in pipe:
        if number == 2:
            break
    assert [number async for number in pipe] == [3, 4]


async def test_what_is_left_is_taken_before_the_error_is_told():
    error = ValueError("upstream failed")
    for read in (Pipe.take, Pipe.__anext__):
        pipe = Pipe(2)
        await pipe.put(1)
        pipe.close(error)
        assert await read(pipe) in (1, [1])
        for _ in range(2):
            with pytest.raises(ValueError, match="upstream failed") as told:
                await read(pipe)
            assert told.value is error


async def test_the_end_wakes_whoever_waits():
    pipe = Pipe(1)
    taking = [asyncio.create_task(pipe.take()) for _ in range(3)]
    await settle()
    pipe.close()
    for task in taking:
        with pytest.raises(PipeClosed):
            await task

    full = Pipe(1)
    await full.put(1)
    putting = [asyncio.create_task(full.put(2)) for _ in range(3)]
    await settle()
    full.close()
    for task in putting:
        with pytest.raises(PipeClosed):
            await task
    assert await full.take() == [1], "what was not accepted is not in it"


async def test_a_closed_pipe_takes_nothing_more_and_the_first_error_counts():
    pipe = Pipe(2)
    pipe.close(ValueError("first"))
    pipe.close(ValueError("second"))
    with pytest.raises(PipeClosed):
        await pipe.put(1)
    with pytest.raises(ValueError, match="first"):
        await pipe.take()


@pytest.mark.parametrize(
    "error",
    [asyncio.CancelledError(), KeyboardInterrupt(), StopAsyncIteration(), StopIteration(), PipeClosed("another's")],
    ids=lambda error: type(error).__name__,
)
async def test_what_would_pass_for_the_end_is_told_as_broken_off(error):
    """A StopAsyncIteration out of an ``anext`` in the producer once ended the consumer's loop as if all had come."""
    for read in (Pipe.take, Pipe.__anext__):
        pipe = Pipe(1)
        pipe.close(error)
        with pytest.raises(PipeAborted) as told:
            await read(pipe)
        assert told.value.__cause__ is error


async def test_a_consumer_that_leaves_drops_what_is_left_and_frees_the_producer():
    pipe = Pipe(1)
    await pipe.put("left")
    putting = asyncio.create_task(pipe.put("waiting"))
    await settle()
    await pipe.aclose()
    with pytest.raises(PipeClosed):
        await putting
    with pytest.raises(PipeClosed):
        await pipe.put("later")
    with pytest.raises(PipeAborted, match="consumer has left"):
        await pipe.take()


async def test_leaving_after_the_end_changes_nothing():
    pipe = Pipe(1)
    pipe.close()
    await pipe.aclose()
    assert [item async for item in pipe] == []


async def test_cancelled_while_waiting_neither_side_loses_an_item():
    pipe = Pipe(1)
    for wait in (pipe.take, pipe.__anext__):
        taking = asyncio.create_task(wait())
        await settle()
        taking.cancel()
        await asyncio.wait([taking])
        assert taking.cancelled()
    await pipe.put(1)
    putting = asyncio.create_task(pipe.put(2))
    await settle()
    putting.cancel()
    await asyncio.wait([putting])
    assert await pipe.take() == [1]
    await pipe.put(3)
    assert await pipe.take() == [3], "the room of the cancelled one was given back"


async def test_who_is_cancelled_in_the_moment_of_its_turn_gives_it_to_the_next():
    pipe = Pipe(1)
    first, second = asyncio.create_task(pipe.__anext__()), asyncio.create_task(pipe.__anext__())
    await settle()
    await pipe.put("item")  # wakes the first
    first.cancel()
    async with asyncio.timeout(10):
        assert await second == "item"

    await pipe.put("full")
    first, second = asyncio.create_task(pipe.put("first")), asyncio.create_task(pipe.put("second"))
    await settle()
    assert await pipe.take() == ["full"]
    first.cancel()
    async with asyncio.timeout(10):
        await second
    assert await pipe.take() == ["second"]


# Several on one side


async def test_producers_that_wait_are_served_in_turn():
    """Without turns, the one that runs first fills the pipe again and again, and the other starves."""
    pipe, taken = Pipe(1), []

    async def produce(name):
        for _ in range(50):
            await pipe.put(name)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(produce(name))
        while len(taken) < 150:
            taken.append(await anext(pipe))
    assert taken[1:145] == list("abc") * 48


async def test_room_for_many_is_given_to_all_who_wait():
    pipe = Pipe(5)
    for number in range(5):
        await pipe.put(number)
    putting = [asyncio.create_task(pipe.put(number)) for number in range(5, 9)]
    await settle()
    await pipe.take()
    await settle()
    assert all(task.done() for task in putting)
    assert await pipe.take() == [5, 6, 7, 8]


async def test_each_item_goes_to_one_of_several_consumers_and_none_starves():
    pipe, taken = Pipe(4), {"a": [], "b": [], "c": []}

    async def consume(name):
        async for item in pipe:
            taken[name].append(item)
            await asyncio.sleep(0)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for name in taken:
            group.create_task(consume(name))
        with pipe.producing():
            for number in range(300):
                await pipe.put(number)
    assert sorted(item for items in taken.values() for item in items) == list(range(300))
    assert min(len(items) for items in taken.values()) > 50


async def test_items_for_many_wake_all_who_wait():
    pipe = Pipe(5)
    taking = [asyncio.create_task(pipe.__anext__()) for _ in range(3)]
    await settle()
    for number in range(3):
        await pipe.put(number)
    await settle()
    assert [task.result() for task in taking] == [0, 1, 2]


async def test_a_second_producing_block_is_refused():
    """The first to end would close the pipe to the other, whose items would vanish in silence."""
    pipe = Pipe(1)
    with pipe.producing(), pytest.raises(RuntimeError, match="has a producing block already"), pipe.producing():
        pass
    with pytest.raises(RuntimeError, match="has a producing block already"), pipe.producing():
        pass


# The bound


@pytest.mark.parametrize("maxsize", [0, -1])
def test_a_pipe_without_room_is_refused(maxsize):
    with pytest.raises(ValueError, match=f"maxsize is {maxsize}"):
        Pipe(maxsize)


async def test_a_size_bounds_by_weight_and_lets_one_item_over():
    pipe = Pipe(10, size=len)
    await pipe.put(b"x" * 9)
    await pipe.put(b"y" * 1_000)
    putting = asyncio.create_task(pipe.put(b"z"))
    await settle()
    assert not putting.done()
    assert await anext(pipe) == b"x" * 9
    await settle()
    assert not putting.done(), "1,000 are still there"
    assert await anext(pipe) == b"y" * 1_000
    await putting
    assert await pipe.take() == [b"z"]
    await pipe.put(b"x" * 9)
    await asyncio.wait_for(pipe.put(b"x"), 10)
    assert await pipe.take() == [b"x" * 9, b"x"]


async def test_items_without_weight_are_bounded_all_the_same():
    pipe = Pipe(3, size=len)
    for _ in range(3):
        await pipe.put(b"")
    putting = asyncio.create_task(pipe.put(b""))
    await settle()
    assert not putting.done()
    assert await pipe.take() == [b"", b"", b""]
    await putting


async def test_a_size_that_fails_adds_nothing():
    pipe = Pipe(3, size=len)
    with pytest.raises(TypeError):
        await pipe.put(7)
    await pipe.put(b"1")
    assert await pipe.take() == [b"1"]


async def test_a_size_that_fails_takes_nobodys_turn():
    """The one who waited failed when it was woken, and the next one was never told that there was room."""
    pipe = Pipe(3, size=len)
    await pipe.put(b"123")
    failing, waiting = asyncio.create_task(pipe.put(7)), asyncio.create_task(pipe.put(b"4"))
    await settle()
    assert await pipe.take() == [b"123"]
    await asyncio.wait_for(waiting, 10)
    with pytest.raises(TypeError):
        await failing
    assert await pipe.take() == [b"4"]


async def test_an_item_that_changes_while_it_waits_weighs_what_it_weighed():
    pipe = Pipe(10, size=len)
    await pipe.put(item := bytearray(8))
    item.clear()
    await pipe.put(b"12")
    assert await anext(pipe) is item
    await asyncio.wait_for(pipe.put(b"x" * 8), 10)
    putting = asyncio.create_task(pipe.put(b"y"))
    await settle()
    assert not putting.done(), "ten are in it"
    putting.cancel()
