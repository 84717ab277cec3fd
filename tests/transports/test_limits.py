"""One stream too many, one event too many: how each technique is told, and that nobody else notices."""

import json

import pytest

from streams.connections import registry, serving
from streams.errors import CloseReason
from streams.models import Topic
from streams.publishing import apublish, create_token
from tests.harness.asgi import EventStream, django_application, request
from tests.transports.topics import fill

EVENTS = "/events/orders"
TEXT = "2 streams from 127.0.0.1 are open (limit 2)"
BROWSER = {"Sec-Fetch-Mode": "cors", "Accept": "text/event-stream"}


async def app(scope, receive, send):
    """As ``project.asgi`` has it: a connection has an address."""
    with serving(send, scope):
        await django_application()(scope, receive, send)


@pytest.fixture
async def full(make_hub):
    """Two streams are open, and no more may be; the two."""
    hub = await make_hub(max_streams_per_address=2)
    await hub.gateway.run(fill, 3)
    async with EventStream(EVENTS, app=app) as one, EventStream(EVENTS, app=app) as other:
        yield [await one.opened(), await other.opened()]


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson", "application/json"])
async def test_a_program_gets_429_before_anything_begins(full, accept):
    status, headers, body = await request("GET", EVENTS, headers={"Accept": accept}, query={"timeout": "0"}, app=app)
    error = json.loads(body)["error"]
    assert (status, error["code"], error["message"], error["retryable"]) == (429, "limit", TEXT, True)
    assert 8 <= error["retry_after_s"] <= int(headers["retry-after"]) <= 14
    await apublish("orders", accept)  # and those who are here are not disturbed
    assert [(await stream.message()).json for stream in full] == [accept] * 2


async def test_an_event_source_is_told_in_its_stream_when_to_come_back_and_keeps_its_place(full):
    async with EventStream(EVENTS, headers=BROWSER | {"Last-Event-ID": "somewhere-1"}, app=app) as stream:
        message = await stream.message()
        assert await stream.message() is None
        assert (stream.status, message.type) == (200, "stream.error")
        assert (message.json["code"], message.json["message"], message.json["retryable"]) == ("limit", TEXT, True)
        assert stream.parser.last_event_id == "somewhere-1"
        assert 8_000 <= stream.parser.retry_ms <= 14_000


async def test_head_takes_no_place(full):
    for _ in range(3):
        status, _, _ = await request("HEAD", EVENTS, app=app)
        assert status == 200
    assert len(registry) == 2


async def test_a_refused_batch_publishes_nothing_and_says_when_to_send_it_again(make_hub):
    hub = await make_hub(max_events_per_s=10)
    secret = await hub.gateway.run(lambda: create_token(name="press", publish=["orders"])[1])
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/x-ndjson"}
    batch = b"\n".join(b'{"data": %d}' % number for number in range(60))

    async def publish():
        return await request("POST", EVENTS, headers=headers, body=batch)

    heads = []
    for _ in range(3):
        status, answer_headers, body = await publish()
        heads.append(await hub.gateway.run(lambda: Topic.objects.get(name="orders").head))
    assert heads == [60, 120, 120]
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (429, "limit")
    assert error["message"] == "too many events: 60 more would pass the limit of 10 a second"
    assert 1 <= error["retry_after_s"] <= int(answer_headers["retry-after"]) <= 3


async def test_an_event_source_that_comes_while_the_process_ends_is_told_to_come_back(make_hub):
    hub = await make_hub()
    await hub.gateway.run(fill, 3)
    hub.end_streams(CloseReason.SHUTDOWN)
    async with EventStream(EVENTS, headers=BROWSER | {"Last-Event-ID": "somewhere-1"}, app=app) as stream:
        message = await stream.message()
        assert (stream.status, message.type, message.json["reason"]) == (200, "stream.close", "shutdown")
        assert (await stream.message(), stream.parser.last_event_id) == (None, "somewhere-1")
        assert 1_000 <= stream.parser.retry_ms < 2_000
    status, headers, _ = await request("GET", EVENTS, app=app)
    assert (status, headers["retry-after"]) == (503, "1")
