"""What an operator does to connections, by commands that every process hears; and bans."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.utils import timezone

from streams.connections import Connection, connected_reader, keep_commanded, operate, process_name, registry
from streams.connections.commands import TOPIC, command
from streams.connections.peer import Peer
from streams.connections.written import Writer, renew_process
from streams.errors import Banned, CloseReason, InvalidInput, StreamClosed, TooLarge
from streams.hub import follow, open_reader
from streams.models import Ban, BanKind, Event, LiveConnection, Process, Topic, Visibility
from streams.publishing import Identity, apublish
from streams.wire.last_event_id import parse_last_event_id
from tests.harness.waiting import aeventually

ANN, BOB = Identity("user", "u:7", "Ann"), Identity("guest", "g:1", "Bob")


@pytest.fixture
async def drained(hub):
    """Follows commands beside the test; a list that grows when the process is told to drain."""
    told = []
    task = asyncio.create_task(keep_commanded(hub, lambda: told.append(True)))
    await aeventually(lambda: TOPIC in hub.readers())
    yield told
    task.cancel()
    await asyncio.wait([task])
    registry.bans.hold([])


@asynccontextmanager
async def opened(who, address="192.0.2.1"):
    """A connection that is told of its end."""
    told = []
    connection = Connection("sse", who, told.append, peer=Peer(address=address))
    with registry.opened(connection):
        yield connection, told


async def rows_of(hub, *connections):
    """The operator, and the rows of the connections in that order."""
    await hub.gateway.run(renew_process, "Daphne", timezone.now(), False, {}, 10.0)
    await Writer(hub).write()

    def read():
        by = get_user_model().objects.create_user("operator", is_staff=True)
        found = LiveConnection.objects.in_bulk([one.id for one in connections])
        return by, *(found[one.id] for one in connections)

    return await hub.gateway.run(read)


async def audited(hub):
    return await hub.gateway.run(lambda: list(LogEntry.objects.values_list("user__username", "change_message")))


async def test_those_that_are_chosen_are_ended_and_the_others_are_not(hub, drained):
    async with opened(ANN) as (one, told), opened(ANN) as (_, other):
        by, row = await rows_of(hub, one)
        assert await hub.gateway.run(operate.end_connections, by, [row]) == 1
        await aeventually(lambda: told)
        assert (told, other) == ([CloseReason.KICKED], [])
    assert one.close_reason == "kicked"
    ((who, text),) = await audited(hub)
    assert who == "operator" and "disconnected" in text and "192.0.2.1" in text


async def test_all_of_a_person_or_of_an_address_are_ended(hub, drained):
    async with opened(ANN) as (one, first), opened(ANN, "192.0.2.2") as (_, second), opened(BOB) as (_, third):
        by, row = await rows_of(hub, one)
        await hub.gateway.run(operate.end_all_of, by, BanKind.WHO, row)
        await aeventually(lambda: first and second)
        assert third == []
        await hub.gateway.run(operate.end_all_of, by, BanKind.ADDRESS, row)
        await aeventually(lambda: third)
    texts = [text for _, text in await audited(hub)]
    assert {"disconnected all of Ann (u:7)", "disconnected all of the address 192.0.2.1"} == set(texts)


async def test_a_banned_person_is_ended_and_does_not_come_back_until_it_is_over_or_lifted(hub, drained):
    async with opened(ANN) as (one, told), opened(BOB, "192.0.2.9") as (_, other):
        by, row = await rows_of(hub, one)
        until = timezone.now() + timedelta(hours=1)
        await hub.gateway.run(lambda: operate.ban(by, BanKind.WHO, row, until=until, reason="flooding"))
        await aeventually(lambda: told)
        assert other == []
    refused = registry.refused_by_code["banned"]
    with pytest.raises(Banned, match=r"you are banned here until .* UTC: flooding"):
        registry.admit(ANN, "192.0.2.77")
    assert registry.refused_by_code["banned"] == refused + 1
    registry.admit(BOB, "192.0.2.1")
    ban = await hub.gateway.run(Ban.objects.get)
    assert (ban.name, ban.created_by_id) == ("Ann (u:7)", by.pk)
    await hub.gateway.run(operate.lift_ban, by, ban)
    await aeventually(lambda: not len(registry.bans))
    registry.admit(ANN, "192.0.2.1")


async def test_a_banned_address_and_a_ban_that_runs_out(hub, drained):
    async with opened(BOB) as (one, told):
        by, row = await rows_of(hub, one)
        until = timezone.now() + timedelta(seconds=0.6)
        await hub.gateway.run(lambda: operate.ban(by, BanKind.ADDRESS, row, until=until))
        await aeventually(lambda: told)
    with pytest.raises(Banned, match=r"the address 192\.0\.2\.1 is banned here"):
        registry.admit(ANN, "192.0.2.1")

    def over():
        try:
            registry.admit(ANN, "192.0.2.1")
        except Banned:
            return False
        return True

    await aeventually(over)


async def test_bans_that_held_before_the_process_began_hold(hub):
    await hub.gateway.run(
        lambda: Ban.objects.create(kind=BanKind.WHO, value="u:7", until=timezone.now() + timedelta(hours=1))
    )
    task = asyncio.create_task(keep_commanded(hub, lambda: None))
    await aeventually(lambda: len(registry.bans))
    with pytest.raises(Banned):
        registry.admit(ANN, "")
    task.cancel()
    await asyncio.wait([task])
    registry.bans.hold([])


@pytest.mark.parametrize("seconds", [-1, 0, 367 * 86_400])
async def test_a_ban_has_an_end_that_makes_sense(hub, drained, seconds):
    async with opened(ANN) as (one, _):
        by, row = await rows_of(hub, one)
        until = timezone.now() + timedelta(seconds=seconds)
        with pytest.raises(InvalidInput, match="366 days"):
            await hub.gateway.run(lambda: operate.ban(by, BanKind.WHO, row, until=until))
    assert await audited(hub) == []


async def test_a_notice_is_told_by_the_stream_before_anything_else(hub, drained):
    async with connected_reader(hub, "sse", ANN) as (reader, connection):
        by, row = await rows_of(hub, connection)
        assert await hub.gateway.run(operate.send_notice, by, [row], " Going down at noon. ") == 1
        batches = follow(reader)
        async with asyncio.timeout(10):
            batch = await anext(batches)
        assert (batch.notice, batch.events) == ("Going down at noon.", ())
        assert connection.history[-1][1] == "notice: Going down at noon."
        reader.end(CloseReason.KICKED)
        with pytest.raises(StreamClosed):
            await anext(batches)


def test_a_notice_has_text_and_a_limit():
    with pytest.raises(InvalidInput, match="needs some text"):
        operate.check_notice("  ")
    with pytest.raises(TooLarge, match=r"501 characters \(limit 500\)"):
        operate.check_notice("x" * 501)


async def test_only_the_process_that_is_named_drains(hub, drained):
    await hub.gateway.run(lambda: command("drain", process="another"))
    by = await hub.gateway.run(get_user_model().objects.create_user, "operator")
    await hub.gateway.run(renew_process, "Daphne", timezone.now(), False, {}, 10.0)
    process = await hub.gateway.run(lambda: Process.objects.get(pk=process_name()))
    await hub.gateway.run(operate.drain_process, by, process)
    await aeventually(lambda: drained)
    assert drained == [True]


async def test_what_was_changed_in_a_log_is_read_from_there(hub, drained):
    await apublish("orders", "first")

    async def first_of(reader):
        await reader.subscribe("orders", parse_last_event_id("-1"))
        async with aclosing(follow(reader)) as batches:
            batch = await anext(batches)
        await reader.unsubscribe("orders")
        return [event.data for event in batch.events]

    async with open_reader(hub) as keeps, open_reader(hub) as reader:
        await keeps.subscribe("orders", parse_last_event_id(None))
        await apublish("orders", "secret")
        assert await first_of(reader) == ['"secret"']

        def change():
            Event.objects.filter(topic__name="orders").update(data='"gone"')
            command("changed", topic="orders")

        await hub.gateway.run(change)
        await aeventually(lambda: hub.traffic()[TOPIC].events_out)
        assert await first_of(reader) == ['"gone"']


async def test_commands_are_private_and_nobody_else_may_publish_them(hub, drained):
    from streams.errors import Forbidden
    from streams.publishing import check_publish

    topic = await hub.gateway.run(lambda: Topic.objects.get(name=TOPIC))
    assert topic.visibility == Visibility.PRIVATE
    mighty = Identity("user", "u:1", "root", staff=True, may_publish=True)
    for name in (TOPIC, "system", "system:operation"):
        with pytest.raises(Forbidden, match=f"only the server itself publishes to {name}"):
            check_publish(who=mighty, name=name)
    check_publish(who=mighty, name="systems")


async def test_a_command_that_comes_late_is_not_done_any_more(hub, monkeypatch):
    monkeypatch.setattr("streams.connections.commands.STALE", timedelta(0))
    task = asyncio.create_task(keep_commanded(hub, lambda: None))
    await aeventually(lambda: TOPIC in hub.readers())
    async with opened(ANN) as (one, told):
        await hub.gateway.run(lambda: command("end", ids=[one.id], reason="kicked"))
        await aeventually(lambda: hub.traffic()[TOPIC].events_out)
        assert told == []
    task.cancel()
    await asyncio.wait([task])
