"""The memory of all rings together: who gives way, that the sum is kept, and that no reader loses anything by it."""

import asyncio
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from streams.conf import StreamSettings
from streams.eventlog import Head
from streams.hub.live import LiveTopic
from streams.hub.memory import make_room
from streams.hub.ring import EVENT_BYTES, Announcement, RingMemory
from streams.models import SlowReaders, Topic
from streams.publishing import apublish_events, new_event
from streams.wire.event import LogEvent
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = 2 * 50 + EVENT_BYTES  # of 50 characters, in memory


class House:
    """Rings that share a memory, and what became of them."""

    def __init__(self):
        self.memory, self.lives, self.forgotten = RingMemory(), [], []

    def add(self, name, events, *, readers=1, last_left=0.0):
        live = LiveTopic(name, StreamSettings(), self.memory)
        live.begin(Head(1, "epoch", 0))
        live.readers, live.last_left = readers, last_left
        self.lives.append(live)
        self.grow(live, events)
        return live

    def grow(self, live, events):
        head = live.ring.head
        new = tuple(
            LogEvent(live.name, "epoch", seq, "message", "x" * 50, NOW) for seq in range(head + 1, head + 1 + events)
        )
        live.hear(Announcement(live.name, "epoch", head + events, new))

    def forget(self, live):
        self.forgotten.append(live.name)
        self.lives.remove(live)
        live.ring.leave()

    def make_room(self, events):
        make_room(self.memory, events * EVENT, list(self.lives), self.forget)

    def held(self):
        return {live.name: len(live.ring) for live in self.lives}


def test_those_that_nobody_reads_go_first_and_the_one_that_was_left_longest_before_the_others():
    house = House()
    for name, left in (("new", 30.0), ("old", 10.0), ("middle", 20.0)):
        house.add(name, 100, readers=0, last_left=left)
    house.add("read", 500)
    house.make_room(640)
    assert (house.forgotten, house.held()) == (["old", "middle"], {"new": 100, "read": 500})


def test_then_the_largest_are_cut_to_one_size_and_keep_their_newest():
    house = House()
    small, large, larger = house.add("small", 50), house.add("large", 400), house.add("larger", 700)
    house.make_room(800)
    assert house.held() == {"small": 50, "large": 350, "larger": 350}
    assert (small.ring.first, large.ring.first, larger.ring.first) == (1, 51, 351)
    assert large.ring.take(400).events == ()
    assert large.ring.take(49) is None


def test_the_sum_is_that_of_the_rings_whatever_happens_to_them():
    chance, house = random.Random(1), House()
    for number in range(40):
        house.add(f"t{number}", chance.randrange(100), readers=chance.randrange(3), last_left=chance.random())
    for _ in range(2_000):
        live = chance.choice(house.lives)
        house.grow(live, chance.randrange(60))
        if chance.random() < 0.05:
            live.ring.skip_to(live.ring.head + chance.randrange(3))
        if house.memory.bytes > 3_000 * EVENT:
            house.make_room(3_000)
        assert house.memory.bytes <= 3_000 * EVENT
        assert house.memory.bytes == sum(one.ring.size for one in house.lives) == EVENT * sum(house.held().values())


async def test_readers_of_many_topics_get_each_event_once_however_little_the_rings_may_hold(make_hub):
    hub = await make_hub(rings_total_bytes=40 * EVENT)
    topics = [f"t{number}" for number in range(12)]
    for name in topics:
        await apublish_events(name, [new_event("first")])
    async with AsyncExitStack() as stack:
        readers = {
            name: [await stack.enter_async_context(reading(hub, name, pause_s=pause)) for pause in (None, 0.01)]
            for name in topics
        }
        for turn in range(15):
            for number, name in enumerate(topics):
                await apublish_events(name, [new_event("x" * 46) for _ in range(1 + number)])
                assert hub.ring_bytes <= 40 * EVENT
                assert hub.ring_bytes == sum(live.ring.size for live in hub._live.values())
            if turn == 7:
                await stack.enter_async_context(reading(hub, topics[-1], "earliest"))
        for number, name in enumerate(topics):
            wanted = list(range(2, 2 + 15 * (1 + number)))
            for reader in readers[name]:
                await aeventually(lambda reader=reader, wanted=wanted: len(reader.seqs) >= len(wanted))
                assert (reader.seqs, reader.gaps, reader.ended) == (wanted, [], None)


async def test_a_reader_is_not_taken_for_slow_because_a_ring_gave_way(make_hub):
    hub = await make_hub(rings_total_bytes=10 * EVENT)
    await apublish_events("strict", [new_event("first")])
    await hub.gateway.run(lambda: Topic.objects.update(slow_readers=SlowReaders.DISCONNECT))
    async with reading(hub, "strict", pause_s=0.01) as reader:
        for _ in range(5):
            await apublish_events("strict", [new_event("x" * 46) for _ in range(30)])
            await asyncio.sleep(0)
        await aeventually(lambda: reader.ended or len(reader.seqs) == 150)
        assert (reader.ended, reader.gaps, reader.seqs) == (None, [], list(range(2, 152)))
