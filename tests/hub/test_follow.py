"""Following: replay meets live, and nothing is lost or repeated where they meet."""

import asyncio
import importlib
import random

import pytest
from django.db import OperationalError

from streams.errors import CloseReason, NoSuchTopic
from streams.eventlog import append, reset
from streams.hub import Announcement, Cursor, Position
from streams.models import Event, Topic
from streams.publishing import apublish, apublish_events, new_event
from streams.wire.event import NewEvent
from streams.wire.sse import encode_event
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NEVER_S = 3_600


def fill(count, name="orders"):
    return append(name, [NewEvent("1")] * count)


async def test_a_reader_from_now_on_gets_what_is_published_after_it_came(hub):
    await apublish("orders", "before")
    async with reading(hub, "orders") as reader:
        await apublish("orders", "after", type="update")
        await aeventually(lambda: reader.events)
    assert [(event.data, event.type, event.seq) for event in reader.events] == [('"after"', "update", 2)]
    assert reader.gaps == []


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("earliest", range(1, 11)),
        ("-3", range(8, 11)),
        ("-0", []),
        ("-99", range(1, 11)),
        ("4", range(5, 11)),
        ("0", range(1, 11)),
        ("10", []),
        ("", []),
    ],
)
@pytest.mark.parametrize("ring", ["empty ring", "full ring"])
async def test_a_wish_that_can_be_honoured_is_without_a_gap(make_hub, wish, expected, ring):
    hub = await make_hub(log_page_events=3)
    await hub.gateway.run(fill, 0 if ring == "full ring" else 10)
    async with reading(hub, "orders"):
        if ring == "full ring":
            await apublish_events("orders", [new_event(1)] * 10)
        async with reading(hub, "orders", wish) as reader:
            await apublish("orders", "last")
            await aeventually(lambda: reader.seqs[-1:] == [11])
    assert reader.seqs == [*expected, 11]
    assert reader.gaps == []


async def test_an_event_id_of_this_life_resumes_after_it(hub):
    done = await hub.gateway.run(fill, 5)
    async with reading(hub, "orders", done.ids[2]) as reader:
        await aeventually(lambda: reader.seqs == [4, 5])
    assert reader.gaps == []


async def test_a_trimmed_position_is_told_with_the_exact_number_lost(hub):
    done = await hub.gateway.run(fill, 10)
    await hub.gateway.run(lambda: Event.objects.filter(seq__lte=6).delete())
    async with reading(hub, "orders", done.ids[1]) as reader:
        await aeventually(lambda: reader.seqs == [7, 8, 9, 10])
    (gap,) = reader.gaps
    assert (gap.reason, gap.lost, gap.requested, gap.resumed_at) == ("trimmed", 4, done.ids[1], done.ids[5])


async def test_a_position_before_nothing_at_all_is_told_too(hub):
    done = await hub.gateway.run(fill, 10)
    await hub.gateway.run(lambda: Event.objects.all().delete())
    async with reading(hub, "orders", done.ids[1]) as reader:
        await aeventually(lambda: reader.gaps)
        await apublish("orders", 1)
        await aeventually(lambda: reader.seqs == [11])
    assert [(gap.reason, gap.lost, gap.resumed_at) for gap in reader.gaps] == [("trimmed", 8, done.ids[9])]


@pytest.mark.parametrize(
    ("wish", "reason"), [("other234-3", "epoch"), ("99", "epoch"), ("9" * 25, "malformed"), ("junk\0", "malformed")]
)
async def test_a_wish_that_cannot_be_honoured_gets_a_gap_and_all_that_is_kept(hub, wish, reason):
    done = await hub.gateway.run(fill, 5)
    await hub.gateway.run(lambda: Event.objects.filter(seq__lte=2).delete())
    async with reading(hub, "orders", wish) as reader:
        await aeventually(lambda: reader.seqs == [3, 4, 5])
    (gap,) = reader.gaps
    assert (gap.reason, gap.lost, gap.requested, gap.resumed_at) == (reason, None, wish[:128], done.ids[1])
    assert reader.batches[0].gap is gap, "before the first event"


async def test_a_position_ahead_of_the_head_is_told(hub):
    done = await hub.gateway.run(fill, 3)
    async with reading(hub, "orders", f"{done.epoch}-4") as reader:
        await aeventually(lambda: reader.seqs == [1, 2, 3])
    assert [gap.reason for gap in reader.gaps] == ["epoch"]


