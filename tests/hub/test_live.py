"""Waiting and waking: slices that reach everyone, heartbeats, and waiters that leave."""

import asyncio
import random

import pytest

from streams.conf import StreamSettings
from streams.hub import LiveTopic, Silence, Waiter


def a_topic(wake_slice, name="orders"):
    return LiveTopic(name, StreamSettings(wake_slice=wake_slice))


def wait_for(*topics, silence=None):
    """One reader that waits."""
    return Waiter(Silence() if silence is None else silence).wait(topics)


@pytest.mark.parametrize("wake_slice", [1, 7, 64])
async def test_waking_in_slices_reaches_everyone(wake_slice):
    live = a_topic(wake_slice)
    waiting = [asyncio.create_task(wait_for(live)) for _ in range(200)]
    await asyncio.sleep(0)
    live.wake()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*waiting) == [True] * 200


async def test_the_loop_looks_at_other_things_between_two_slices():
    live, woken_then = a_topic(10), []
    waiting = [asyncio.create_task(wait_for(live)) for _ in range(100)]
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
    first = [asyncio.create_task(wait_for(live)) for _ in range(3)]
    await asyncio.sleep(0)
    live.wake()
    late = asyncio.create_task(wait_for(live))
    await asyncio.sleep(0)
    live.wake()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*first, late) == [True] * 4


async def test_a_waiter_that_is_cancelled_in_the_middle_of_a_round_stops_nobody():
    live = a_topic(2)
    waiting = [asyncio.create_task(wait_for(live)) for _ in range(20)]
    await asyncio.sleep(0)
    live.wake()
    for task in waiting[5::3]:
        task.cancel()
    async with asyncio.timeout(10):
        results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(result is True or isinstance(result, asyncio.CancelledError) for result in results)


async def test_a_silence_wakes_those_who_have_waited_so_long_and_no_others():
    live, loop, silence = a_topic(64), asyncio.get_running_loop(), Silence()
    old = asyncio.create_task(wait_for(live, silence=silence))
    await asyncio.sleep(0)
    since = loop.time()
    while loop.time() <= since:
        await asyncio.sleep(0)
    young = asyncio.create_task(wait_for(live, silence=silence))
    await asyncio.sleep(0)
    silence.beat(since)
    assert await old is False
    assert not young.done()
    live.wake()
    assert await young is True


async def test_waiters_that_left_are_forgotten():
    live, silence = a_topic(64), Silence()
    waiters = [Waiter(silence) for _ in range(50)]
    waiting = [asyncio.create_task(waiter.wait([live])) for waiter in waiters]
    await asyncio.sleep(0)
    assert (live.waiting, len(silence)) == (50, 50)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(silence) == 0
    for waiter in waiters:
        live.forget(waiter)
    assert live.waiting == 0


async def test_one_who_waits_for_several_topics_is_woken_by_any_of_them_and_kept_once_by_each():
    busy, quiet, silence = a_topic(64, "busy"), a_topic(64, "quiet"), Silence()
    waiter = Waiter(silence)
    for _ in range(100):
        waiting = asyncio.create_task(waiter.wait([busy, quiet]))
        await asyncio.sleep(0)
        busy.wake()
        assert await waiting is True
    assert (busy.waiting, quiet.waiting, len(silence)) == (0, 1, 0)
    waiting = asyncio.create_task(waiter.wait([busy, quiet]))
    await asyncio.sleep(0)
    quiet.wake()
    assert await waiting is True


@pytest.mark.parametrize("seed", range(5))
async def test_no_wake_up_is_lost_whatever_the_order(seed):
    """Each reader looks, then waits; each change wakes: nobody may sleep through the last change."""
    chance, live, state = random.Random(seed), a_topic(3), {"value": 0}
    last = 300

    async def read():
        seen, waiter = 0, Waiter(Silence())
        while seen < last:
            if seen < state["value"]:
                seen = state["value"]
                for _ in range(chance.randint(0, 3)):
                    await asyncio.sleep(0)
                continue
            await waiter.wait([live])

    async def write():
        while state["value"] < last:
            state["value"] += 1
            live.wake()
            for _ in range(chance.randint(0, 2)):
                await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await asyncio.gather(*(read() for _ in range(30)), write())
