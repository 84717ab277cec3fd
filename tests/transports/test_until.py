"""``?until=TYPE``: reading ends by itself behind an event of that type, by every technique."""

import asyncio
import json

import pytest

from streams.connections import registry
from streams.publishing import apublish
from tests.harness.asgi import EventStream, request
from tests.harness.waiting import aeventually
from tests.transports.topics import fill

ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "poll": "application/json"}
UNTIL = {"last_event_id": "earliest", "until": "end"}


def events_in(technique, body):
    """The types and data of the events in a whole body, the server's own left out."""
    if technique == "poll":
        return [(event["type"], event["data"]) for event in json.loads(body)["events"]]
    if technique == "ndjson":
        lines = [json.loads(line) for line in body.split(b"\n") if line]
        return [(line["type"], line["data"]) for line in lines if "id" in line]
    blocks = [block.split(b"\n") for block in body.split(b"\n\n")]
    fields = [dict(line.split(b": ", 1) for line in block if b": " in line) for block in blocks]
    return [(one.get(b"event", b"message").decode(), json.loads(one[b"data"])) for one in fields if b"data" in one]


async def ask(technique, path="/events/orders", **query):
    status, _, body = await request("GET", path, query=query, headers={"Accept": ACCEPT[technique]})
    return status, body


@pytest.fixture(params=ACCEPT)
def technique(request):
    return request.param


async def test_it_ends_behind_the_event_whatever_follows(orders, technique):
    await apublish("orders", "over", type="end")
    await apublish("orders", "later")
    status, body = await ask(technique, **UNTIL)
    assert status == 200
    assert events_in(technique, body) == [("message", number) for number in range(1, 11)] + [("end", "over")]
    assert b"stream.close" not in body
    assert not registry.by_technique()


async def test_it_waits_for_the_event(orders, technique):
    asking = asyncio.create_task(ask(technique, **UNTIL))
    await aeventually(registry.by_technique)
    await apublish("orders", 11)
    await apublish("orders", "over", type="end")
    _, body = await asking
    assert events_in(technique, body)[-2:] == [("message", 11), ("end", "over")]
    assert len(events_in(technique, body)) == 12


async def test_who_comes_back_behind_the_end_is_told_that_there_is_nothing_more(orders, technique):
    end = await apublish("orders", "over", type="end")
    await apublish("orders", "later")
    assert await ask(technique, last_event_id=end, until="end") == (204, b"")
    status, _ = await ask(technique, last_event_id=orders[-1], until="end")
    assert status == 200


async def test_an_end_that_was_there_before_does_not_end_who_reads_from_now_on(orders):
    await apublish("orders", "over", type="end")
    async with EventStream("/events/orders", query={"until": "end"}) as stream:
        await stream.opened()
        await apublish("orders", "again", type="end")
        assert (await stream.message()).json == "again"
        assert await stream.message() is None


async def test_several_topics_end_each_by_itself_and_the_stream_with_the_last(hub, orders, technique):
    stock = (await hub.gateway.run(fill, 2, "stock")).ids
    await apublish("orders", "orders over", type="end")
    await apublish("orders", "unheard")
    asking = asyncio.create_task(
        request(
            "GET",
            "/events",
            query=[("topic", "orders"), ("topic", "stock"), ("until", "end"), ("last_event_id", "earliest")],
            headers={"Accept": ACCEPT[technique]},
        )
    )
    await aeventually(registry.by_technique)
    last = await apublish("stock", "stock over", type="end")
    status, _, body = await asking
    assert status == 200
    told = [data["data"] if technique == "sse" else data for _, data in events_in(technique, body)]
    assert "unheard" not in told
    assert {"orders over", "stock over"} <= set(told)
    assert told[-1] == "stock over"
    if technique == "poll":
        first, second = json.loads(body)["last_event_id"].split(",")
        assert (first.rpartition("-")[2], second) == ("11", last)
    assert stock


async def test_one_of_several_topics_that_has_ended_is_not_waited_for(hub, orders, technique):
    stock = (await hub.gateway.run(fill, 2, "stock")).ids
    end = await apublish("orders", "over", type="end")
    await apublish("stock", "over too", type="end")
    query = [("topic", "orders"), ("topic", "stock"), ("until", "end"), ("last_event_id", f"{end},{stock[-1]}")]
    status, _, body = await request("GET", "/events", query=query, headers={"Accept": ACCEPT[technique]})
    assert status == 200
    assert len(events_in(technique, body)) == 1


async def test_a_long_poll_that_waits_in_vain_answers_with_what_came_and_where_to_go_on(orders):
    status, body = await ask("poll", timeout="1", **UNTIL)
    assert status == 200
    assert len(json.loads(body)["events"]) == 10
    assert json.loads(body)["last_event_id"] == orders[-1]


@pytest.mark.parametrize("until", ["stream.close", "a\nb", "x" * 129])
async def test_what_is_no_type_is_refused(orders, technique, until):
    status, body = await ask(technique, until=until)
    assert status == 400
    assert json.loads(body)["error"]["code"] == "invalid_event"
