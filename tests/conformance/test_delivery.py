"""Nothing is lost, repeated or out of order: by any technique, from either server, whatever the network does."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.conformance.checks import caught_up, check_delivery, soon
from tests.conformance.clients import TECHNIQUES, SubscribingReader, reading
from tests.conformance.faults import FAULTS, REACH, TIMES, Scene
from tests.conformance.sites import SQLITE
from tests.conformance.writers import WRITERS, writing
from tests.harness.proxy import Link, Proxy
from tests.harness.publishers import Ledger

LIMIT_S = 90.0
ON_POSTGRES = {"daphne": ("cut",), "uvicorn": ("reorder",)}
CASES = [  # each fault with each technique on one server: each server meets every fault and every technique
    (SQLITE[(row + column) % 2], technique, fault)
    for row, fault in enumerate(FAULTS)
    for column, technique in enumerate(TECHNIQUES)
]
CASES += [
    ((server, "postgres"), technique, fault)
    for server, faults in ON_POSTGRES.items()
    for fault in faults
    for technique in TECHNIQUES
]


def name_of(part):
    return "-".join(part) if isinstance(part, tuple) else part


@pytest.mark.parametrize(("small", "technique", "fault"), CASES, indirect=["small"], ids=name_of)
async def test_a_fault_loses_repeats_and_reorders_nothing(small, technique, fault, topic, chance):
    ledger = Ledger()
    await WRITERS["http"](small.url, topic, small.headers, ledger).publish(["first"])
    async with asyncio.timeout(LIMIT_S), Proxy.to(small.port) as network, Proxy.to(small.port) as uplink:
        reader = TECHNIQUES[technique](network.url, [topic], small.headers)
        async with reading(reader):
            async with writing(uplink, topic, small.headers, ledger, chance):
                for _ in range(TIMES[FAULTS[fault]]):
                    await FAULTS[fault](Scene(network, reader, ledger, chance))
            await soon(lambda: caught_up(reader, topic, ledger))
    check_delivery(reader, topic, ledger)


@pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join)
@pytest.mark.parametrize("technique", [*TECHNIQUES, SubscribingReader.technique])
async def test_several_topics_over_one_connection_are_each_delivered_once_and_in_order(small, technique, topic, chance):
    ledgers = {f"{topic}:{letter}": Ledger() for letter in "abc"}
    kind = TECHNIQUES.get(technique, SubscribingReader)
    async with asyncio.timeout(LIMIT_S), Proxy.to(small.port) as network, Proxy.to(small.port) as uplink:
        for name, ledger in ledgers.items():
            await WRITERS["http"](small.url, name, small.headers, ledger).publish(["first"])
        reader = kind(network.url, [*ledgers], small.headers)
        async with reading(reader):
            async with AsyncExitStack() as writers:
                for name, ledger in ledgers.items():
                    await writers.enter_async_context(writing(uplink, name, small.headers, ledger, chance))
                for action in (Link.cut, Link.close, Link.lose_client, Link.cut):
                    await network.strike(action, after=chance.randrange(REACH))
            for name, ledger in ledgers.items():
                await soon(lambda name=name, ledger=ledger: caught_up(reader, name, ledger))
    for name, ledger in ledgers.items():
        check_delivery(reader, name, ledger)
