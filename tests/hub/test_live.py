"""Waiting and waking: slices that reach everyone, heartbeats, and waiters that leave."""

import asyncio
import random

import pytest

from streams.conf import StreamSettings
from streams.hub import LiveTopic


def a_topic(wake_slice):
    return LiveTopic("orders", StreamSettings(wake_slice=wake_slice))


@pytest.mark.parametrize("wake_slice", [1, 7, 64])
async def test_waking_in_slices_reaches_everyone(wake_slice):
    live = a_topic(wake_slice)
    waiting = [asyncio.create_task(live.wait()) for _ in range(200)]
    await asyncio.sleep(0)
    live.wake()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*waiting) == [True] * 200


async def test_the_loop_looks_at_other_things_between_two_slices():
    live, woken_then = a_topic(10), []
    waiting = [asyncio.create_task(live.wait()) for _ in range(100)]
    await asyncio.sleep(0)

    def look():
        woken_then.append(sum(task.done() for task in waiting))
        if not waiting[-1].done():
            asyncio.get_running_loop().call_soon(look)

    live.wake()
    asyncio.get_running_loop().call_soon(look)
    await asyncio.gather(*waiting)
    await asyncio.sleep(0)
    assert len(woken_then) >= 10
    assert any(0 < count < 100 for count in woken_then)


async def test_a_wake_during_a_round_starts_another_for_those_who_came_since():
    live = a_topic(1)
    first = [asyncio.create_task(live.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    live.wake()
    late = asyncio.create_task(live.wait())
    await asyncio.sleep(0)
    live.wake()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*first, late) == [True] * 4


async def test_a_waiter_that_is_cancelled_in_the_middle_of_a_round_stops_nobody():
    live = a_topic(2)
    waiting = [asyncio.create_task(live.wait()) for _ in range(20)]
    await asyncio.sleep(0)
    live.wake()
    for task in waiting[5::3]:
        task.cancel()
    async with asyncio.timeout(10):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(result is True or isinstance(result, asyncio.CancelledError) for result in results)


async def test_a_silence_wakes_those_who_have_waited_so_long_and_no_others():
    live, loop = a_topic(64), asyncio.get_running_loop()
    old = asyncio.create_task(live.wait())
    await asyncio.sleep(0)
    since = loop.time()
    while loop.time() <= since:
        await asyncio.sleep(0)
    young = asyncio.create_task(live.wait())
    await asyncio.sleep(0)
    live.beat(since)
    assert await old is False
    assert not young.done()
    live.wake()
    assert await young is True


async def test_waiters_that_left_are_forgotten_at_the_next_beat():
    live, loop = a_topic(64), asyncio.get_running_loop()
    waiting = [asyncio.create_task(live.wait()) for _ in range(50)]
    await asyncio.sleep(0)
    assert live.waiting == 50
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    live.beat(loop.time() - 3_600)
    assert live.waiting == 0


@pytest.mark.parametrize("seed", range(5))
async def test_no_wake_up_is_lost_whatever_the_order(seed):
    """Each reader looks, then waits; each change wakes: nobody may sleep through the last change."""
    chance, live, state = random.Random(seed), a_topic(3), {"value": 0}
    last = 300

    async def read():
        seen = 0
        while seen < last:
            if seen < state["value"]:
                seen = state["value"]
                for _ in range(chance.randint(0, 3)):
                    await asyncio.sleep(0)
                continue
            await live.wait()

    async def write():
        while state["value"] < last:
            state["value"] += 1
            live.wake()
            for _ in range(chance.randint(0, 2)):
                await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await asyncio.gather(*(read() for _ in range(30)), write())
