"""One reader of several topics: fairness, silence, ends, coming and going, and what it leaves behind."""

import asyncio
import gc
import random
import tracemalloc
from collections import defaultdict
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from streams.errors import CloseReason, InvalidInput, NoSuchTopic, StreamClosed
from streams.eventlog import append, reset
from streams.hub import Announcement, follow, open_reader
from streams.models import Topic
from streams.publishing import apublish, apublish_events, new_event
from streams.wire.event import LogEvent, NewEvent
from streams.wire.last_event_id import parse_last_event_id
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NEVER_S = 3_600
NOW = datetime.now(UTC)


def fill(count, *names):
    """``count`` events in each topic."""
    for name in names:
        append(name, [NewEvent("1")] * count)


class Followed:
    """A reader in a task: ``told`` is (topic, seq) of every event in its order, and ("", 0) for a heartbeat."""

    def __init__(self, reader):
        self.reader, self.told, self.gaps, self.ended = reader, [], [], None

    def seqs(self, name):
        return [seq for topic, seq in self.told if topic == name]

    async def run(self):
        try:
            async with aclosing(follow(self.reader)) as batches:
                async for batch in batches:
                    self.gaps += [(batch.topic, batch.gap)] if batch.gap else []
                    self.told += [(batch.topic, event.seq) for event in batch.events]
                    if not batch.events and not batch.gap:
                        self.told.append((batch.topic, 0))
                    await asyncio.sleep(0)
        except StreamClosed as closed:
            self.ended = closed


@asynccontextmanager
async def following(hub, **wishes):
    """A reader of the topics that are named; it follows until the block ends."""
    async with open_reader(hub) as reader:
        for name, wish in wishes.items():
            await reader.subscribe(name, parse_last_event_id(wish))
        followed = Followed(reader)
        task = asyncio.create_task(followed.run())
        try:
            yield followed
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class TestFairness:
    """A busy topic keeps no other waiting."""

    async def test_a_long_replay_of_one_lets_the_others_in_after_each_page(self, make_hub):
        hub = await make_hub(log_page_events=10, ring_events=10)
        await hub.gateway.run(fill, 1_000, "busy")
        await hub.gateway.run(fill, 30, "quiet")
        async with following(hub, busy="earliest", quiet="earliest") as reader:
            await aeventually(lambda: reader.seqs("busy")[-1:] == [1_000] and len(reader.seqs("quiet")) == 30)
        last_of_quiet = reader.told.index(("quiet", 30))
        assert reader.told.index(("busy", 41)) > last_of_quiet, "a step in each, then the next"
        assert reader.seqs("busy") == list(range(1, 1_001))

    async def test_one_that_never_stops_moving_lets_a_quiet_one_in(self, make_hub):
        """In memory: the busy one always has another batch before the reader would have to wait."""
        hub = await make_hub(head_poll_s=NEVER_S, wake_slice=1)
        await hub.gateway.run(fill, 1, "busy", "quiet")
        stop = asyncio.Event()

        async def write():
            while not stop.is_set():
                await apublish("busy", 1)

        async with asyncio.timeout(30), following(hub, busy="", quiet="") as reader:
            writers = [asyncio.create_task(write()) for _ in range(5)]
            for number in range(2, 12):
                await apublish("quiet", 1)
                await aeventually(lambda number=number: reader.seqs("quiet")[-1:] == [number])
            stop.set()
            await asyncio.gather(*writers)
            head = (await hub.gateway.run(Topic.objects.get, name="busy")).head
            await aeventually(lambda: reader.seqs("busy")[-1:] == [head])
        assert reader.seqs("busy") == list(range(2, head + 1))


class TestSilence:
    """A heartbeat is the silence of all."""

    async def test_comes_only_while_no_topic_speaks(self, make_hub):
        hub = await make_hub(heartbeat_s=0.4)
        await hub.gateway.run(fill, 1, "a", "b", "c")
        async with following(hub, a="", b="", c="") as reader, reading(hub, "c") as other:
            await aeventually(lambda: ("", 0) in reader.told and other.beats)
            reader.told.clear()
            for number in range(40):
                await apublish("a" if number % 2 else "b", 1)
                await aeventually(lambda count=number + 1: len(reader.told) - reader.told.count(("", 0)) == count)
                await asyncio.sleep(0.02)
            beats_meanwhile, at = reader.told.count(("", 0)), other.beats
            assert beats_meanwhile <= 2, "only where this machine was slow"
            assert at >= 2, "whoever reads only a silent one is told so"
            await aeventually(lambda: reader.told[-1] == ("", 0))

    async def test_of_a_reader_without_topics_is_told_too(self, make_hub):
        hub = await make_hub(heartbeat_s=0.1)
        async with following(hub) as reader:
            await aeventually(lambda: len(reader.told) >= 3)
        assert set(reader.told) == {("", 0)}


