"""kill -9: nothing that was acknowledged is lost, repeated or out of order, whoever reads."""

import asyncio
import json
import random
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.harness.readers import Reader, reading
from tests.harness.waiting import aeventually

TOPIC = "orders"
EVENTS, BATCH, PUBLISHERS, KILLS = 10_000, 40, 8, 5
RETRY_S = 0.05
GIVE_UP = 0.2  # of the requests whose answer was lost are not tried again


class Ledger:
    """What publishers were told: the id of every acknowledged payload, and payloads whose fate is not known."""

    def __init__(self):
        self.acknowledged: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.refused: list[str] = []
        self.lost_answers = 0


async def publish_all(url, headers, payloads, chance, ledger):
    """One publisher: batches and single events in turn, each with a key; a lost answer is asked for again."""
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        while payloads:
            size = BATCH if chance.random() < 0.3 else 1
            some, payloads[:size] = payloads[:size], []
            await publish_until_known(client, some, chance, ledger)


async def publish_until_known(client, payloads, chance, ledger):
    lines = [json.dumps({"data": payload, "key": payload}) for payload in payloads]
    kind = "application/json" if len(lines) == 1 else "application/x-ndjson"
    while True:
        try:
            answer = await client.post(f"/events/{TOPIC}", content="\n".join(lines), headers={"Content-Type": kind})
        except httpx.ConnectError:
            pass  # nothing was sent
        except httpx.TransportError:
            ledger.lost_answers += 1
            if chance.random() < GIVE_UP:
                ledger.unknown.update(payloads)
                return
        else:
            if answer.status_code == 201:
                ids = answer.json().get("ids") or [answer.json()["id"]]
                ledger.acknowledged.update(zip(payloads, ids, strict=True))
                return
            if answer.status_code != 503:
                ledger.refused.append(f"{answer.status_code} {answer.text:.300}")
                return
        await asyncio.sleep(RETRY_S)


@pytest.mark.parametrize(
    ("server", "database"),
    [("daphne", "sqlite_url"), ("uvicorn", "postgres_url")],
    ids=["daphne-sqlite", "uvicorn-postgres"],
)
async def test_every_acknowledged_event_arrives_once_in_order_though_the_server_is_killed(
    request, make_site, server, database
):
    site = make_site(server, request.getfixturevalue(database))
    await asyncio.to_thread(site.start)
    headers = await asyncio.to_thread(site.token, "--publish", "*")
    site.manage("publish", TOPIC, "first")
    chance, ledger = random.Random(f"{server} {database}"), Ledger()
    payloads = [f"payload {number}" for number in range(EVENTS)]
    async with AsyncExitStack() as stack:
        early = await stack.enter_async_context(reading(Reader(site.url, TOPIC, last_event_id="earliest")))
        sleeper = await stack.enter_async_context(reading(Reader(site.url, TOPIC)))
        await aeventually(lambda: early.events and sleeper.openings)
        sleeper.may_connect.clear()
        await restart(site)  # the sleeper has only the opening, which carries no data
        assert not sleeper.events

        publishers = await stack.enter_async_context(asyncio.TaskGroup())
        for number in range(PUBLISHERS):
            own = random.Random(f"{server} {number}")
            publishers.create_task(publish_all(site.url, headers, payloads[number::PUBLISHERS], own, ledger))
        for threshold in sorted(chance.sample(range(EVENTS // 20, EVENTS * 3 // 4), KILLS)):
            await aeventually(lambda threshold=threshold: len(ledger.acknowledged) >= threshold, limit_s=60)
            await asyncio.sleep(chance.uniform(0, 0.03))  # not always just after an answer
            await restart(site)
            sleeper.may_connect.set()
        await aeventually(
            lambda: len(ledger.acknowledged) + len(ledger.unknown) + len(ledger.refused) >= EVENTS, limit_s=60
        )
        head = int(site.manage("publish", TOPIC, "last").stdout.strip().rpartition("-")[2])
        await aeventually(lambda: min(len(early.seqs()), len(sleeper.seqs()) + 1) >= head, limit_s=20)

    assert not ledger.refused
    assert ledger.lost_answers >= KILLS
    for reader, seen_before in ((early, 0), (sleeper, 1)):
        assert reader.seqs() == list(range(1 + seen_before, head + 1))
        assert len({event.id for event in reader.events}) == len(reader.events)
        assert not reader.controls
        arrived = {event.data: event.id for event in reader.events}
        assert len(arrived) == len(reader.events), "a payload came twice"
        assert ledger.acknowledged.items() <= arrived.items()
        assert arrived.keys() - {"first", "last"} <= ledger.acknowledged.keys() | ledger.unknown


async def restart(site):
    """SIGKILL, and the same site again on the same port."""
    await asyncio.to_thread(site.kill)
    await asyncio.to_thread(site.start)
