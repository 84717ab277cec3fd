"""Many readers, readers that stop, readers that leave: what each costs the process, and that it is given back."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from tests.harness.readers import Reader, dial, hang_up, reading, request, request_bytes
from tests.harness.site import Site
from tests.harness.waiting import aeventually, settled

STREAMS, AT_ONCE = 1_000, 50
SMALL_BUFFER = 4_096
BIG_EVENTS, BIG_CHARS = 1_280, 200_000  # 256 MB
FILL = f"""
from streams.eventlog import append
from streams.wire.event import NewEvent
for start in range(0, {BIG_EVENTS}, 40):
    append("big", [NewEvent(str(start + n).join('""') + " " * {BIG_CHARS}) for n in range(40)])
"""


@pytest.fixture(scope="module", params=[("daphne", "sqlite"), ("uvicorn", "postgres")], ids="-".join)
def running(request, tmp_path_factory):
    """A running site on either server and database, with quick vital signs, for all tests of this module."""
    server, kind = request.param
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    if kind == "postgres":
        url = request.getfixturevalue("postgres").new_database()
    site = Site(server, folder, url, STREAMS_VITALS_EVERY_S="0.1").set_up()
    site.manage("publish", "quiet", "first")
    yield site.start()
    site.kill()


def database_connections(site):
    """How many connections to its database the site's process holds."""
    kind, _, path = site.env["DATABASE_URL"].partition(":///")
    if kind == "sqlite":
        return sum(file.path == f"/{path.lstrip('/')}" for file in site.stats.open_files())
    import psycopg

    with psycopg.connect(site.env["DATABASE_URL"], autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    return row[0]


async def open_streams(stack, site, count):
    """``count`` streams that have each read their opening."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def open_one():
        async with gate:
            reader, writer = await dial(site.url)
            stack.push_async_callback(hang_up, writer)
            writer.write(request_bytes("GET", site.url, "/events/quiet"))
            opening = await reader.readuntil(b"\n\n")
            assert b" 200 " in opening and b"id: " in opening

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(open_one())


def tracked(vitals):
    """How many SSE streams the newest vital signs tell of, those of the reader of the vital signs among them."""
    return vitals.events[-1].data["connections"]["sse"] if vitals.events else -1


async def test_a_thousand_idle_streams_hold_no_threads_no_connections_and_little_memory(running):
    async with reading(Reader(running.url, "system")) as vitals:
        async with AsyncExitStack() as warm_up:
            await open_streams(warm_up, running, 100)
        await aeventually(lambda: tracked(vitals) == 1)
        before = figures(running)
        async with AsyncExitStack() as stack:
            await open_streams(stack, running, STREAMS)
            await aeventually(lambda: tracked(vitals) == STREAMS + 1)
            await aeventually(lambda: figures(running)["threads"] <= before["threads"] + 30)
            during = figures(running)
            assert during["connections"] <= before["connections"] + 30
            assert during["resident"] - before["resident"] <= STREAMS * 60_000
        await aeventually(lambda: tracked(vitals) == 1)
        await aeventually(lambda: figures(running)["descriptors"] <= before["descriptors"] + 10)
        await aeventually(lambda: figures(running)["threads"] <= before["threads"] + 5)
        await aeventually(lambda: figures(running)["connections"] <= before["connections"] + 5)


def figures(site):
    """What the process holds now."""
    with site.stats.oneshot():
        return {
            "threads": site.stats.num_threads(),
            "descriptors": site.stats.num_fds(),
            "resident": site.stats.memory_info().rss,
            "connections": database_connections(site),
        }


@pytest.fixture(scope="module")
def big(running):
    """The site with a topic of 256 MB."""
    running.manage("shell", "-v0", "-c", FILL)
    return running


async def test_a_client_that_stops_reading_256_megabytes_costs_little_and_harms_nobody(big):
    before = peak = big.stats.memory_info().rss
    expected = 0
    path = "/events/big?last_event_id=earliest"
    async with request(big.url, path, receive_buffer=SMALL_BUFFER) as stalled, asyncio.timeout(60):
        assert stalled.status == 200
        async with request(big.url, path) as other:
            async for number in numbers(other, BIG_EVENTS):
                assert number == (expected := expected + 1)
                peak = max(peak, big.stats.memory_info().rss)
        assert expected == BIG_EVENTS
        assert peak - before <= 30_000_000
        assert [number async for number in numbers(stalled, 100)] == list(range(1, 101))  # it goes on where it stopped


async def numbers(response, count):
    """The sequence numbers of the next ``count`` events."""
    async for block in response.blocks():
        if block.data is not None:
            yield (number := int(block.id.rpartition("-")[2]))
            if number == count:
                return


async def test_a_reader_that_leaves_while_send_waits_is_gone_within_a_second(big):
    async with reading(Reader(big.url, "system")) as vitals:
        await aeventually(lambda: tracked(vitals) == 1)
        async with request(big.url, "/events/big?last_event_id=earliest", receive_buffer=SMALL_BUFFER):
            await aeventually(lambda: tracked(vitals) == 2)
            await settled(lambda: big.stats.cpu_times().user)
        left = time.time()
        await aeventually(lambda: tracked(vitals) == 1)
        gone = next(event.at for event in vitals.events if event.at > left and event.data["connections"]["sse"] == 1)
        assert gone - left <= 1.0
