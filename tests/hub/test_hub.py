"""The hub of a process: what it believes of answers that come late, and how it divides its time among topics."""

import asyncio
from contextlib import ExitStack, aclosing
from functools import partial

import pytest

from streams.errors import CloseReason, StreamClosed
from streams.eventlog import append, read_head, read_heads, reset
from streams.hub import Announcement, follow, open_reader
from streams.hub import hub as hub_module
from streams.models import SlowReaders, Topic
from streams.publishing import apublish
from streams.wire.event import NewEvent
from streams.wire.last_event_id import parse_last_event_id
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NEVER_S = 3_600


def fill(count, name="orders"):
    return append(name, [NewEvent("1")] * count)


class Late:
    """The comparison of heads, whose answer is held back once it has been read, if it is as ``held`` has it."""

    def __init__(self, hub, monkeypatch, held=bool):
        self._held = held
        self._hub, self.read, self.let_go, self._run = hub, asyncio.Event(), asyncio.Event(), hub.gateway.run
        monkeypatch.setattr(hub.gateway, "run", self._gateway_run)

    async def _gateway_run(self, function, *args, **kwargs):
        answer = await self._run(function, *args, **kwargs)
        if function is read_heads and self._held(answer) and not self.let_go.is_set():
            self.read.set()
            await self.let_go.wait()
            self.taken = self._hub.loop.create_future()
            self._hub.loop.call_soon(self.taken.set_result, None)
        return answer

    async def learn(self, live):
        """What another reader of the topic learns meanwhile."""
        head = await self._run(read_head, live.name)
        self._hub.learn(live, head, asked_of=live.life)
        return head

    async def arrive(self):
        """Let the answer come, and be taken."""
        self.let_go.set()
        await aeventually(lambda: hasattr(self, "taken") and self.taken.done())


class TestALateAnswer:
    """It was true when it was read."""

    async def test_does_not_call_back_a_life_of_the_log_that_is_over(self, make_hub, monkeypatch):
        hub = await make_hub(head_poll_s=0.01)
        await hub.gateway.run(fill, 3)
        async with hub.reading("orders") as live:
            late = Late(hub, monkeypatch)
            await late.read.wait()
            epoch = await late._run(reset, "orders")
            await late.learn(live)
            await late.arrive()
            assert live.epoch == epoch

    async def test_does_not_end_a_topic_that_was_deleted_and_made_again(self, make_hub, monkeypatch):
        hub = await make_hub(head_poll_s=0.01)
        await hub.gateway.run(fill, 3)
        async with hub.reading("orders") as live:
            late = Late(hub, monkeypatch, held=lambda heads: not heads)
            await late._run(lambda: Topic.objects.get(name="orders").delete())
            await late.read.wait()
            await late._run(fill, 1)
            head = await late.learn(live)
            await late.arrive()
            assert (live.gone, live.life) == (False, (head.topic_id, head.epoch))


async def test_a_topic_that_was_deleted_and_made_again_is_read_though_somebody_still_hangs_in_the_old_one(hub):
    await hub.gateway.run(fill, 3)
    async with open_reader(hub) as hanging:
        await hanging.subscribe("orders", parse_last_event_id(""))  # and takes no step: its client does not read
        await hub.gateway.run(lambda: Topic.objects.get(name="orders").delete())
        await aeventually(lambda: hub.readers() == {})
        await hub.gateway.run(fill, 2)
        async with reading(hub, "orders", "earliest") as reader:
            await aeventually(lambda: reader.seqs == [1, 2])
            await apublish("orders", "new")
            await aeventually(lambda: reader.seqs == [1, 2, 3])
            assert hub.readers() == {"orders": 1}
        async with aclosing(follow(hanging)) as batches:
            with pytest.raises(StreamClosed) as told:
                await anext(batches)
        assert told.value.reason == "expired"
    assert hub.readers() == {}


