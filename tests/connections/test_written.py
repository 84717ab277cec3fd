"""The rows of connections: written behind, moved with them, and ended with their process."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from streams.connections import Connection, connected_reader, process_name, registry
from streams.connections import written as module
from streams.connections.sweep import delete_old, end_the_dead
from streams.connections.written import Writer, renew_process
from streams.errors import LimitReached
from streams.models import LiveConnection, Process
from streams.publishing import Identity, apublish
from streams.wire.last_event_id import parse_last_event_id

ANN = Identity("user", "u:7", "Ann", by_cookie=True)


@pytest.fixture
async def writer(hub):
    registry.take_closed()
    await hub.gateway.run(renew_process, "Daphne", timezone.now(), False, {}, 10.0)
    return Writer(hub)


async def rows(hub, **which):
    return await hub.gateway.run(lambda: list(LiveConnection.objects.filter(**which).order_by("opened_at")))


async def test_a_connection_has_a_row_from_the_next_writing_on(hub, writer):
    await apublish("orders", 1)
    async with connected_reader(hub, "sse", ANN) as (reader, _):
        await reader.subscribe("orders", parse_last_event_id("earliest"))
        assert await rows(hub) == [], "opening writes nothing"
        await writer.write()
        (row,) = await rows(hub)
    assert (row.technique, row.who_id, row.who_name, row.who_kind) == ("sse", "u:7", "Ann", "user")
    assert (row.topics, row.lag, row.process_id) == (" orders ", 1, process_name())
    assert row.cursors["orders"]["lag"] == 1
    assert row.closed_at is None and await hub.gateway.run(LiveConnection.objects.live(timezone.now()).count) == 1
    await writer.write()
    (row,) = await rows(hub)
    assert row.close_reason == "ended" and row.closed_at is not None
    assert await hub.gateway.run(LiveConnection.objects.live(timezone.now()).count) == 0


async def test_what_moved_is_written_and_what_did_not_is_not(hub, writer, monkeypatch):
    monkeypatch.setattr(module, "MIN_UPDATE_S", 0.0)
    with registry.opened(Connection("sse", ANN)) as moving, registry.opened(Connection("sse", ANN)):
        await writer.write()
        moving.sent(700)
        moving.note("something")
        updated = []

        def update(some):
            updated.extend(some)
            original(some)

        original = module._update
        monkeypatch.setattr(module, "_update", update)
        await writer.write(everything=True)
        assert [row[-1] for row in updated] == [moving.id]
        (row,) = await rows(hub, pk=moving.id)
        assert (row.bytes_out, row.history[0][1]) == (700, "something")
        await writer.write(everything=True)
        assert len(updated) == 1


async def test_one_that_came_and_went_between_two_writings_leaves_a_row_only_if_there_is_something_to_tell(hub, writer):
    with registry.opened(Connection("longpoll", ANN)):
        pass
    with pytest.raises(LimitReached), registry.opened(Connection("sse", ANN)):
        raise LimitReached("too many")
    await writer.write()
    assert [(row.technique, row.close_reason) for row in await rows(hub)] == [("sse", "limit")]


async def test_what_ended_while_the_database_was_away_is_not_listed_for_ever(hub, writer):
    with registry.opened(Connection("sse", ANN)):
        await writer.write()
    registry.take_closed()  # as a writing that failed has taken them
    await Writer(hub).write()
    assert [row.close_reason for row in await rows(hub)] == ["left"]


async def test_more_that_end_at_once_than_are_remembered_are_not_listed_either(hub, writer, monkeypatch):
    from collections import deque

    monkeypatch.setattr(registry, "_closed", deque(maxlen=2))
    connections = [registry.opened(Connection("sse", ANN)) for _ in range(5)]
    for one in connections:
        one.__enter__()
    await writer.write()
    for one in connections:
        one.__exit__(None, None, None)
    await writer.write()
    await writer.write()
    assert sorted(row.close_reason for row in await rows(hub)) == ["ended"] * 2 + ["left"] * 3


async def test_rows_of_a_process_that_died_are_ended_and_later_deleted(hub, writer, streams_settings):
    with registry.opened(Connection("sse", ANN)):
        await writer.write()

    def die():
        now = timezone.now()
        LiveConnection.objects.update(closed_at=None)
        Process.objects.update(expires_at=now - timedelta(seconds=1))
        live = LiveConnection.objects.live(now).count()
        ended = end_the_dead()
        reasons = [one.close_reason for one in LiveConnection.objects.closed()]
        return live, ended, end_the_dead(), reasons

    assert await hub.gateway.run(die) == (0, 1, 0, ["died"])
    streams_settings(connections_keep_s=0.001)
    assert await hub.gateway.run(delete_old) == 1
    assert await hub.gateway.run(lambda: (delete_old(), Process.objects.count())) == (0, 0)


async def test_a_process_that_was_taken_for_dead_writes_all_anew(hub, writer):
    with registry.opened(Connection("sse", ANN)) as connection:
        await writer.write()

        def die():
            Process.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
            end_the_dead()
            return renew_process("Daphne", timezone.now(), False, {}, 10.0)

        assert await hub.gateway.run(die) is False
        writer.forget()
        await writer.write()
        (row,) = await rows(hub)
        assert (row.pk, row.closed_at, row.close_reason) == (connection.id, None, "")


async def test_a_reason_is_what_ended_it(hub):
    import asyncio

    from streams.errors import CloseReason, StreamClosed

    for error, reason in (
        (StreamClosed(CloseReason.LAGGED), "lagged"),
        (asyncio.CancelledError(), "left"),
        (GeneratorExit(), "left"),
        (ValueError(), "failed"),
    ):
        connection = Connection("sse", ANN)
        with pytest.raises(type(error)), registry.opened(connection):
            raise error
        assert connection.close_reason == reason


@pytest.mark.django_db(transaction=True)
def test_an_end_and_a_beat_do_not_wait_for_each_other():
    """Several rows at once, in whatever order they came: PostgreSQL would end one of the two (a deadlock)."""
    now = timezone.now()
    process = Process.objects.create(name="p", server="s", started_at=now, renewed_at=now, expires_at=now, signs={})
    ids = [f"{number:016x}" for number in range(200)]
    mine = [LiveConnection(id=one, process=process, technique="sse", opened_at=now) for one in random.sample(ids, 200)]
    LiveConnection.objects.bulk_create(mine)

    def beat():
        moved = [
            (" a ", "{}", "[]", module.database.ops.adapt_datetimefield_value(now), 1, 1, 0, 0, one) for one in ids
        ]
        for _ in range(30):
            module._update(random.sample(moved, len(moved)))
        module.database.close()

    def end():
        for _ in range(30):
            module._end(LiveConnection.objects.filter(process=process), "left")
        module.database.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(beat), pool.submit(end)]:
            done.result()
    assert LiveConnection.objects.filter(close_reason="left", events_out=1).count() == 200