class TestEnds:
    """One topic's fate, and the reader's."""

    async def test_one_topic_that_is_deleted_ends_the_reader(self, hub):
        await hub.gateway.run(fill, 2, "a", "b")
        async with following(hub, a="", b="") as reader:
            await hub.gateway.run(lambda: Topic.objects.get(name="b").delete())
            await aeventually(lambda: reader.ended)
        assert reader.ended.reason is CloseReason.EXPIRED

    async def test_a_new_life_of_one_is_told_and_leaves_the_other_alone(self, hub):
        await hub.gateway.run(fill, 3, "a", "b")
        async with following(hub, a="2", b="2") as reader:
            await aeventually(lambda: len(reader.told) == 2)
            epoch = await hub.gateway.run(reset, "b")
            await hub.gateway.run(fill, 2, "a", "b")
            await aeventually(lambda: len(reader.told) == 6)
        ((topic, gap),) = reader.gaps
        assert (topic, gap.reason, gap.resumed_at) == ("b", "epoch", f"{epoch}-0")
        assert (reader.seqs("a"), reader.seqs("b")) == ([3, 4, 5], [3, 1, 2])

    @pytest.mark.parametrize("reason", [CloseReason.KICKED, CloseReason.UNAUTHORIZED])
    async def test_a_reader_that_is_ended_hears_no_more_of_any(self, make_hub, reason):
        hub = await make_hub(log_page_events=1, ring_events=1)
        await hub.gateway.run(fill, 50, "a", "b")
        async with following(hub, a="0", b="0") as reader, following(hub, a="0") as other:
            await aeventually(lambda: reader.told)
            reader.reader.end(reason)
            told = len(reader.told)
            await aeventually(lambda: reader.ended)
            assert len(reader.told) <= told + 1, "what was being read"
            reader.reader.end(CloseReason.SHUTDOWN)
            assert reader.ended.reason is reason, "the first reason counts"
            await aeventually(lambda: len(other.told) == 50)

    async def test_a_missing_one_of_several_is_told_and_leaves_the_others(self, hub):
        await hub.gateway.run(fill, 1, "a")
        async with open_reader(hub) as reader:
            await reader.subscribe("a", parse_last_event_id(""))
            with pytest.raises(NoSuchTopic):
                await reader.subscribe("nowhere", parse_last_event_id(""))
            assert list(reader.topics) == ["a"]
            assert hub.readers() == {"a": 1}


class TestComingAndGoing:
    """Topics that are subscribed to and unsubscribed from while others are read."""

    async def test_twice_and_never_are_refused(self, hub):
        await hub.gateway.run(fill, 1, "a")
        async with open_reader(hub) as reader:
            wish = parse_last_event_id("")
            both = await asyncio.gather(
                reader.subscribe("a", wish), reader.subscribe("a", wish), return_exceptions=True
            )
            assert isinstance(both[1], InvalidInput), "also while the first is under way"
            assert hub.readers() == {"a": 1}
            with pytest.raises(InvalidInput):
                await reader.unsubscribe("b")
            await reader.unsubscribe("a")
            with pytest.raises(InvalidInput):
                await reader.unsubscribe("a")
            await reader.subscribe("a", wish)
        assert hub.readers() == {}

    async def test_one_that_left_while_it_subscribed_holds_nothing(self, hub, monkeypatch):
        await hub.gateway.run(fill, 1, "a", "b")
        may_go_on, real = asyncio.Event(), hub._open

        async def slowly(live):
            await may_go_on.wait()
            await real(live)

        monkeypatch.setattr(hub, "_open", slowly)
        async with open_reader(hub) as reader:
            subscribing = asyncio.create_task(reader.subscribe("a", parse_last_event_id("")))
            await aeventually(lambda: hub.readers() == {"a": 1})
        may_go_on.set()
        with pytest.raises(StreamClosed):
            await subscribing
        assert (hub.readers(), list(reader.topics)) == ({}, [])

    async def test_a_page_that_is_being_read_for_a_topic_that_was_left_is_not_handed_out(self, make_hub, monkeypatch):
        hub = await make_hub(ring_events=1, log_page_events=2)
        await hub.gateway.run(fill, 9, "a", "b")
        may_answer, asked, real = asyncio.Event(), asyncio.Event(), hub.read_log

        async def slowly(live, after):
            page = await real(live, after)
            if live.name == "a":
                asked.set()
                await may_answer.wait()
            return page

        monkeypatch.setattr(hub, "read_log", slowly)
        async with following(hub, a="0") as reader:
            await asked.wait()
            await reader.reader.unsubscribe("a")
            await reader.reader.subscribe("b", parse_last_event_id("0"))
            may_answer.set()
            await aeventually(lambda: len(reader.seqs("b")) == 9)
        assert reader.seqs("a") == []

    @pytest.mark.parametrize("seed", range(5))
    async def test_whatever_the_order_each_stretch_of_a_topic_is_dense_from_its_position(self, make_hub, seed):
        """Between subscribing and unsubscribing nothing is missed or repeated, and after it nothing comes."""
        chance = random.Random(seed)
        hub = await make_hub(
            ring_events=chance.randint(1, 20), log_page_events=chance.randint(1, 9), head_poll_s=NEVER_S, wake_slice=2
        )
        names = ["a", "b", "c", "d"]
        await hub.gateway.run(fill, 5, *names)
        stretches = defaultdict(list)  # topic -> [(position, number of events told before, after)]

        async def write():
            for _ in range(120):
                count = chance.choice([1, 1, 1, 30])
                await apublish_events(chance.choice(names), [new_event(1)] * count)

        async def come_and_go(followed):
            while not writing.done():
                name = chance.choice(names)
                if followed.reader.cursor(name) is None:
                    wish = parse_last_event_id(chance.choice(["", "-3", "0"]))
                    begin = len(followed.seqs(name))
                    position = await followed.reader.subscribe(name, wish)
                    stretches[name].append([position.seq, begin, None])
                else:
                    await followed.reader.unsubscribe(name)
                    stretches[name][-1][2] = len(followed.seqs(name))
                for _ in range(chance.randint(0, 10)):
                    await asyncio.sleep(0)

        async with asyncio.timeout(60), following(hub) as followed:
            writing = asyncio.create_task(write())
            await come_and_go(followed)
            heads = {name: (await hub.gateway.run(Topic.objects.get, name=name)).head for name in names}
            for name in followed.reader.topics:
                position, begin, _ = stretches[name][-1]
                await aeventually(
                    lambda name=name, position=position, begin=begin: (
                        [position, *followed.seqs(name)[begin:]][-1] == heads[name]
                    )
                )
        for name, list_of in stretches.items():
            for position, begin, end in list_of:
                told = followed.seqs(name)[begin:end]
                assert told == list(range(position + 1, position + 1 + len(told))), (name, seed)
        assert not followed.gaps

    @pytest.mark.parametrize("seed", range(3))
    async def test_no_wake_up_is_lost_in_any_of_many_topics(self, make_hub, seed):
        chance = random.Random(seed)
        hub = await make_hub(head_poll_s=NEVER_S, wake_slice=3)
        names = [f"topic:{number}" for number in range(8)]
        await hub.gateway.run(fill, 1, *names)

        async def write():
            for _ in range(40):
                await apublish(chance.choice(names), 1)
                for _ in range(chance.randint(0, 6)):
                    await asyncio.sleep(0)

        async with asyncio.timeout(60), AsyncExitStack() as stack:
            readers = []
            for _ in range(20):
                wishes = dict.fromkeys(chance.sample(names, chance.randint(1, 8)), "")
                readers.append((wishes, await stack.enter_async_context(following(hub, **wishes))))
            await asyncio.gather(*(write() for _ in range(4)))
            heads = await hub.gateway.run(lambda: {topic.name: topic.head for topic in Topic.objects.all()})
            for wishes, reader in readers:
                expected = {name: list(range(2, heads[name] + 1)) for name in wishes}
                await aeventually(lambda r=reader, e=expected: {name: r.seqs(name) for name in e} == e)


