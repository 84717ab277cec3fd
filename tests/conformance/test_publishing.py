"""Publishing through a network that reorders, and arriving at once where it does nothing."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from tests.conformance.checks import check_delivery, soon
from tests.conformance.clients import FOREVER_S, TECHNIQUES, reading
from tests.conformance.sites import SQLITE
from tests.conformance.writers import WRITERS
from tests.harness.proxy import Link, Proxy
from tests.harness.publishers import Ledger
from tests.harness.readers import Response, dial, hang_up, request_bytes

LIMIT_S = 90.0
EVENTS = 20
AT_ONCE_S = 5.0  # a third of a heartbeat, which would wake whoever was forgotten
POLL_S = 25


async def post_late(network, site, topic, word, meanwhile):
    """A POST of which the network keeps the last byte until ``meanwhile`` is done; the id that it is answered."""
    body = json.dumps({"data": word, "key": word}).encode()
    headers = site.headers | {"Content-Type": "application/json"}
    request = request_bytes("POST", network.url, f"/events/{topic}", headers, body)
    striking = asyncio.create_task(network.strike(Link.stall, after=len(request) - 1, up=True))
    reader, writer = await dial(network.url)
    writer.write(request)
    link = await striking
    await meanwhile()
    link.release()
    answer = json.loads(await (await Response(reader, writer).read_head()).body())
    await hang_up(writer)
    return answer["id"]


async def send_late(network, site, topic, word, meanwhile):
    """The same for an operation over a WebSocket."""
    url = f"{network.url.replace('http', 'ws')}/events"
    async with connect(url, additional_headers=site.headers, proxy=None) as socket:
        assert json.loads(await socket.recv())["type"] == "stream.open"
        striking = asyncio.create_task(network.strike(Link.stall, after=10, up=True))
        operation = {"op": "publish", "ref": 1, "topic": topic, "data": word, "key": word}
        await socket.send(json.dumps(operation))
        link = await striking
        await meanwhile()
        link.release()
        answer = json.loads(await socket.recv())
    assert answer["op"] == "ack"
    return answer["id"]


@pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join)
@pytest.mark.parametrize("send", [post_late, send_late])
async def test_a_publish_that_arrives_after_its_own_retry_adds_nothing(small, topic, send):
    ledger = Ledger()
    writer = WRITERS["http"](small.url, topic, small.headers, ledger)
    async with asyncio.timeout(LIMIT_S), Proxy.to(small.port) as network:
        late = await send(network, small, topic, "once", lambda: writer.publish(["once"]))
        assert late == ledger.acknowledged["once"]
        await writer.publish(["then"])
        reader = TECHNIQUES["sse"](small.url, [topic], small.headers)
        async with reading(reader):
            await soon(lambda: reader.events and reader.events[-1].data == "then")
    check_delivery(reader, topic, ledger)


@pytest.mark.parametrize("technique", TECHNIQUES)
async def test_each_event_arrives_before_the_next_one_is_published(running, technique, topic):
    ledger = Ledger()
    writer = WRITERS["http"](running.url, topic, running.headers, ledger)
    await writer.publish(["first"])
    reader = TECHNIQUES[technique](running.url, [topic], running.headers, silence_s=FOREVER_S)
    reader.poll_s = POLL_S
    async with asyncio.timeout(LIMIT_S), reading(reader):
        for number in range(EVENTS):
            await soon(lambda: len(reader.events) == len(ledger.acknowledged), limit_s=AT_ONCE_S)
            await writer.publish([f"event {number}"])
        await soon(lambda: len(reader.events) == len(ledger.acknowledged), limit_s=AT_ONCE_S)
    check_delivery(reader, topic, ledger)
    assert len(reader.lines) == 1
