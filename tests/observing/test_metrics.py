"""From the signs of processes to what Prometheus reads."""

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from streams.observing.metrics import COUNTERS, GAUGES, SITE, Families, Scraped, of_processes, of_site
from tests.observing.conftest import read_metrics, value

SIGNS = {
    "cpu_seconds": 12.5,
    "resident_bytes": 50_000_000,
    "connections": {"sse": 3, "websocket": 0},
    "loop_lag_ms": 12.5,
    "tasks": 40,
    "waiting_bytes": 10,
    "lag_max": 7,
    "ring_bytes": 4_096,
    "topics_followed": 2,
    "counters": {
        "events_in": 10,
        "events_out": 30,
        "bytes_out": 4_000,
        "opened": {"sse": 5},
        "closed": {"left": 2},
        "refused": {"banned": 1},
        "errors": 1,
        "latency": {"bounds_ms": [1, 5, 1_000], "counts": [4, 2, 1, 1], "sum_ms": 2_500.0},
    },
}
NUMBERS = {
    "topics": 3,
    "heads": 99,
    "jobs": {"queued": 0, "done": 4},
    "generations": {"running": 1},
    "tokens": {"input": 20, "output": 30},
    "spend_usd": 0.25,
    "database_bytes": 8_192,
}


def process(name="a:1:x", signs=SIGNS, **facts):
    known = {"server": "uvicorn", "draining": False, "started_at": 1_790_000_000.0, "silence_s": 0.5}
    return Scraped(name, signs=signs, **known | facts)


@pytest.fixture(params=[generate_latest, generate_openmetrics], ids=["text", "openmetrics"])
def read(request):
    """Write by one of the two formats, and read as Prometheus does."""
    return lambda *families: read_metrics(request.param(Families(families)).decode())


def test_each_process_has_its_series(read):
    found = read(*of_processes([process(), process("b:2:y", draining=True)]))
    for name in ("a:1:x", "b:2:y"):
        assert value(found, "streams_events_delivered_total", process=name) == 30
        assert value(found, "streams_connections", process=name, technique="sse") == 3
        assert value(found, "streams_connections_closed_total", process=name, reason="left") == 2
        assert value(found, "streams_refusals_total", process=name, code="banned") == 1
        assert value(found, "streams_event_loop_lag_seconds", process=name) == 0.0125
        assert value(found, "streams_cpu_seconds_total", process=name) == 12.5
        assert value(found, "streams_process_info", process=name, server="uvicorn") == 1
        assert value(found, "streams_process_draining", process=name) == (name == "b:2:y")


def test_the_buckets_of_a_histogram_add_up_in_seconds(read):
    found = read(*of_processes([process()]))
    buckets = [
        value(found, "streams_delivery_seconds_bucket", process="a:1:x", le=le)
        for le in ("0.001", "0.005", "1.0", "+Inf")
    ]
    assert buckets == [4, 6, 7, 8]
    assert value(found, "streams_delivery_seconds_count", process="a:1:x") == 8
    assert value(found, "streams_delivery_seconds_sum", process="a:1:x") == 2.5


def test_the_site_has_no_process(read):
    found = read(*of_site(NUMBERS))
    assert value(found, "streams_topics") == 3
    assert value(found, "streams_log_events") == 99
    assert value(found, "streams_jobs", status="done") == 4
    assert value(found, "streams_generation_tokens_today", direction="output") == 30
    assert value(found, "streams_generation_spend_today_dollars") == 0.25
    assert value(found, "streams_database_size_bytes") == 8_192
    assert value(found, "streams_database_up") == 1


def test_without_a_database_that_is_what_is_told(read):
    assert read(*of_site(None)) == {"streams_database_up": {frozenset(): 0}}


def test_a_process_of_another_version_lacks_what_it_does_not_tell(read):
    found = read(*of_processes([process(signs={"tasks": 3})]))
    assert value(found, "streams_tasks", process="a:1:x") == 3
    assert "streams_connections" not in found


def test_a_name_of_a_process_may_be_anything(read):
    name = 'a"b\\c\n'
    assert value(read(*of_processes([process(name)])), "streams_tasks", process=name) == 40


def test_names_are_as_prometheus_wants_them():
    names = [row[0] for row in (*COUNTERS, *GAUGES, *SITE)]
    assert len(set(names)) == len(names)
    for name in names:
        assert name.startswith("streams_")
        assert not name.endswith(("_ms", "_percent", "_total")), "seconds, ratios; _total is added to counters"
