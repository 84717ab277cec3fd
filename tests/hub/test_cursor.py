"""A cursor in its log: where it begins, the seams it crosses, and what a cancellation leaves of it."""

import asyncio
import importlib
import types

import pytest

from streams.eventlog import Head, append, read_head, reset
from streams.hub import Announcement, Cursor, Gap, LiveTopic, Position, follow, open_reader, resolve
from streams.models import Event, Topic
from streams.wire.event import NewEvent
from streams.wire.last_event_id import parse_joint_id, parse_last_event_id
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NEVER_S = 3_600


def fill(count, name="orders"):
    return append(name, [NewEvent("1")] * count)


def after(monkeypatch, module, function, then):
    """Let ``then`` happen, in the same thread, when the database has answered ``function`` and nobody knows it yet."""
    module = importlib.import_module(module)
    real, left = getattr(module, function), [then]

    def asked(*args, **kwargs):
        answer = real(*args, **kwargs)
        if left:
            left.pop()()
        return answer

    monkeypatch.setattr(module, function, asked)


def learn_soon(hub, live, head):
    """As if it had been asked meanwhile, and answered before."""
    hub.loop.call_soon_threadsafe(lambda: hub.learn(live, head, asked_of=live.life))


class TestBeginning:
    """A position that is resolved while the log moves under it."""

    @pytest.mark.parametrize(
        ("wish", "expected"), [("-1", [3]), ("earliest", [1, 2, 3]), ("{epoch}-2", [3]), ("{epoch}-1", [2, 3])]
    )
    async def test_in_a_new_life_of_the_log_of_which_the_process_has_not_heard(self, make_hub, wish, expected):
        """The reader was set back to the old life, told of two gaps, and given the whole new log."""
        hub = await make_hub(head_poll_s=NEVER_S)
        await hub.gateway.run(fill, 9)
        async with reading(hub, "orders") as before:
            epoch = await hub.gateway.run(reset, "orders")
            await hub.gateway.run(fill, 3)
            async with reading(hub, "orders", wish.format(epoch=epoch)) as reader:
                await aeventually(lambda: reader.seqs[-1:] == [3])
            assert (reader.seqs, reader.gaps) == (expected, [])
            await aeventually(lambda: before.seqs == [1, 2, 3])
            assert [gap.reason for gap in before.gaps] == ["epoch"], "the others are told of the new life too"

    async def test_by_an_answer_that_is_older_than_what_is_known_by_now(self, make_hub, monkeypatch):
        hub = await make_hub(head_poll_s=NEVER_S)
        await hub.gateway.run(fill, 9)
        async with hub.reading("orders") as live:

            def begin_anew():
                reset("orders")
                append("orders", [NewEvent("1")] * 2)
                learn_soon(hub, live, read_head("orders"))

            after(monkeypatch, "streams.hub.position", "read_bounds", begin_anew)
            position = await resolve(hub, live, parse_last_event_id("-1"))
            topic = await hub.gateway.run(Topic.objects.get)
            assert live.epoch == topic.epoch, "and the old life is not called back"
            assert position == Position(topic.epoch, 1)

    async def test_it_learns_what_the_database_says_so_that_nothing_of_it_counts_as_lag(self, make_hub):
        """Events that another process had published a moment before counted as missed: replay was cut short."""
        hub = await make_hub(head_poll_s=NEVER_S, ring_events=4, log_page_events=5)
        await hub.gateway.run(fill, 2)
        await hub.gateway.run(lambda: Topic.objects.update(slow_readers="skip"))
        async with hub.reading("orders"):
            await hub.gateway.run(fill, 40)
            async with reading(hub, "orders", "earliest", pause_s=0.001) as reader:
                await aeventually(lambda: reader.seqs[-1:] == [42])
        assert (reader.seqs, reader.gaps) == (list(range(1, 43)), [])

    async def test_what_was_heard_while_the_head_was_being_read_still_counts(self, hub):
        """It was forgotten, and the reader waited for the next comparison of heads."""
        live = LiveTopic("orders", hub.settings)
        live.target = 5  # as Hub.hear notes before the topic is open
        live.begin(Head(1, "abcd2345", 3))
        assert live.behind
        live.begin(Head(1, "efgh2345", 2))
        assert not live.behind, "of the life before, nothing counts"

    async def test_a_rumour_of_another_life_that_comes_then_does_no_harm(self, make_hub, monkeypatch):
        hub = await make_hub(head_poll_s=NEVER_S)
        await hub.gateway.run(fill, 1)

        def rumour():
            hub.loop.call_soon_threadsafe(hub.hear, Announcement("orders", "zzzzzzzz", 77))

        after(monkeypatch, "streams.hub.hub", "read_head", rumour)
        async with reading(hub, "orders") as reader:
            done = await hub.gateway.run(fill, 1)
            hub.hear(Announcement("orders", done.epoch, done.head, done.new))
            await aeventually(lambda: reader.seqs == [2])
            async with hub.reading("orders") as live:
                await aeventually(lambda: live.target == 2)
        assert reader.gaps == []


