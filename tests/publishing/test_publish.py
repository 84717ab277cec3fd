"""Publishing: part of the caller's transaction, delivered after its commit, and committed together where many wait."""

import asyncio

import pytest
from django.db import OperationalError, connections, transaction

from streams.errors import (
    InvalidEvent,
    InvalidJSON,
    InvalidTopicName,
    KeyReused,
    StreamClosed,
    TooLarge,
    Unavailable,
)
from streams.hub import close_hub, current_hub
from streams.models import Event, Topic
from streams.publishing import apublish, apublish_events, group_commit, new_event, publish, publish_events
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)


class Stop(Exception):
    """Ends a transaction."""


def log(name="orders"):
    return list(Event.objects.filter(topic__name=name).order_by("seq").values_list("data", flat=True))


class TestFromSyncCode:
    """``publish``."""

    def test_the_answer_is_the_id_of_the_event(self):
        event_id = publish("orders", {"n": 1}, type="update", key="k")
        topic, event = Topic.objects.get(), Event.objects.get()
        assert event_id == f"{topic.epoch}-1"
        assert (event.seq, event.type, event.data, event.key) == (1, "update", '{"n":1}', "k")

    @pytest.mark.parametrize(
        ("arguments", "named", "error", "message"),
        [
            (("a b", 1), {}, InvalidTopicName, "'a b'"),
            (("*", 1), {}, InvalidTopicName, r"'\*'"),
            (("a" * 129, 1), {}, InvalidTopicName, r"129 characters \(limit 128\)"),
            (("orders", float("nan")), {}, InvalidJSON, "JSON"),
            (("orders", object()), {}, InvalidJSON, "JSON"),
            (("orders", 1), {"type": "a\nb"}, InvalidEvent, "U\\+000A"),
            (("orders", 1), {"type": "stream.gap"}, InvalidEvent, "stream"),
            (("orders", 1), {"key": ""}, InvalidEvent, "key"),
            (("orders", "x" * 262_144), {}, TooLarge, r"262146 bytes \(limit 262144\)"),
        ],
    )
    def test_what_is_wrong_is_refused_and_nothing_is_made(self, arguments, named, error, message):
        with pytest.raises(error, match=message):
            publish(*arguments, **named)
        assert not Topic.objects.exists()

    def test_inside_a_transaction_it_is_rolled_back_with_it(self):
        with pytest.raises(Stop), transaction.atomic():
            publish("orders", 1)
            raise Stop
        assert not Topic.objects.exists()

    def test_a_refused_key_leaves_the_callers_transaction_usable(self):
        publish("orders", 1, key="k")
        with transaction.atomic():
            with pytest.raises(KeyReused):
                publish("orders", 2, key="k")
            publish("orders", 3)
        assert log() == ["1", "3"]

    def test_without_a_hub_in_the_process_nobody_need_be_told(self):
        assert publish("orders", 1)

    async def test_a_hub_that_died_with_its_loop_hinders_nobody(self, hub, monkeypatch):
        """After a loop that ended without closing its hub, every publish of the process failed after its commit."""

        class DeadLoop:
            def call_soon_threadsafe(self, *args):
                raise RuntimeError("Event loop is closed")

        loop = hub.loop
        monkeypatch.setattr(hub, "loop", DeadLoop())
        event_id = await asyncio.get_running_loop().run_in_executor(None, publish_and_close, "orders", 1)
        monkeypatch.setattr(hub, "loop", loop)
        assert event_id.endswith("-1")


def publish_and_close(*arguments):
    try:
        return publish(*arguments)
    finally:
        connections.close_all()


async def test_inside_a_transaction_it_is_delivered_after_the_commit_only(hub):
    await hub.gateway.run(publish, "orders", "before")
    at_the_end = []

    def work(commit):
        with transaction.atomic():
            publish("orders", "inside")
            at_the_end.append([event.data for event in reader.events])
            if not commit:
                transaction.set_rollback(True)

    async with reading(hub, "orders") as reader:
        await hub.gateway.run(work, False)
        await hub.gateway.run(work, True)
        await aeventually(lambda: reader.events)
        await apublish("orders", "after")
        await aeventually(lambda: len(reader.events) == 2)
    assert at_the_end == [[], []]
    assert [(event.seq, event.data) for event in reader.events] == [(2, '"inside"'), (3, '"after"')]


async def test_it_is_delivered_without_waiting_for_the_comparison_of_heads(make_hub):
    hub = await make_hub(head_poll_s=3_600)
    await hub.gateway.run(publish, "orders", 0)
    async with reading(hub, "orders") as reader:
        await hub.gateway.run(publish, "orders", 1)
        await apublish("orders", 2)
        await aeventually(lambda: reader.seqs == [2, 3])


async def test_a_known_key_is_told_to_nobody(make_hub):
    hub = await make_hub()
    first = await apublish("orders", 1, key="k")
    async with reading(hub, "orders") as reader:
        assert await apublish("orders", 1, key="k") == first
        assert await hub.gateway.run(lambda: publish("orders", 1, key="k")) == first
        await apublish("orders", 2)
        await aeventually(lambda: reader.events)
    assert reader.seqs == [2]


