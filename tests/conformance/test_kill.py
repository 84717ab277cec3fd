"""kill -9: the server is killed again and again under readers on all techniques, and started on the same port."""

import asyncio
import itertools

import pytest

from tests.conformance.checks import caught_up, check_delivery, soon
from tests.conformance.clients import TECHNIQUES, reading
from tests.conformance.writers import WRITERS
from tests.harness.publishers import Ledger

LIMIT_S = 120.0
EVENTS, WRITERS_EACH, KILLS = 1_000, 2, 3
RETRY_S = 0.2  # while the server starts, it needs the machine
SILENCE_S = 10.0
SITES = [("daphne", "sqlite"), ("uvicorn", "postgres")]


async def restart(site):
    """SIGKILL, and the same site again."""
    await asyncio.to_thread(site.kill)
    await asyncio.to_thread(site.start)


async def publish_all(writer, words, chance):
    """Publish in rounds of any size."""
    while round_ := list(itertools.islice(words, chance.choice([1, 3, 40]))):
        await writer.publish(round_)


@pytest.mark.parametrize("small", SITES, indirect=True, ids="-".join)
async def test_what_was_acknowledged_arrives_once_and_in_order_though_the_server_is_killed(small, topic, chance):
    ledger, later = Ledger(), Ledger()
    writers = [kind(small.url, topic, small.headers, ledger) for kind in WRITERS.values()]
    await writers[0].publish(["first"])
    kinds = TECHNIQUES.values()
    where = (small.url, [topic], small.headers)
    early = [kind(*where, silence_s=SILENCE_S) for kind in kinds]
    sleepers = [kind(*where, silence_s=SILENCE_S, last_event_id="") for kind in kinds]
    for one in [*early, *sleepers]:
        one.retry_s = RETRY_S
    async with asyncio.timeout(LIMIT_S), reading(*early, *sleepers):
        await soon(lambda: all(reader.events for reader in early) and all(one.position for one in sleepers))
        for one in sleepers:  # they have their opening, and no event: that must suffice
            one.may_connect.clear()
        await restart(small)
        async with asyncio.TaskGroup() as publishing:
            words = iter([f"word {number}" for number in range(EVENTS)])
            for writer in writers * WRITERS_EACH:
                publishing.create_task(publish_all(writer, words, chance))
            for threshold in sorted(chance.sample(range(EVENTS // 20, EVENTS * 3 // 4), KILLS - 1)):
                await soon(lambda threshold=threshold: len(ledger.acknowledged) >= threshold)
                await asyncio.sleep(chance.uniform(0, 0.03))  # not always just after an answer
                await restart(small)
                for one in sleepers:
                    one.may_connect.set()
        await soon(lambda: all(caught_up(one, topic, ledger) for one in [*early, *sleepers]))
    assert ledger.lost_answers >= KILLS - 1
    for one in early:
        check_delivery(one, topic, ledger)
    later.acknowledged = {word: event_id for word, event_id in ledger.acknowledged.items() if word != "first"}
    for one in sleepers:
        check_delivery(one, topic, later)
