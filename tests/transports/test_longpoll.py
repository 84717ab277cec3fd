"""Long polling: one answer with what there is, or with what comes first."""

import asyncio
import json

import pytest

from streams.connections import registry
from streams.errors import CloseReason
from streams.eventlog import reset, trim
from streams.models import Topic
from streams.publishing import apublish
from tests.harness.asgi import request
from tests.harness.waiting import aeventually

JSON = {"Accept": "application/json"}


async def poll(**query):
    status, headers, body = await request("GET", "/events/orders", query=query, headers=JSON)
    return status, headers, json.loads(body)


async def test_what_is_there_comes_at_once_with_the_position_after_it(orders):
    status, headers, body = await poll(last_event_id=orders[6])
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"
    assert "Accept" in headers["vary"]
    assert [event["data"] for event in body["events"]] == [8, 9, 10]
    assert body["last_event_id"] == orders[-1]
    assert body["gap"] is None


async def test_asked_again_and_again_it_misses_nothing(orders):
    position, seen = "earliest", []
    publisher = asyncio.create_task(publish_slowly())
    while len(seen) < 30:
        _, _, body = await poll(last_event_id=position, timeout="10")
        seen += [event["data"] for event in body["events"]]
        position = body["last_event_id"]
    await publisher
    assert seen == [*range(1, 11), *range(100, 120)]


async def publish_slowly():
    for number in range(100, 120):
        await apublish("orders", number)


async def test_it_waits_for_the_first_event(orders):
    waiting = asyncio.create_task(poll(last_event_id=orders[-1]))
    await aeventually(lambda: registry.by_technique().get("longpoll") == 1)
    await apublish("orders", "new")
    _, _, body = await waiting
    assert [event["data"] for event in body["events"]] == ["new"]
    assert not registry.by_technique()


@pytest.mark.parametrize("timeout", ["0", "1"])
async def test_nothing_new_is_an_empty_list_and_the_position(orders, timeout):
    _, _, body = await poll(timeout=timeout)
    assert body == {"events": [], "last_event_id": orders[-1], "gap": None}


@pytest.mark.parametrize("timeout", ["61", "-1", "abc", "1.5", "9999"])
async def test_a_bad_timeout_is_refused_with_the_limit_and_the_value(orders, timeout):
    status, _, body = await poll(timeout=timeout)
    assert status == 400
    assert "60" in body["error"]["message"]
    assert timeout in body["error"]["message"]


async def test_a_gap_is_told_and_followed_by_what_is_kept(hub, orders):
    def cut():
        Topic.objects.filter(name="orders").update(retain_events=4)
        trim(Topic.objects.get(name="orders"))

    await hub.gateway.run(cut)
    _, _, body = await poll(last_event_id=orders[1])
    assert body["gap"] == {"requested": orders[1], "resumed_at": orders[5], "lost": 4, "reason": "trimmed"}
    _, _, body = await poll(last_event_id=body["last_event_id"])
    assert [event["data"] for event in body["events"]] == [7, 8, 9, 10]


async def test_a_log_that_began_anew_is_told(hub, orders):
    await hub.gateway.run(reset, "orders")
    _, _, body = await poll(last_event_id=orders[1], timeout="5")
    assert body["gap"]["reason"] == "epoch"


async def test_the_end_of_the_server_is_a_503_that_says_when_to_come_again(hub, orders):
    waiting = asyncio.create_task(poll())
    await aeventually(lambda: registry.by_technique().get("longpoll") == 1)
    hub.end_streams(CloseReason.SHUTDOWN)
    status, headers, body = await waiting
    assert status == 503
    assert headers["retry-after"]
    assert body["error"]["code"] == "stream_closed"


async def test_head_waits_for_nothing(orders):
    status, headers, _ = await request("HEAD", "/events/orders", headers=JSON)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert "content-length" not in headers, "nobody knows it"
