"""kill -9: nothing that was acknowledged is lost, repeated or out of order, whoever reads."""

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from tests.harness.publishers import Ledger, Publisher
from tests.harness.readers import Reader, reading
from tests.harness.waiting import aeventually

TOPIC = "orders"
EVENTS, PUBLISHERS, KILLS = 10_000, 8, 5


@pytest.fixture(params=[("daphne", "sqlite"), ("uvicorn", "postgres")], ids="-".join)
def site(request, make_site, tmp_path):
    """Either server on either database, running."""
    server, database = request.param
    url = f"sqlite:///{tmp_path / 'site.sqlite3'}"
    if database == "postgres":
        url = request.getfixturevalue("postgres").new_database()
    return make_site(server, url).start()


async def test_every_acknowledged_event_arrives_once_in_order_though_the_server_is_killed(site):
    headers = await asyncio.to_thread(site.token, "--publish", "*")
    ledger = Ledger(acknowledged={"first": site.manage("publish", TOPIC, "first").stdout.strip()})
    chance = random.Random(site.server)
    payloads = [f"payload {number}" for number in range(EVENTS)]
    async with AsyncExitStack() as stack:
        early = await stack.enter_async_context(reading(Reader(site.url, TOPIC, last_event_id="earliest")))
        sleeper = await stack.enter_async_context(reading(Reader(site.url, TOPIC)))
        await aeventually(lambda: early.events and sleeper.openings)
        sleeper.may_connect.clear()
        await restart(site)  # the sleeper has only the opening, which carries no data

        publishers = await stack.enter_async_context(asyncio.TaskGroup())
        for number in range(PUBLISHERS):
            publisher = Publisher(site.url, TOPIC, headers, ledger, seed=f"{site.server} {number}")
            publishers.create_task(publisher.publish(payloads[number::PUBLISHERS]))
        for threshold in sorted(chance.sample(range(EVENTS // 20, EVENTS * 3 // 4), KILLS - 1)):
            await aeventually(lambda threshold=threshold: len(ledger.acknowledged) >= threshold, limit_s=60)
            await asyncio.sleep(chance.uniform(0, 0.03))  # not always just after an answer
            await restart(site)
            sleeper.may_connect.set()
        await aeventually(lambda: ledger.settled > EVENTS, limit_s=60)
        last = (await asyncio.to_thread(site.manage, "publish", TOPIC, "last")).stdout.strip()
        ledger.acknowledged["last"] = last
        await aeventually(lambda: early.last_event_id == last and sleeper.last_event_id == last, limit_s=20)

    assert ledger.lost_answers >= KILLS - 1
    ledger.check(early)
    assert not early.controls
    assert not sleeper.controls
    assert [event.id for event in sleeper.events] == [event.id for event in early.events[1:]]


async def restart(site):
    """SIGKILL, and the same site again on the same port."""
    await asyncio.to_thread(site.kill)
    await asyncio.to_thread(site.start)
