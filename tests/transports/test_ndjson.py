"""HTTP streaming: an envelope a line."""

import json

import pytest

from streams.errors import CloseReason
from streams.publishing import apublish
from tests.harness.asgi import Exchange

NDJSON = {"Accept": "application/x-ndjson"}


async def lines(exchange, count):
    """The next ``count`` lines that are not blank, as values."""
    found, text = [], b""
    while len(found) < count:
        text += await exchange.chunk() or pytest.fail("the stream ended")
        *whole, text = text.split(b"\n")
        found += [json.loads(line) for line in whole if line]
    return found


async def test_replay_and_live_are_envelopes_one_a_line(orders):
    async with Exchange("GET", "/events/orders", query={"last_event_id": orders[7]}, headers=NDJSON) as stream:
        assert stream.headers["content-type"] == "application/x-ndjson"
        assert stream.headers["x-accel-buffering"] == "no"
        opening, *replayed = await lines(stream, 3)
        assert opening == {
            "type": "stream.open",
            "topic": "orders",
            "data": {"last_event_id": orders[7], "retry_ms": 2000},
        }
        assert [(line["id"], line["data"]) for line in replayed] == [(orders[8], 9), (orders[9], 10)]
        await apublish("orders", "a\nb\u2028c", type="odd")
        (live,) = await lines(stream, 1)
        assert (live["type"], live["data"], live["topic"]) == ("odd", "a\nb\u2028c", "orders")


async def test_a_gap_and_the_end_are_told(hub, orders):
    query = {"last_event_id": "zzzz-3"}
    async with Exchange("GET", "/events/orders", query=query, headers=NDJSON) as stream:
        _, gap, *events = await lines(stream, 12)
        assert (gap["type"], gap["data"]["reason"]) == ("stream.gap", "epoch")
        assert [event["data"] for event in events] == list(range(1, 11))
        hub.end_streams(CloseReason.SHUTDOWN)
        assert await lines(stream, 1) == [{"type": "stream.close", "data": {"reason": "shutdown", "reconnect": True}}]
        assert await stream.chunk() is None