@pytest.mark.parametrize("seed", range(3))
async def test_at_the_seam_of_log_and_ring_every_number_comes_once_and_in_order(make_hub, seed):
    """Readers at any cursor, fast and slow, while a writer never stops; the ring is far smaller than the log."""
    chance = random.Random(seed)
    hub = await make_hub(
        ring_events=chance.randint(1, 12), ring_bytes=chance.choice([20, 10**6]), log_page_events=chance.randint(1, 9)
    )
    await hub.gateway.run(fill, 60)

    async def write():
        for _ in range(80):
            await apublish_events("orders", [new_event(1)] * chance.randint(1, 4))
            await asyncio.sleep(chance.choice([0, 0, 0.002]))

    async def read(after):
        async with reading(hub, "orders", str(after), pause_s=chance.choice([None, 0, 0.001])) as reader:
            await written
            head = (await hub.gateway.run(Topic.objects.get, name="orders")).head
            await aeventually(lambda: reader.seqs[-1:] == [head], limit_s=30)
        assert reader.seqs == list(range(after + 1, head + 1))
        assert reader.gaps == []

    written = asyncio.create_task(write())
    await asyncio.gather(*(read(chance.randint(0, 60)) for _ in range(12)))


async def test_readers_come_and_go_while_it_is_written_and_resume_exactly(make_hub):
    hub = await make_hub(ring_events=5, log_page_events=4, ring_linger_s=0.01, head_poll_s=0.02)
    chance = random.Random(1)
    await hub.gateway.run(fill, 1)

    async def write():
        for _ in range(150):
            await apublish("orders", 1)

    async def come_and_go():
        seen, position = [], "0"
        while not (written.done() and len(seen) == 151):
            async with reading(hub, "orders", position) as reader:
                for _ in range(chance.randint(1, 20)):
                    await asyncio.sleep(0)
                if written.done():
                    missing = 151 - len(seen)
                    await aeventually(lambda reader=reader, missing=missing: len(reader.events) >= missing)
            seen += reader.seqs
            assert reader.gaps == []
            position = reader.events[-1].id if reader.events else position
        assert seen == list(range(1, 152))

    written = asyncio.create_task(write())
    await asyncio.gather(*(come_and_go() for _ in range(5)))


async def test_a_thousand_readers_get_each_event_once_without_the_help_of_polling(make_hub):
    hub = await make_hub(head_poll_s=NEVER_S)
    await apublish("orders", 0)
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        started, done = [], asyncio.Event()

        async def read():
            async with reading(hub, "orders") as reader:
                started.append(reader)
                await done.wait()

        for _ in range(1_000):
            group.create_task(read())
        await aeventually(lambda: len(started) == 1_000, limit_s=30)
        assert hub.readers() == {"orders": 1_000}
        for number in range(40):
            await apublish("orders", number)
        await aeventually(lambda: all(reader.seqs[-1:] == [41] for reader in started), limit_s=30)
        done.set()
    assert {tuple(reader.seqs) for reader in started} == {tuple(range(2, 42))}
    assert hub.readers() == {}


async def test_no_wake_up_is_lost_when_readers_race_with_publishers(make_hub):
    hub = await make_hub(head_poll_s=NEVER_S, wake_slice=3)
    await apublish("orders", 0)
    chance = random.Random(7)

    async def write():
        for _ in range(60):
            await apublish("orders", 1)
            for _ in range(chance.randint(0, 5)):
                await asyncio.sleep(0)

    async def read():
        async with reading(hub, "orders", pause_s=chance.choice([None, 0])) as reader:
            await writing
            await aeventually(lambda: reader.seqs[-1:] == [241], limit_s=30)

    writing = asyncio.gather(*(write() for _ in range(4)))
    await asyncio.gather(*(read() for _ in range(60)))