class TestSeams:
    """A page of the log that comes late."""

    async def test_a_page_of_a_life_that_is_over_does_not_call_it_back(self, make_hub, monkeypatch):
        """All readers of the topic were told of a new life that was the old one, then of the new one again."""
        hub = await make_hub(head_poll_s=NEVER_S, log_page_events=2)
        await hub.gateway.run(fill, 6)
        async with reading(hub, "orders") as other, hub.reading("orders") as live:
            done, lives, begin = [], [], live.begin
            monkeypatch.setattr(live, "begin", lambda head: (lives.append(head.epoch), begin(head)))

            def begin_anew():
                reset("orders")
                done.append(append("orders", [NewEvent("1")] * 2))
                learn_soon(hub, live, read_head("orders"))

            after(monkeypatch, "streams.hub.hub", "read_page", begin_anew)
            async with reading(hub, "orders", "1") as reader:
                await aeventually(lambda: reader.seqs[-2:] == [1, 2] and other.seqs == [1, 2])
            epoch = done[0].epoch
            assert lives == [epoch]
            for one in (reader, other):
                assert [gap.resumed_at for gap in one.gaps] == [f"{epoch}-0"]
                assert [event.id for event in one.events][-2:] == list(done[0].ids)

    async def test_what_is_trimmed_between_two_pages_is_told_with_the_exact_number(self, make_hub):
        hub = await make_hub(ring_events=1, log_page_events=3)
        done = await hub.gateway.run(fill, 20)
        async with open_reader(hub) as reader:
            await reader.subscribe("orders", parse_last_event_id("earliest"))
            (cursor,) = reader.cursors
            assert [event.seq for event in (await cursor.step(hub)).events] == [1, 2, 3]
            await hub.gateway.run(lambda: Event.objects.filter(seq__lte=10).delete())
            batch = await cursor.step(hub)
            assert batch.gap == Gap(done.ids[2], done.ids[9], 7, "trimmed")
            assert [event.seq for event in batch.events] == [11, 12, 13]
            assert reader.positions["orders"].id == done.ids[12]


class TestWhereToComeBack:
    """What a client is told to come back with, as long as a gap is still to be told."""

    @pytest.mark.parametrize(
        ("asked", "count", "told"),
        [
            ("zzzzzzzz-4", 1, "zzzzzzzz-4"),
            ("99", 1, "99"),
            ("what?", 1, "what?"),
            ("zzzzzzzz-4", 2, "-"),
            ("7", 2, "-"),
            ("what?", 2, "what?"),
        ],
    )
    async def test_is_what_leads_to_the_same_gap_in_every_topic(self, hub, asked, count, told):
        """One id for two topics is malformed; doubled it was an id in either, and what came before it was lost."""
        names = ["orders", "stock"][:count]
        for name in names:
            await hub.gateway.run(fill, 9, name)
        async with open_reader(hub) as reader:
            for name, wish in zip(names, parse_joint_id(asked, count), strict=True):
                await reader.subscribe(name, wish)
            back = [position.resume_id for position in reader.positions.values()]
            reasons = {position.gap.reason for position in reader.positions.values()}
        assert back == [told] * count
        again = parse_joint_id(",".join(back), count)
        async with hub.reading("orders") as live:
            assert {(await resolve(hub, live, wish)).gap.reason for wish in again} == reasons

    async def test_is_where_it_stands_as_soon_as_the_gap_is_told(self, hub):
        done = await hub.gateway.run(fill, 3)
        async with open_reader(hub) as reader:
            position = await reader.subscribe("orders", parse_last_event_id("zzzzzzzz-4"))
            assert position.resume_id == "zzzzzzzz-4"
            (cursor,) = reader.cursors
            assert (await cursor.step(hub)).gap == position.gap
            assert reader.positions["orders"].resume_id == f"{done.epoch}-0"


