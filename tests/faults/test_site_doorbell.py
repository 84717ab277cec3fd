"""The doorbell between processes: quick while it works, and nothing is lost or slow to publish while it doesn't."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.harness.components import Redis
from tests.harness.readers import Reader, reading
from tests.harness.site import Site
from tests.harness.waiting import aeventually

TOPIC = "orders"
QUICK_S = 0.5
WITHOUT_DOORBELL_S = 1.5  # "about a second"
NEVER_S = "300"  # heads are not compared in the test's time: what arrives came by the doorbell


async def post(site, headers, data):
    """Publish over HTTP; how long it took in seconds, and when it was done."""
    async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=20) as client:
        begun = time.time()
        answer = await client.post(f"/events/{TOPIC}", json={"data": data})
        assert answer.status_code == 201, answer.text
        return time.time() - begun, time.time()


async def arrival(reader, data, limit_s=10.0):
    """When an event came to a reader."""
    return await aeventually(lambda: next((event.at for event in reader.events if event.data == data), None), limit_s)


async def test_an_event_published_from_the_shell_arrives_at_a_running_server(make_site, sqlite_url, tmp_path):
    site = make_site("daphne", sqlite_url).start()
    site.manage("publish", TOPIC, "0")
    async with reading(Reader(site.url, TOPIC)) as reader:
        await aeventually(lambda: reader.openings)
        for number in range(1, 4):
            printed = await asyncio.to_thread(site.manage, "publish", TOPIC, str(number))
            came = await arrival(reader, number)
            assert printed.stdout.strip() == reader.events[-1].id
            committed = await asyncio.to_thread(created_at, Path(tmp_path / "site.sqlite3"), number + 1)
            assert came - committed <= QUICK_S
    assert reader.seqs() == [2, 3, 4]


def created_at(database, seq):
    """When an event was placed in the log, in seconds since the epoch: a little before its commit."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(database)) as connection:
        row = connection.execute(
            "SELECT e.created_at FROM streams_event e JOIN streams_topic t ON t.id = e.topic_id"
            " WHERE t.name = ? AND e.seq = ?",
            [TOPIC, seq],
        ).fetchone()
    return datetime.fromisoformat(row[0] + "+00:00").timestamp()


@pytest.fixture
def redis_beside(tmp_path):
    """A Redis that the test kills, stops and starts."""
    server = Redis(tmp_path)
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.stop()


@pytest.fixture
def pair(postgres, redis_beside, tmp_path):
    """``pair(**env)``: one process of either server on one database and one Redis, running."""
    sites = []

    def make(**env):
        url = postgres.new_database()
        daphne = Site("daphne", tmp_path, url, REDIS_URL=redis_beside.url, **env).set_up()
        uvicorn = Site("uvicorn", tmp_path, url, REDIS_URL=redis_beside.url, **env)
        sites.extend((daphne, uvicorn))
        return daphne.start(), uvicorn.start()

    yield make
    for site in sites:
        site.kill()


async def test_events_reach_the_other_process_whatever_becomes_of_redis(pair, redis_beside):
    one, other = await asyncio.to_thread(pair)
    headers = await asyncio.to_thread(one.token, "--publish", "*")
    await post(one, headers, "first")
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(reading(Reader(other.url, TOPIC)))
        here = await stack.enter_async_context(reading(Reader(one.url, TOPIC)))
        await aeventually(lambda: there.openings and here.openings)

        async def check(word, within_s, count=5):
            for number in range(count):
                took, done = await post(one, headers, f"{word} {number}")
                late = await arrival(there, f"{word} {number}") - done
                assert took < 1.0
                assert late <= within_s
            back, done = await post(other, headers, f"{word} back")
            assert back < 1.0
            assert await arrival(here, f"{word} back") - done <= within_s

        await check("with redis", QUICK_S)
        redis_beside.stop()
        await check("killed", WITHOUT_DOORBELL_S)
        redis_beside.start()
        await check("back", WITHOUT_DOORBELL_S)
        redis_beside.process.send_signal(signal.SIGSTOP)
        await check("stopped", WITHOUT_DOORBELL_S)
        redis_beside.process.send_signal(signal.SIGCONT)
        await check("going on", WITHOUT_DOORBELL_S)
        expected = [
            f"{word} {n}"
            for word in ("with redis", "killed", "back", "stopped", "going on")
            for n in (*range(5), "back")
        ]
        for reader in (here, there):
            await aeventually(lambda reader=reader: len(reader.events) >= len(expected))
            assert [event.data for event in reader.events] == expected
            assert reader.seqs() == list(range(2, len(expected) + 2))
            assert len(reader.openings) == 1, "a stream broke"


async def test_the_doorbell_itself_works_and_comes_back_with_redis(pair, redis_beside):
    one, other = await asyncio.to_thread(lambda: pair(STREAMS_HEAD_POLL_S=NEVER_S))
    headers = await asyncio.to_thread(one.token, "--publish", "*")
    await post(one, headers, "first")
    async with reading(Reader(other.url, TOPIC)) as there:
        await aeventually(lambda: there.openings)
        _, done = await post(one, headers, "by doorbell")
        assert await arrival(there, "by doorbell") - done <= QUICK_S
        redis_beside.stop()
        await post(one, headers, "unheard")
        redis_beside.start()
        posted = []

        async def heard_again():
            posted.append(await post(one, headers, f"again {len(posted)}"))
            return there.events[1:]

        await aeventually(heard_again, limit_s=25, every_s=0.25)
        await aeventually(lambda: there.seqs() == list(range(2, len(posted) + 4)))