class TestDoorbell:
    """Lost, doubled, out of order: the doorbell is a hint."""

    async def test_if_it_is_lost_polling_delivers_within_a_second(self, hub, monkeypatch):
        await apublish("orders", 0)
        monkeypatch.setattr(hub, "hear", lambda announcement: None)
        latencies = []
        async with reading(hub, "orders") as reader:
            for number in range(1, 5):
                await apublish("orders", number)
                since = hub.loop.time()
                await aeventually(lambda count=number: len(reader.events) == count)
                latencies.append(hub.loop.time() - since)
        assert reader.seqs == [2, 3, 4, 5]
        assert min(latencies) < 1, "the machine may be busy, but not four times"

    @pytest.mark.parametrize("seed", range(3))
    async def test_reordered_and_doubled_announcements_change_nothing(self, make_hub, monkeypatch, seed):
        hub = await make_hub(head_poll_s=NEVER_S)
        await apublish("orders", 0)
        chance, held, hear = random.Random(seed), [], hub.hear
        monkeypatch.setattr(hub, "hear", held.append)
        async with reading(hub, "orders") as reader:
            for number in range(30):
                await apublish("orders", number)
            held += chance.choices(held, k=20)
            chance.shuffle(held)
            for announcement in held:
                hear(announcement)
                await asyncio.sleep(0)
            await aeventually(lambda: reader.seqs[-1:] == [31])
        assert reader.seqs == list(range(2, 32))

    async def test_one_that_tells_only_the_head_is_caught_up_from_the_log(self, make_hub, monkeypatch):
        hub = await make_hub(head_poll_s=NEVER_S, log_page_events=4)
        await apublish("orders", 0)
        async with reading(hub, "orders") as reader:
            done = await hub.gateway.run(fill, 10)
            hub.hear(Announcement("orders", done.epoch, 11))
            await aeventually(lambda: reader.seqs == list(range(2, 12)))

    async def test_a_hole_between_announcements_is_caught_up_from_the_log(self, make_hub):
        hub = await make_hub(head_poll_s=NEVER_S)
        await apublish("orders", 0)
        async with reading(hub, "orders") as reader:
            await hub.gateway.run(fill, 5)
            done = await hub.gateway.run(fill, 1)
            hub.hear(Announcement("orders", done.epoch, 7, done.new))
            await aeventually(lambda: reader.seqs == list(range(2, 8)))

    async def test_a_burst_larger_than_the_ring_is_read_by_those_who_follow(self, make_hub):
        hub = await make_hub(head_poll_s=NEVER_S, ring_events=4, log_page_events=8)
        await apublish("orders", 0)
        async with reading(hub, "orders") as reader:
            done = await hub.gateway.run(fill, 100)
            hub.hear(Announcement("orders", done.epoch, 101))
            await aeventually(lambda: reader.seqs == list(range(2, 102)))

    async def test_one_of_another_life_of_the_log_is_not_believed(self, hub):
        done = await hub.gateway.run(fill, 3)
        async with reading(hub, "orders") as reader:
            hub.hear(Announcement("orders", "other234", 99))
            await apublish("orders", 1)
            await aeventually(lambda: reader.events)
        assert [event.id for event in reader.events] == [f"{done.epoch}-4"]
        assert reader.gaps == []

    async def test_one_that_comes_while_a_topic_is_being_opened_is_not_forgotten(self, make_hub, monkeypatch):
        hub = await make_hub(head_poll_s=NEVER_S)
        await hub.gateway.run(fill, 1)
        real = hub._open

        async def slowly(live):
            done = await hub.gateway.run(fill, 1)
            hub.hear(Announcement("orders", done.epoch, done.head, done.new))
            await real(live)

        monkeypatch.setattr(hub, "_open", slowly)
        async with reading(hub, "orders", "earliest") as reader:
            await aeventually(lambda: reader.seqs == [1, 2])