@types.coroutine
def cancelled_at(number, coroutine):
    """Run ``coroutine`` and cancel it where it waits for the ``number``th time: True; or its end: False."""
    for _ in range(number):
        try:
            waits_for = coroutine.send(None)
        except (StopIteration, StopAsyncIteration):
            return False
        yield waits_for
    try:
        waits_for = coroutine.send(None)
    except (StopIteration, StopAsyncIteration):
        return False
    if waits_for is not None:
        waits_for.cancel()  # as a task does
    with pytest.raises(asyncio.CancelledError):
        coroutine.throw(asyncio.CancelledError())
    return True


class TestCancellation:
    """At every await, one after the other."""

    @pytest.mark.parametrize("wish", ["", "earliest", "-2", "junk"])
    async def test_of_subscribing_leaves_nothing_and_it_can_be_done_again(self, make_hub, wish):
        hub = await make_hub(ring_linger_s=0.001)
        await hub.gateway.run(fill, 5)
        number = 0
        async with open_reader(hub) as reader:
            while await cancelled_at(number, reader.subscribe("orders", parse_last_event_id(wish))):
                assert (hub.readers(), list(reader.topics), reader.cursors) == ({}, [], ())
                number += 1
                hub._forget_unread()
            assert hub.readers() == {"orders": 1}
            assert number >= 1
            await reader.unsubscribe("orders")
            assert hub.readers() == {}

    @pytest.mark.parametrize("wish", ["earliest", "zzzzzzzz-3", "2"])
    async def test_of_following_loses_and_repeats_nothing_of_what_was_handed_out(self, make_hub, wish):
        """Whoever goes on from the positions after it gets exactly what was still to come."""
        hub = await make_hub(ring_events=2, log_page_events=3, heartbeat_s=NEVER_S)
        await hub.gateway.run(fill, 10)
        cancelled = 0
        for number in range(40):
            handed, gaps = [], []
            async with open_reader(hub) as reader:
                await reader.subscribe("orders", parse_last_event_id(wish))

                async def follow_on(reader=reader, handed=handed, gaps=gaps):
                    async for batch in follow(reader, wait=False):
                        handed.extend(event.seq for event in batch.events)
                        gaps.extend([batch.gap] if batch.gap else [])

                cancelled += await cancelled_at(number, follow_on())
                await follow_on()
            assert handed == list(range(3 if wish == "2" else 1, 11)), f"cancelled at {number}"
            assert len(gaps) == (wish == "zzzzzzzz-3")
        assert cancelled >= 3

    async def test_of_waiting_leaves_nobody_to_be_woken(self, hub):
        await hub.gateway.run(fill, 1)
        async with hub.reading("orders") as live:
            for _ in range(20):
                async with open_reader(hub) as reader:
                    await reader.subscribe("orders", parse_last_event_id(""))
                    assert await cancelled_at(0, reader.wait())
                    assert live.waiting == 1
                assert live.waiting == 0
            assert len(hub.silence) == 0

    async def test_a_position_may_be_read_at_any_time(self, hub):
        done = await hub.gateway.run(fill, 2)
        async with hub.reading("orders") as live:
            cursor = Cursor(live, Position(done.epoch, 1))
            assert (cursor.lag, cursor.has_news, cursor.position.id) == (1, True, done.ids[0])
