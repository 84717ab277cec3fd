"""How a test reads a stream with httpx: the example of docs/testing.md, word for word, and what it promises."""

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest

from streams.connections import registry
from streams.publishing import apublish
from tests.harness.asgi import Transport
from tests.transports.topics import fill

PAGE = (Path(__file__).parents[2] / "docs/testing.md").read_text()


async def test_five_events_arrive_and_the_reader_leaves(hub):
    await hub.gateway.run(fill, 1, "orders")  # a topic that everybody may read, with one event
    async with (
        httpx.AsyncClient(transport=Transport(), base_url="http://testserver") as client,
        asyncio.timeout(10),  # a stream that is silent hangs; it must fail instead
        client.stream("GET", "/events/orders") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()
        while not (await anext(lines)).startswith("id:"):  # the opening: from here on nothing is missed
            pass
        for number in range(1, 6):
            await apublish("orders", {"number": number})
        seen = []
        async for line in lines:
            if line.startswith("data:"):
                seen.append(json.loads(line.removeprefix("data:"))["number"])
            if len(seen) == 5:
                break
        assert seen == [1, 2, 3, 4, 5]
        assert len(registry) == 1
    assert len(registry) == 0  # it has left, and holds nothing any more


def test_the_example_of_the_page_is_the_first_test_here():
    (example,) = re.findall(r"<!-- example -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert example.partition("\n\n\n")[2].strip() in Path(__file__).read_text()


@pytest.fixture
async def client():
    async with httpx.AsyncClient(transport=Transport(), base_url="http://testserver") as client:
        yield client


async def test_requests_arrive_as_they_were_sent(hub, client):
    ids = await hub.gateway.run(lambda: [fill(2, name).ids[-1] for name in ("a", "b")])
    query = [("topic", "a"), ("topic", "b"), ("timeout", "0")]
    answer = await client.get("/events", params=query, headers={"Accept": "application/json"})
    assert answer.json()["last_event_id"] == ",".join(ids)
    refused = await client.post("/events/a", json={"data": 1})
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")


async def test_leaving_in_the_middle_is_told_to_the_application():
    told = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"piece", "more_body": True})
        told.extend([await receive(), await receive()])

    async with (
        httpx.AsyncClient(transport=Transport(app), base_url="http://testserver") as client,
        client.stream("GET", "/") as response,
    ):
        assert await anext(response.aiter_bytes()) == b"piece"
    assert [message["type"] for message in told] == ["http.request", "http.disconnect"]


async def test_httpx_s_own_transport_answers_only_when_the_application_has_ended():
    sent = asyncio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"piece", "more_body": True})
        sent.set()
        await asyncio.Future()

    own = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=own, base_url="http://testserver") as client, asyncio.TaskGroup() as group:
        asking = group.create_task(client.get("/"))
        await sent.wait()
        await asyncio.sleep(0)
        assert not asking.done()
        asking.cancel()