class TestWhileFollowing:
    """What happens to a log under its readers."""

    async def test_a_new_life_is_told_and_followed_from_its_beginning(self, hub):
        done = await hub.gateway.run(fill, 3)
        async with reading(hub, "orders", "2") as reader:
            await aeventually(lambda: reader.seqs == [3])
            epoch = await hub.gateway.run(reset, "orders")
            await apublish("orders", "new")
            await aeventually(lambda: len(reader.events) == 2)
        assert reader.events[-1].id == f"{epoch}-1"
        assert [(gap.reason, gap.lost, gap.requested, gap.resumed_at) for gap in reader.gaps] == [
            ("epoch", None, done.ids[2], f"{epoch}-0")
        ]

    async def test_a_slow_reader_that_is_overtaken_by_trimming_is_told_the_exact_number(self, make_hub):
        hub = await make_hub(ring_events=2, log_page_events=2)
        done = await hub.gateway.run(fill, 20)
        async with reading(hub, "orders", "0", pause_s=NEVER_S) as reader:
            await aeventually(lambda: reader.seqs == [1, 2])
        await hub.gateway.run(lambda: Event.objects.filter(seq__lte=11).delete())
        async with hub.reading("orders") as live:
            batch = await Cursor(live, Position(done.epoch, 2)).step(hub)
        assert [event.seq for event in batch.events] == [12, 13]
        assert (batch.gap.reason, batch.gap.lost) == ("trimmed", 9)
        assert (batch.gap.requested, batch.gap.resumed_at) == (done.ids[1], done.ids[10])

    async def test_silence_is_told_by_a_heartbeat_and_an_event_ends_it(self, make_hub):
        hub = await make_hub(heartbeat_s=0.1)
        await apublish("orders", 0)
        async with reading(hub, "orders") as reader:
            await aeventually(lambda: reader.beats >= 3)
            await apublish("orders", 1)
            await aeventually(lambda: reader.seqs == [2])
        assert reader.gaps == []

    async def test_the_end_of_the_server_is_told(self, hub):
        await hub.gateway.run(fill, 5)
        async with reading(hub, "orders") as waiting, reading(hub, "orders", "0", pause_s=0.01) as behind:
            hub.end_streams(CloseReason.SHUTDOWN)
            await aeventually(lambda: waiting.ended and behind.ended)
        assert (waiting.reason, behind.reason) == ("shutdown", "shutdown")
        async with reading(hub, "orders") as late:
            await aeventually(lambda: late.ended)
        assert late.reason == "shutdown"

    async def test_a_topic_that_is_deleted_ends_its_readers(self, hub):
        await hub.gateway.run(fill, 3)
        async with reading(hub, "orders") as reader:
            await hub.gateway.run(lambda: Topic.objects.all().delete())
            await aeventually(lambda: reader.ended)
        assert reader.reason == "expired"

    async def test_a_topic_that_is_deleted_under_a_reader_of_the_log_ends_it_likewise(self, make_hub):
        """The reader met NoSuchTopic half-way, before the comparison of heads had noticed."""
        hub = await make_hub(head_poll_s=NEVER_S, ring_events=1, log_page_events=1)
        await hub.gateway.run(fill, 50)
        async with reading(hub, "orders", "0", pause_s=0.001) as reader:
            await aeventually(lambda: reader.events)
            await hub.gateway.run(lambda: Topic.objects.all().delete())
            await aeventually(lambda: reader.ended)
        assert reader.reason == "expired"

    async def test_a_topic_that_is_deleted_while_the_ring_catches_up_holds_up_no_other(self, make_hub, caplog):
        hub = await make_hub(head_poll_s=NEVER_S)
        gone = await hub.gateway.run(fill, 1, "gone")
        await hub.gateway.run(fill, 1)
        async with reading(hub, "gone") as reader, reading(hub, "orders") as other:
            await hub.gateway.run(lambda: Topic.objects.get(name="gone").delete())
            hub.hear(Announcement("gone", gone.epoch, 9))
            done = await hub.gateway.run(fill, 1)
            hub.hear(Announcement("orders", done.epoch, 2))
            await aeventually(lambda: reader.ended and other.seqs == [2])
        assert reader.reason == "expired"
        assert "failed" not in caplog.text

    async def test_a_topic_made_again_under_its_name_is_another_one(self, hub):
        await hub.gateway.run(fill, 3)
        async with reading(hub, "orders") as reader:
            await hub.gateway.run(lambda: Topic.objects.all().delete())
            await aeventually(lambda: reader.ended)
        done = await hub.gateway.run(fill, 2)

        async def again():
            async with reading(hub, "orders", "earliest") as reader:
                await aeventually(lambda: reader.ended or reader.seqs == [1, 2])
                return reader.events and reader.events[0].id == done.ids[0]

        await aeventually(again)

    async def test_a_missing_topic_is_told_and_leaves_nothing(self, hub):
        async with reading(hub, "nowhere") as reader:
            await aeventually(lambda: reader.ended)
        assert isinstance(reader.ended, NoSuchTopic)
        await hub.gateway.run(fill, 1, "nowhere")
        async with reading(hub, "nowhere", "0") as reader:
            await aeventually(lambda: reader.seqs == [1])

    async def test_a_database_that_fails_is_told_to_those_who_read_the_log_and_only_to_them(self, hub, monkeypatch):
        await hub.gateway.run(fill, 5)
        async with reading(hub, "orders") as live:

            def fail(*args, **kwargs):
                raise OperationalError("gone")

            monkeypatch.setattr(importlib.import_module("streams.hub.hub"), "read_page", fail)
            async with reading(hub, "orders", "1") as reader:
                await aeventually(lambda: reader.ended)
            assert reader.ended.code == "unavailable"
            assert reader.events == []
            assert live.ended is None
            monkeypatch.undo()
            await apublish("orders", 1)
            await aeventually(lambda: live.seqs == [6])

    async def test_an_outage_of_the_database_ends_for_readers_soon_after_it_ends(self, make_hub, monkeypatch):
        """The comparison of heads waited longer after each failure, at last ten seconds."""
        hub = await make_hub(head_poll_s=0.02)
        module = importlib.import_module("streams.hub.hub")
        await apublish("orders", 0)
        failures = []

        def fail(*args, **kwargs):
            failures.append(1)
            raise OperationalError("gone")

        async with reading(hub, "orders") as reader:
            monkeypatch.setattr(module, "read_heads", fail)
            await hub.gateway.run(fill, 1)
            await aeventually(lambda: len(failures) >= 6)
            monkeypatch.undo()
            since = hub.loop.time()
            await aeventually(lambda: reader.seqs == [2])
        assert hub.loop.time() - since < 2.5


