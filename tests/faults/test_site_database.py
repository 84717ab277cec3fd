"""PostgreSQL goes away and comes back: publishers are told to come again, streams go on, nothing is lost."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.harness.publishers import Ledger, Publisher
from tests.harness.readers import Reader, reading
from tests.harness.site import Site
from tests.harness.waiting import aeventually

TOPIC = "orders"
EVENTS, PUBLISHERS = 1_500, 4
BACK_S = 2.0  # the database answers again; heads are compared "at least once a second"
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@pytest.fixture
def pair(postgres, tmp_path):
    """One process of either server on one PostgreSQL, with no doorbell between them; running."""
    url = postgres.new_database()
    sites = [Site(server, tmp_path, url) for server in ("daphne", "uvicorn")]
    sites[0].set_up()
    try:
        yield [site.start() for site in sites]
    finally:
        for site in sites:
            site.kill()


def terminate_backends(postgres, site):
    """Cut every connection to the site's database."""
    with postgres.connect() as connection:
        return connection.execute(TERMINATE, [site.env["DATABASE_URL"].rpartition("/")[2]]).fetchall()


async def test_postgresql_restarted_under_open_streams_loses_nothing(postgres, pair):
    one = pair[0]
    headers = await asyncio.to_thread(one.token, "--publish", "*")
    ledger = Ledger(acknowledged={"first": one.manage("publish", TOPIC, "first").stdout.strip()})
    payloads = [f"payload {number}" for number in range(EVENTS)]
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(reading(Reader(site.url, TOPIC, last_event_id="earliest"))) for site in pair
        ]
        client = await stack.enter_async_context(httpx.AsyncClient(headers=headers, timeout=30))
        await aeventually(lambda: all(reader.events for reader in readers))
        publishers = await stack.enter_async_context(asyncio.TaskGroup())
        for number in range(PUBLISHERS):
            publisher = Publisher(pair[number % 2].url, TOPIC, headers, ledger, seed=f"{number}", batch=10, give_up=0)
            publishers.create_task(publisher.publish(payloads[number::PUBLISHERS]))

        for share in (0.2, 0.4):
            await aeventually(lambda share=share: len(ledger.acknowledged) >= EVENTS * share, limit_s=60)
            assert terminate_backends(postgres, one)
        await aeventually(lambda: len(ledger.acknowledged) >= EVENTS * 0.6, limit_s=60)
        await asyncio.to_thread(postgres.stop)
        try:
            for site in pair:
                answer = await client.post(f"{site.url}/events/{TOPIC}", json={"data": "while it is away"})
                assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
                assert answer.json()["error"]["retryable"] is True
                assert int(answer.headers["retry-after"]) >= 1
                answer = await client.get(f"{site.url}/events/{TOPIC}")
                assert answer.status_code == 503
        finally:
            await asyncio.to_thread(postgres.start)
        await aeventually(lambda: ledger.settled > EVENTS, limit_s=60)
        assert ledger.unavailable
        await aeventually(lambda: all(len(reader.events) > EVENTS for reader in readers), limit_s=20)
    for reader in readers:
        ledger.check(reader)
        assert not [block for block in reader.controls if block.type == "stream.gap"]


async def test_other_processes_hear_of_events_soon_after_a_long_absence_of_the_database(postgres, pair):
    one, other = pair
    headers = await asyncio.to_thread(one.token, "--publish", "*")
    ledger = Ledger(acknowledged={"first": one.manage("publish", TOPIC, "first").stdout.strip()})
    async with reading(Reader(other.url, TOPIC, last_event_id="earliest")) as there:
        await aeventually(lambda: there.events)
        await asyncio.to_thread(postgres.stop)
        try:
            # several failures, so that what waits longer after each has begun to wait long
            await aeventually(lambda: other.log().count("compare heads failed") >= 6, limit_s=30)
        finally:
            await asyncio.to_thread(postgres.start)
        await Publisher(one.url, TOPIC, headers, ledger, seed="", give_up=0).publish(["after"])
        await aeventually(lambda: len(there.events) == 2, limit_s=BACK_S)
    ledger.check(there)