class TestGroupCommit:
    """Concurrent publishes share transactions."""

    @pytest.fixture
    def transactions(self, monkeypatch):
        """The size of each transaction."""
        sizes, real = [], group_commit.append_many

        def counted(requests):
            sizes.append(len(requests))
            return real(requests)

        monkeypatch.setattr(group_commit, "append_many", counted)
        return sizes

    async def test_many_that_wait_share_few_transactions_and_each_has_its_own_id(self, hub, transactions):
        ids = await asyncio.gather(*(apublish(f"t{number % 3}", number) for number in range(300)))
        assert len(transactions) <= 3
        assert sum(transactions) == 300

        def stored():
            return {f"{event.topic.epoch}-{event.seq}": event.data for event in Event.objects.select_related("topic")}

        assert await hub.gateway.run(stored) == {event_id: str(number) for number, event_id in enumerate(ids)}

    async def test_no_transaction_is_larger_than_it_may_be(self, make_hub, transactions):
        await make_hub(commit_batch=10)
        await asyncio.gather(*(apublish("orders", number) for number in range(45)))
        assert max(transactions) == 10

    async def test_it_is_the_events_that_count(self, make_hub, transactions):
        """Hundreds of batches of a thousand keys each were one transaction, of more variables than SQLite takes."""
        await make_hub(commit_batch=10)
        many = [[new_event(1, key=f"{batch} {number}") for number in range(4)] for batch in range(9)]
        await asyncio.gather(*(apublish_events("orders", events) for events in [*many, [new_event(1)] * 30]))
        assert max(transactions) == 2
        assert sum(transactions) == 10
        hub = await current_hub()
        assert len(await hub.gateway.run(log)) == 9 * 4 + 30

    async def test_one_caller_publishes_in_the_order_of_its_calls(self, hub):
        await asyncio.gather(*(apublish("orders", number) for number in range(50)))
        assert await hub.gateway.run(log) == [str(number) for number in range(50)]

    async def test_one_that_is_refused_spoils_no_other(self, hub):
        await apublish("orders", 0, key="k")
        results = await asyncio.gather(
            apublish("orders", 1), apublish("orders", 2, key="k"), apublish("orders", 3), return_exceptions=True
        )
        assert isinstance(results[1], KeyReused)
        assert await hub.gateway.run(log) == ["0", "1", "3"]

    async def test_a_batch_is_all_or_nothing(self, hub):
        await apublish("orders", 0, key="k")
        with pytest.raises(KeyReused):
            await apublish_events("orders", [new_event(1), new_event(2, key="k"), new_event(3)])
        assert await hub.gateway.run(log) == ["0"]

    async def test_a_database_that_fails_is_told_to_all_who_wait_and_the_next_one_succeeds(self, hub, monkeypatch):
        real = group_commit.append_many

        def fail(requests):
            raise OperationalError("gone")

        monkeypatch.setattr(group_commit, "append_many", fail)
        results = await asyncio.gather(*(apublish("orders", 1) for _ in range(5)), return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 5
        monkeypatch.setattr(group_commit, "append_many", real)
        assert await apublish("orders", 1)

    async def test_a_caller_that_leaves_holds_up_nobody(self, hub):
        calls = [asyncio.create_task(apublish("orders", number)) for number in range(10)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, str) for result in results[1::2])
        assert await apublish("orders", "next")

    async def test_when_the_process_ends_nobody_waits_for_ever(self, hub):
        """Those who came with the end, and all after them, waited for a task that never began."""
        calls = [asyncio.create_task(apublish("orders", number)) for number in range(3)]
        closing = asyncio.create_task(hub.tasks.close())
        calls += [asyncio.create_task(apublish("orders", number)) for number in range(3)]
        await closing
        calls += [asyncio.create_task(apublish("orders", number)) for number in range(3)]
        async with asyncio.timeout(10):
            results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, str | Unavailable) for result in results), results
        assert isinstance(results[-1], Unavailable)

    async def test_when_it_ends_before_the_commit_has_begun_nobody_waits_either(self, hub):
        commit = group_commit.GroupCommit(hub)
        waiting = asyncio.create_task(commit.append("orders", (new_event(1),)))
        hub.tasks._closing.set()
        async with asyncio.timeout(10):
            with pytest.raises(Unavailable):
                await waiting
            with pytest.raises(Unavailable):
                await commit.append("orders", (new_event(1),))


async def test_each_loop_has_a_hub_of_its_own(hub):
    async def other():
        mine = await current_hub()
        await close_hub()
        return mine

    assert await current_hub() is hub
    assert await asyncio.to_thread(asyncio.run, other()) is not hub
    assert await current_hub() is hub


async def test_who_comes_after_the_end_is_turned_away_and_starts_nothing(hub):
    await close_hub()
    assert await current_hub() is hub
    with pytest.raises(Unavailable):
        await apublish("orders", 1)
    with pytest.raises(StreamClosed):
        async with hub.reading("orders"):
            pass


def test_checked_events_publish_together():
    done = publish_events("orders", [new_event(1), new_event(2, key="k"), new_event(2, key="k")])
    assert [event.seq for event in done.new] == [1, 2]
    assert done.ids[1] == done.ids[2]