class TestLeaving:
    """A reader that leaves leaves nothing behind."""

    async def test_readers_that_are_cancelled_leave_nothing_behind(self, make_hub):
        hub = await make_hub(ring_linger_s=0.05, head_poll_s=0.02, heartbeat_s=0.2, log_page_events=1)
        await hub.gateway.run(fill, 30)
        finished = []

        async def read(wish, pause_s):
            try:
                async with reading(hub, "orders", wish, pause_s=pause_s):
                    await asyncio.sleep(NEVER_S)
            finally:
                finished.append(wish)

        tasks = [
            asyncio.create_task(read(wish, pause))
            for wish in ("", "0", "-5", "junk")
            for pause in (None, 0.001)
            for _ in range(10)
        ]
        await aeventually(lambda: hub.readers() == {"orders": 80})
        async with hub.reading("orders") as live:
            for _ in range(10):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert live.readers == 1
            assert len(finished) == 80
            await aeventually(lambda: live.waiting == 0)
        assert hub.readers() == {}
        await aeventually(lambda: "orders" not in hub._live)

    async def test_one_cancelled_while_the_topic_is_opened_leaves_nothing_behind(self, hub, monkeypatch):
        await hub.gateway.run(fill, 1)
        never = asyncio.Event()
        monkeypatch.setattr(hub, "_open", lambda live: never.wait())
        task = asyncio.create_task(reading(hub, "orders").__aenter__())
        await aeventually(lambda: hub.readers() == {"orders": 1})
        for one in asyncio.all_tasks():
            if one is task or one.get_name() == "reader of orders":
                one.cancel()
        await aeventually(lambda: hub.readers() == {} and not hub._live)

    async def test_a_ring_outlives_its_last_reader_for_those_who_come_back(self, make_hub, monkeypatch):
        hub = await make_hub()
        await hub.gateway.run(fill, 1)
        async with reading(hub, "orders"):
            pass
        await apublish_events("orders", [new_event(1)] * 5)

        def fail(*args, **kwargs):
            raise OperationalError("the log is not needed")

        monkeypatch.setattr(importlib.import_module("streams.hub.hub"), "read_page", fail)
        async with reading(hub, "orders", "1") as reader:
            await aeventually(lambda: reader.seqs == [2, 3, 4, 5, 6])


async def test_readers_at_one_cursor_get_the_same_bytes(hub):
    await apublish("orders", 0)
    async with reading(hub, "orders") as first, reading(hub, "orders") as second:
        await apublish("orders", 1)
        await aeventually(lambda: first.events and second.events)
    assert first.batches[-1].joined("sse", encode_event) is second.batches[-1].joined("sse", encode_event)


async def test_deliveries_and_arrivals_are_counted(hub):
    await apublish("orders", 0)
    before = hub.events_in, hub.events_out
    async with reading(hub, "orders") as first, reading(hub, "orders") as second:
        await apublish_events("orders", [new_event(1)] * 3)
        await aeventually(lambda: len(first.events) == len(second.events) == 3)
    assert (hub.events_in - before[0], hub.events_out - before[1]) == (3, 6)
