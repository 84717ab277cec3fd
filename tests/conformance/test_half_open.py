"""Half-open connections: one side is gone, and nobody tells the other; and what is not silence."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.conformance.checks import check_delivery, soon
from tests.conformance.clients import FOREVER_S, SILENCE_S, TECHNIQUES, reading
from tests.conformance.sites import SQLITE
from tests.conformance.writers import WRITERS
from tests.harness import readers
from tests.harness.proxy import Link, Proxy
from tests.harness.publishers import Ledger

LIMIT_S = 90.0
OURS = {"sse": 2, "ndjson": 1, "websocket": 1, "longpoll": 1}  # one reader each, and that of the vital signs

pytestmark = pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join)


@asynccontextmanager
async def everybody(site, topic, **options):
    """A reader of each technique behind a network of its own, and what the server says that it holds."""
    async with AsyncExitStack() as stack:
        networks = [await stack.enter_async_context(Proxy.to(site.port)) for _ in TECHNIQUES]
        everyone = [
            kind(network.url, [topic], site.headers, **options)
            for kind, network in zip(TECHNIQUES.values(), networks, strict=True)
        ]
        vitals = await stack.enter_async_context(readers.reading(readers.Reader(site.url, "system")))
        await stack.enter_async_context(reading(*everyone))

        def held():
            """How many connections the server counts, by technique."""
            return {kind: vitals.events[-1].data["connections"][kind] for kind in OURS} if vitals.events else {}

        await soon(lambda: held() == OURS)
        yield everyone, networks, held


async def strike_all(networks, action):
    """Do it to every connection that is open."""
    links = [link for network in networks for link in network.links]
    for link in links:
        action(link)
    return links


async def test_a_silent_server_is_given_up_and_its_slot_is_free(small, topic):
    ledger = Ledger()
    writer = WRITERS["http"](small.url, topic, small.headers, ledger)
    await writer.publish(["first"])
    async with asyncio.timeout(LIMIT_S), everybody(small, topic) as (everyone, networks, held):
        before = {one: len(one.lines) for one in everyone}
        await strike_all(networks, Link.lose_server)
        await soon(lambda: all(len(one.lines) > before[one] for one in everyone))
        await soon(lambda: held() == OURS)
        await writer.publish(["second"])
        await soon(lambda: all(len(one.events) == 2 for one in everyone))
    for one in everyone:
        check_delivery(one, topic, ledger)


async def test_a_reader_that_left_unseen_comes_back_beside_its_ghost_which_goes_as_soon_as_the_server_learns(
    small, topic
):
    ledger = Ledger()
    writer = WRITERS["http"](small.url, topic, small.headers, ledger)
    await writer.publish(["first"])
    async with asyncio.timeout(LIMIT_S), everybody(small, topic) as (everyone, networks, held):
        await soon(lambda: all(one.events for one in everyone))
        ghosts = await strike_all(networks, Link.lose_client)
        await soon(lambda: {"sse": 3, "ndjson": 2, "websocket": 2}.items() <= held().items())
        await writer.publish(["second"])
        await soon(lambda: all(len(one.events) == 2 for one in everyone))
        for ghost in ghosts:
            ghost.cut()
        await soon(lambda: held() == OURS)
    for one in everyone:
        check_delivery(one, topic, ledger)


async def test_an_idle_stream_is_heard_and_not_given_up(small, topic):
    await WRITERS["http"](small.url, topic, small.headers, Ledger()).publish(["first"])
    async with asyncio.timeout(LIMIT_S), everybody(small, topic, silence_s=FOREVER_S) as (everyone, _, _):
        streams = [one for one in everyone if one.technique in ("sse", "ndjson")]
        await soon(lambda: all(one.events for one in everyone))
        heard = {one: one.lines[0].heard_at for one in streams}
        await soon(lambda: all(one.lines[0].heard_at > heard[one] + SILENCE_S for one in streams))
    for one in everyone:
        assert len(one.events) == len(one.lines) == 1
