"""The probes by HTTP: what they send, that they are real streams, and that nobody can hold many of them."""

import json
import re
from itertools import pairwise

import pytest

from streams.diagnostics import views
from streams.diagnostics.places import Places
from streams.errors import CloseReason, LimitReached
from tests.harness.asgi import EventStream, Exchange, request
from tests.harness.site import ROOT
from tests.transports.topics import fill


@pytest.fixture
def places(monkeypatch):
    """Room for two probes."""
    few = Places(2)
    monkeypatch.setattr(views, "places", few)
    return few


async def test_chunks_are_numbered_and_tell_when_they_were_sent(hub):
    query = {"count": "4", "every_ms": "30"}
    async with EventStream("/diagnostics/sse", query=query) as stream:
        chunks = [json.loads(message.data) for message in await stream.messages(9)]
    assert [(chunk["chunk"], chunk["of"]) for chunk in chunks] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    times = [chunk["sent_ms"] for chunk in chunks]
    assert times[0] < 30
    assert all(later - earlier >= 29 for earlier, later in pairwise(times))


async def test_the_same_chunks_come_as_lines(hub):
    status, headers, body = await request("GET", "/diagnostics/ndjson", query={"count": "3", "every_ms": "1"})
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")
    assert [json.loads(line)["chunk"] for line in body.splitlines()] == [1, 2, 3]


@pytest.mark.parametrize(("probe", "accept"), [("sse", "text/event-stream"), ("ndjson", "application/x-ndjson")])
async def test_a_probe_has_the_headers_of_the_real_stream(probe, accept, hub):
    await hub.gateway.run(fill, 1)
    async with Exchange("GET", "/events/orders", headers={"Accept": accept}) as real:
        pass
    async with Exchange("GET", f"/diagnostics/{probe}") as stream:
        pass
    for name in ("content-type", "cache-control", "x-accel-buffering"):
        assert stream.headers[name] == real.headers[name]


async def test_an_idle_stream_opens_at_once_and_then_says_nothing_until_its_time_is_over(hub):
    async with EventStream("/diagnostics/idle", query={"seconds": "1"}) as stream:
        assert await stream.chunk() == b": silence follows\n\n"
        assert json.loads((await stream.message()).data) == {"silent_s": 1}
        assert await stream.message() is None


async def test_head_answers_the_headers_and_takes_no_place(places, hub):
    status, headers, body = await request("HEAD", "/diagnostics/idle")
    assert (status, body, len(places)) == (200, b"", 0)
    assert headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize(
    ("probe", "name", "value", "limit"),
    [
        ("sse", "count", "0", "1 to 20"),
        ("sse", "count", "21", "1 to 20"),
        ("sse", "count", "²", "1 to 20"),
        ("ndjson", "every_ms", "1001", "1 to 1000"),
        ("ndjson", "every_ms", "-1", "1 to 1000"),
        ("idle", "seconds", "76", "1 to 75"),
        ("idle", "seconds", "9" * 5000, "1 to 75"),
        ("idle", "seconds", "", "1 to 75"),
    ],
)
async def test_a_number_out_of_bounds_is_refused_with_its_limit(probe, name, value, limit, hub):
    status, _, body = await request("GET", f"/diagnostics/{probe}", query={name: value})
    assert status == 400
    assert limit in json.loads(body)["error"]["message"]


async def test_the_request_is_told_as_it_arrived(hub, settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.7",
        "Cookie": "secret=1",
        "Connection": "close",
    }
    status, answered, body = await request("GET", "/diagnostics/request", headers=headers)
    seen = json.loads(body)
    assert (status, answered["cache-control"]) == (200, "no-store")
    assert seen == {
        "http_version": "1.1",
        "scheme": "https",
        "host": "testserver",
        "client": "127.0.0.1",
        "headers": {"connection": "close", "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"},
        "behind_proxy": True,
        "heartbeat_s": 15.0,
    }


async def test_a_handshake_that_arrives_without_its_headers_is_told_so(hub):
    status, _, body = await request("GET", "/diagnostics/socket")
    assert status == 400
    assert "HTTP/1.1" in body.decode()
    assert "Upgrade and Connection" in body.decode()


async def test_the_example_of_the_documentation_is_what_comes(hub):
    text = (ROOT / "docs/operate.md").read_text()
    assert set(re.findall(r"/diagnostics/(\w+)", text)) <= set(views.PROBES)
    shown = re.findall(r"^data: (.*\n)\n", text, re.MULTILINE)
    _, _, body = await request("GET", "/diagnostics/sse", query={"count": "3", "every_ms": "1"})
    for line, came in zip(shown, body.decode().split("\n\n"), strict=False):
        example, real = json.loads(line), json.loads(came.removeprefix("data: "))
        assert (example.keys(), example["chunk"]) == (real.keys(), real["chunk"])
    assert len(shown) == 2  # the third is the last line of the block


async def test_there_is_no_other_probe_and_no_other_method(hub):
    assert (await request("GET", "/diagnostics/nothing"))[0] == 404
    status, headers, _ = await request("POST", "/diagnostics/sse")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


async def test_who_comes_when_all_places_are_taken_is_told_when_to_come_again(places, hub):
    async with Exchange("GET", "/diagnostics/idle") as first, Exchange("GET", "/diagnostics/idle"):
        status, headers, body = await request("GET", "/diagnostics/sse")
        assert status == 429
        assert 60 <= int(headers["retry-after"]) <= 80
        assert json.loads(body)["error"]["code"] == "limit"
        await first.leave()
        assert (await request("GET", "/diagnostics/sse", query={"count": "1"}))[0] == 200
    assert len(places) == 0


def test_a_place_whose_stream_never_began_is_free_again_after_its_time():
    now = [100.0]
    places = Places(1, clock=lambda: now[0])
    places.claim(5)
    with pytest.raises(LimitReached) as refused:
        places.claim(5)
    assert refused.value.retry_after_s == 5
    now[0] += 5
    with places.held(places.claim(5)):
        assert len(places) == 1
    assert len(places) == 0


async def test_a_shutdown_does_not_wait_for_probes(hub):
    async with Exchange("GET", "/diagnostics/idle") as idle, Exchange("GET", "/diagnostics/sse") as chunks:
        assert await idle.chunk()
        assert await chunks.chunk()
        hub.end_streams(CloseReason.SHUTDOWN)
        assert await idle.chunk() is None
        assert b'"chunk":10' not in await chunks.body()
        assert (await request("GET", "/diagnostics/sse"))[0] == 503