class TestWhatItHolds:
    """Memory: a reader is integers, and those that wait for it forget it when it leaves."""

    async def test_fifty_topics_of_which_one_speaks_ten_thousand_times_hold_one_waiter_each(self, make_hub):
        hub = await make_hub(ring_events=8, head_poll_s=NEVER_S, heartbeat_s=NEVER_S)
        names = [f"topic:{number}" for number in range(50)]
        await hub.gateway.run(fill, 1, *names)
        wishes = dict.fromkeys(names, "")
        async with AsyncExitStack() as stack:
            lives = [await stack.enter_async_context(hub.reading(name)) for name in names]
            busy, seq = lives[7], 1

            async def speak(reader, times):
                nonlocal seq
                cursor = reader.reader.cursor(busy.name)
                for _ in range(times):
                    seq += 1
                    event = LogEvent(busy.name, busy.epoch, seq, "message", "1", NOW)
                    hub.hear(Announcement(busy.name, busy.epoch, seq, (event,)))
                    while cursor.seq < seq or busy.waiting == 0:
                        await asyncio.sleep(0)
                    reader.told.clear()

            async with following(hub, **wishes) as reader:
                await speak(reader, 100)
                gc.collect()
                tracemalloc.start()
                before = tracemalloc.take_snapshot()
                await speak(reader, 10_000)
                gc.collect()
                grown = sum(stat.size_diff for stat in tracemalloc.take_snapshot().compare_to(before, "filename"))
                tracemalloc.stop()
                assert grown < 100_000, f"{grown} bytes in 10,000 wake-ups"
                assert {live.waiting for live in lives} == {1}
                assert len(hub.silence) == 1
            assert {live.waiting for live in lives} == {0}
            assert len(hub.silence) == 0
        assert hub.readers() == {}

    async def test_readers_that_come_and_go_leave_nothing_in_silent_topics(self, hub):
        names = [f"topic:{number}" for number in range(10)]
        await hub.gateway.run(fill, 1, *names)
        async with AsyncExitStack() as stack:
            lives = [await stack.enter_async_context(hub.reading(name)) for name in names]
            for _ in range(100):
                async with following(hub, **dict.fromkeys(names, "")):
                    await aeventually(lambda: lives[0].waiting == 1)
            assert {live.waiting for live in lives} == {0}
            assert {live.readers for live in lives} == {1}