async def test_a_topic_that_never_rests_keeps_no_other_from_catching_up(make_hub, monkeypatch):
    hub = await make_hub(head_poll_s=NEVER_S, log_page_events=5)
    await hub.gateway.run(lambda: [fill(1, "busy"), fill(1, "quiet")])
    real = hub_module.read_page

    def outrun(name, *args, **kwargs):
        page = real(name, *args, **kwargs)
        if name == "busy":
            done = fill(6, "busy")
            hub.loop.call_soon_threadsafe(hub.hear, Announcement("busy", done.epoch, done.head))
        return page

    monkeypatch.setattr(hub_module, "read_page", outrun)
    async with reading(hub, "busy") as busy, reading(hub, "quiet") as quiet:
        for name in ("busy", "quiet"):
            done = await hub.gateway.run(fill, 1, name)
            hub.hear(Announcement(name, done.epoch, done.head))
        await aeventually(lambda: quiet.seqs == [2])
        await aeventually(lambda: len(busy.seqs) > 50)
        assert busy.seqs == list(range(2, 2 + len(busy.seqs)))


@pytest.mark.parametrize("policy", [SlowReaders.SKIP, SlowReaders.DISCONNECT])
async def test_what_passes_by_in_one_topic_while_another_is_sent_is_lag(make_hub, policy):
    """Both had moved when the reader woke: all that came in the second while the first was sent was owed to it."""
    hub = await make_hub(ring_events=8, log_page_events=3)
    await hub.gateway.run(lambda: [fill(1, "a"), fill(1, "b")])
    await hub.gateway.run(lambda: Topic.objects.filter(name="b").update(slow_readers=policy, max_lag=5))
    async with open_reader(hub) as reader:
        for name in ("a", "b"):
            await reader.subscribe(name, parse_last_event_id(""))
        async with aclosing(follow(reader)) as batches:
            waking = asyncio.ensure_future(anext(batches))
            await asyncio.sleep(0)
            done = await hub.gateway.run(lambda: [fill(1, "a"), fill(1, "b")])
            for one in done:
                hub.publish(Announcement(one.topic, one.epoch, one.head, one.new))
            assert (await waking).topic == "a"
            passed = await hub.gateway.run(fill, 100, "b")
            hub.publish(Announcement("b", passed.epoch, passed.head, passed.new))
            assert [event.seq for event in (await anext(batches)).events] == [2, 3, 4], "a page, for one was owed"
            if policy == SlowReaders.DISCONNECT:
                with pytest.raises(StreamClosed) as told:
                    await anext(batches)
                assert told.value.behind == 98
            else:
                gap = (await anext(batches)).gap
                assert (gap.reason, gap.lost) == ("lagged", 98)


class TestTheEnd:
    """How readers are told that the process ends."""

    async def test_many_are_told_some_at_a_time_and_who_comes_then_at_once(self, make_hub):
        hub = await make_hub()
        told = []
        with ExitStack() as stack:
            for number in range(100):
                stack.enter_context(hub.told_of_the_end(partial(told.append, number)))
            begun = hub.loop.time()
            ending = asyncio.create_task(hub.end_streams_over(CloseReason.SHUTDOWN, 0.4))
            await aeventually(lambda: told)
            assert hub.draining
            with pytest.raises(StreamClosed):
                hub.check_open()
            late = []
            with hub.told_of_the_end(partial(late.append, "late")):
                assert late == ["late"]
            assert 0 < len(told) < 50
            await ending
            assert hub.loop.time() - begun > 0.3
        assert sorted(told) == list(range(100))

    async def test_a_few_are_told_in_the_same_moment(self, make_hub):
        hub = await make_hub()
        told = []
        with hub.told_of_the_end(partial(told.append, 1)), hub.told_of_the_end(partial(told.append, 2)):
            await hub.end_streams_over(CloseReason.SHUTDOWN, 0.004)
            assert sorted(told) == [1, 2]
