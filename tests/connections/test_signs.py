"""The numbers that a process tells of itself, and the sums of several."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from streams.connections import Connection, registry
from streams.connections.connection import latency
from streams.connections.latency import BOUNDS_MS, Histogram, quantile_ms
from streams.connections.signs import VitalSigns
from streams.connections.sums import sum_signs, sum_topics
from streams.hub import Batch
from streams.publishing import apublish
from streams.publishing.identity import NOBODY
from streams.wire.event import LogEvent
from tests.harness.reader import reading
from tests.harness.waiting import aeventually


async def test_the_signs_are_numbers_with_their_units_and_connections_by_technique(hub):
    signs = VitalSigns(hub)
    with registry.opened(Connection("sse", NOBODY)):
        read = signs.read(loop_lag_s=0.0123)
    assert read["connections"] == {
        "sse": 1,
        "websocket": 0,
        "ndjson": 0,
        "longpoll": 0,
        "chat": 0,
        "report": 0,
        "file": 0,
    }
    assert read["loop_lag_ms"] == 12.3
    assert read["resident_bytes"] > 10_000_000
    assert read["latency_p50_ms"] is None, "nothing was delivered"
    assert all(value >= 0 for value in read.values() if isinstance(value, int | float))
    json.dumps(read, allow_nan=False)


async def test_rates_are_over_the_time_since_the_last_reading_and_counters_since_the_beginning(hub):
    signs = VitalSigns(hub)
    async with reading(hub, "orders") as _:
        pass
    before = registry.opened_by_technique["sse"]
    with registry.opened(Connection("sse", NOBODY)) as connection:
        connection.sent(1_000)
    for _ in range(5):
        await apublish("orders", 1)
    first, second = signs.read(loop_lag_s=0), signs.read(loop_lag_s=0)
    assert first["events_in_per_s"] > 0 and second["events_in_per_s"] == 0
    assert first["bytes_out_per_s"] > 0 and second["bytes_out_per_s"] == 0
    assert first["counters"]["events_in"] == second["counters"]["events_in"] == 5
    assert second["counters"]["opened"]["sse"] == before + 1
    assert second["counters"]["closed"]["ended"] >= 1


async def test_errors_that_are_logged_are_counted_while_it_is_open(hub, caplog):
    import logging

    signs = VitalSigns(hub)
    signs.open()
    logging.getLogger("streams.some").error("one")
    logging.getLogger("streams.some").warning("none")
    assert signs.read(loop_lag_s=0)["errors"] == 1
    signs.close()
    logging.getLogger("streams.some").error("another")
    assert signs.read(loop_lag_s=0)["errors"] == 0


async def test_the_busiest_topics_are_told_with_their_readers(hub):
    await apublish("orders", 1)
    await apublish("idle", 1)
    async with reading(hub, "orders") as one, reading(hub, "orders") as two, reading(hub, "idle"):
        signs = VitalSigns(hub)
        for _ in range(3):
            await apublish("orders", 1)
        await aeventually(lambda: len(one.events) == len(two.events) == 3)
        first, second = signs.read(loop_lag_s=0)["topics"]
    assert (first["topic"], first["readers"]) == ("orders", 2)
    assert first["deliveries_per_s"] == pytest.approx(2 * first["events_per_s"], rel=0.01)
    assert (second["topic"], second["events_per_s"]) == ("idle", 0)


def delivered(connection, age_s):
    published = datetime.fromtimestamp(connection.opened_at, UTC) + timedelta(seconds=age_s)
    event = LogEvent("orders", "epoch", 1, "message", "1", published)
    connection.delivered(Batch("orders", (event, event), 1), 100)


def test_a_delivery_is_a_latency_only_if_the_connection_was_open_when_it_was_published():
    before = sum(latency.counts)
    connection = Connection("sse", NOBODY)
    delivered(connection, -5)
    assert sum(latency.counts) == before, "that was replay"
    delivered(connection, 0.001)
    assert sum(latency.counts) == before + 2
    assert (connection.events_out, connection.bytes_out) == (4, 200)


def test_quantiles_are_of_buckets_as_prometheus_has_them():
    histogram = Histogram()
    assert quantile_ms(histogram.counts, 0.5) is None
    histogram.add(1.5, 98)
    histogram.add(400)
    histogram.add(10**9)
    assert 1 < quantile_ms(histogram.counts, 0.5) < 2
    assert 300 < quantile_ms(histogram.counts, 0.99) <= 500
    assert quantile_ms(histogram.counts, 1) == BOUNDS_MS[-1]
    histogram.add(-3)  # a clock that is ahead
    assert histogram.counts[0] == 1


def signs_of(**changes):
    names = [
        "cpu_percent",
        "resident_bytes",
        "tasks",
        "events_in_per_s",
        "events_out_per_s",
        "bytes_out_per_s",
        "waiting_bytes",
    ]
    base = dict.fromkeys([*names, "ring_bytes", "errors", "refused", "load_1m", "lag_max", "loop_lag_ms"], 1)
    delays = [0] * (len(BOUNDS_MS) + 1)
    return base | {"connections": {"sse": 2}, "delays": delays, "topics": []} | changes


def test_processes_are_summed_but_of_lags_the_worst_is_told():
    fast = [100] + [0] * len(BOUNDS_MS)
    slow = [0] * len(BOUNDS_MS) + [100]
    one = signs_of(delays=fast, lag_max=7, connections={"sse": 3, "chat": 1})
    both = sum_signs([one, signs_of(delays=slow, loop_lag_ms=9)])
    assert (both["cpu_percent"], both["lag_max"], both["loop_lag_ms"]) == (2, 7, 9)
    assert both["connections"] == {"sse": 5, "chat": 1}
    assert (both["latency_p50_ms"], both["latency_p99_ms"]) == (1.0, BOUNDS_MS[-1]), "of all deliveries, not of means"


def test_a_topic_that_two_processes_follow_is_one_topic():
    here = {"topic": "orders", "events_per_s": 10.0, "deliveries_per_s": 100.0, "readers": 10}
    there = {"topic": "orders", "events_per_s": 9.0, "deliveries_per_s": 45.0, "readers": 5}
    summed = sum_topics([signs_of(topics=[here]), signs_of(topics=[there])], most=5)
    assert summed == [{"topic": "orders", "events_per_s": 10.0, "deliveries_per_s": 145.0, "readers": 15}]
