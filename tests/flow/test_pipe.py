"""The bounded pipe: the producer waits, the consumer takes all, the end is no item."""

import asyncio

import pytest

from streams.flow import Pipe, PipeClosed


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
    for _ in range(20):
        await asyncio.sleep(0)
    assert put == [0, 1]
    assert await pipe.take() == [0, 1]
    for _ in range(20):
        await asyncio.sleep(0)
    assert put == [0, 1, 2, 3]
    assert await pipe.take() == [2, 3]
    await producer
    assert await pipe.take() == [4, 5]


async def test_an_empty_pipe_makes_the_consumer_wait():
    pipe = Pipe(1)
    taking = asyncio.create_task(pipe.take())
    await asyncio.sleep(0)
    assert not taking.done()
    await pipe.put(None)
    assert await taking == [None], "None is an item like any other"


async def test_thousands_of_handovers_lose_nothing_whoever_is_faster():
    pipe, taken = Pipe(3), []

    async def produce():
        for number in range(5_000):
            await pipe.put(number)
            if number % 7 == 0:
                await asyncio.sleep(0)
        pipe.close()

    async def consume():
        while True:
            try:
                items = await pipe.take()
            except PipeClosed:
                return
            assert len(items) <= 3
            taken.extend(items)
            if len(taken) % 5 == 0:
                await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await asyncio.gather(produce(), consume())
    assert taken == list(range(5_000))


async def test_what_is_left_is_taken_before_the_end_is_told():
    pipe = Pipe(2)
    await pipe.put(1)
    pipe.close(ValueError("upstream failed"))
    assert await pipe.take() == [1]
    for _ in range(2):
        with pytest.raises(ValueError, match="upstream failed"):
            await pipe.take()


async def test_the_end_wakes_whoever_waits():
    pipe = Pipe(1)
    taking = asyncio.create_task(pipe.take())
    await asyncio.sleep(0)
    pipe.close()
    with pytest.raises(PipeClosed):
        await taking

    full = Pipe(1)
    await full.put(1)
    putting = asyncio.create_task(full.put(2))
    await asyncio.sleep(0)
    full.close()
    with pytest.raises(PipeClosed):
        await putting
    assert await full.take() == [1], "what was not accepted is not in it"


async def test_a_closed_pipe_takes_nothing_more_and_the_first_error_counts():
    pipe = Pipe(2)
    pipe.close(ValueError("first"))
    pipe.close(ValueError("second"))
    with pytest.raises(PipeClosed):
        await pipe.put(1)
    with pytest.raises(ValueError, match="first"):
        await pipe.take()


async def test_cancelled_while_waiting_neither_side_loses_an_item():
    pipe = Pipe(1)
    taking = asyncio.create_task(pipe.take())
    await asyncio.sleep(0)
    taking.cancel()
    await asyncio.wait([taking])
    await pipe.put(1)
    putting = asyncio.create_task(pipe.put(2))
    await asyncio.sleep(0)
    putting.cancel()
    await asyncio.wait([putting])
    assert await pipe.take() == [1]


@pytest.mark.parametrize("maxsize", [0, -1])
def test_a_pipe_without_room_is_refused(maxsize):
    with pytest.raises(ValueError, match=f"maxsize is {maxsize}"):
        Pipe(maxsize)
