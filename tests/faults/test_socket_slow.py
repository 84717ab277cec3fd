"""Sockets that stop reading a busy topic: what each costs the server, and what it is told and gets later."""

import asyncio
import random

import pytest

from tests.harness.site import SERVERS, Site
from tests.harness.sockets import connected, seqs

SMALL = {"receive_buffer": 4_096, "max_queue": 1}  # what makes a client that stops reading felt at once
CHUNK = "x" * 200_000
MEGABYTE = 1_000_000
BACKLOG = 8_000  # events of 4 kB
MAKE = f"""
from streams.eventlog import append
from streams.models import Topic
from streams.wire.event import NewEvent
for policy in ("replay", "skip", "disconnect"):
    Topic.objects.create(name=policy, slow_readers=policy, max_lag=None if policy == "replay" else 10)
for _ in range(0, {BACKLOG}, 500):
    append("backlog", [NewEvent('"{"x" * 4_000}"')] * 500)
"""


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}").set_up()
    site.manage("shell", "-v0", "-c", MAKE)
    yield site.start()
    site.kill()


@pytest.fixture(scope="module")
def token(site):
    return site.token("--read", "*", "--publish", "*")


@pytest.fixture
async def publisher(site, token):
    async with connected(site, "/events", token) as socket:
        await socket.opened()
        yield socket


async def publish(publisher, topic, number, data=CHUNK):
    """That many events; the id of the last one."""
    for _ in range(number):
        answer = await publisher.ask(op="publish", topic=topic, data=data)
        assert answer["op"] == "ack", answer
    return answer["id"]


async def test_a_socket_that_stops_reading_64_megabytes_costs_little_and_gets_all_of_it_later(site, token, publisher):
    events = 64 * MEGABYTE // len(CHUNK)
    first = await publish(publisher, "replay", 80)  # what publishing itself costs
    before = peak = site.stats.memory_info().rss
    path = f"/events/replay?last_event_id={first}"
    async with connected(site, path, token, **SMALL) as stalled, connected(site, path, token) as other:
        await stalled.opened()
        await other.opened()
        for _ in range(events):
            await publish(publisher, "replay", 1)
            await other.events(1)
            peak = max(peak, site.stats.memory_info().rss)
        print(f"{site.server}: {(peak - before) / MEGABYTE:.1f} MB more for 64 MB behind a socket that does not read")
        assert peak - before <= 30 * MEGABYTE
        assert seqs(await stalled.events(events)) == list(range(81, 81 + events))
        assert site.stats.memory_info().rss - before <= 30 * MEGABYTE
        await publish(publisher, "replay", 1, "live again")
        assert (await stalled.frame())["data"] == "live again"


async def stall(socket, publisher, topic):
    """Publish as much as the network swallows, and then some; the id of the last event."""
    await socket.opened()
    return await publish(publisher, topic, 80)


async def read_to(socket, data):
    """All frames up to the event with ``data``."""
    frames = [await socket.frame()]
    while frames[-1]["data"] != data:
        frames.append(await socket.frame())
    return frames


async def test_a_topic_that_skips_tells_a_slow_socket_exactly_what_it_missed(site, token, publisher):
    async with connected(site, "/events/skip", token, **SMALL) as socket:
        await stall(socket, publisher, "skip")
        reading = asyncio.create_task(read_to(socket, "the end"))
        await publish(publisher, "skip", 5, "more")
        while not reading.done():  # an end that is published before it has caught up is skipped too
            await publish(publisher, "skip", 1, "the end")
            await asyncio.wait([reading], timeout=0.2)
        frames = await reading
    seen, lost, at = [], 0, None
    for frame in frames:
        if frame["type"] == "stream.gap":
            gap = frame["data"]
            assert (frame["topic"], gap["requested"], gap["reason"]) == ("skip", at, "lagged")
            assert number_of(gap["resumed_at"]) == number_of(at) + gap["lost"]
            lost, at = lost + gap["lost"], gap["resumed_at"]
        else:
            assert at is None or number_of(frame["id"]) == number_of(at) + 1
            seen.append(at := frame["id"])
    assert lost > 0
    assert len(seen) + lost == number_of(at) >= 86


def number_of(event_id):
    return int(event_id.rpartition("-")[2])


async def test_a_topic_that_disconnects_tells_a_slow_socket_so_and_it_comes_back_for_the_rest(site, token, publisher):
    async with connected(site, "/events/disconnect", token, **SMALL) as socket:
        last = await stall(socket, publisher, "disconnect")
        frames, code = await socket.end()
    *events, told = frames
    seen = seqs(events)
    assert seen == list(range(1, len(seen) + 1))
    assert 10 < told["data"].pop("behind") <= 80 - len(seen)  # as many as there were when it was told
    assert told == {"type": "stream.close", "data": {"reason": "lagged", "reconnect": True}}
    assert code == 4408
    async with connected(site, f"/events/disconnect?last_event_id={events[-1]['id']}", token) as again:
        await again.opened()
        rest = await again.events(80 - len(seen))
        assert rest[-1]["id"] == last
        assert seqs(rest) == list(range(len(seen) + 1, 81))


async def test_a_slow_socket_unsubscribes_amid_a_backlog_and_loses_nothing(site, token):
    chance = random.Random("slow")
    frames, position, times = [], "earliest", 0
    async with connected(site, "/events", token, **SMALL) as socket:
        await socket.opened()
        while len(frames) < BACKLOG:
            assert (await socket.ask(op="subscribe", topic="backlog", last_event_id=position))["op"] == "ack"
            assert not socket.passed  # none of its events before the ack, none left over from before
            frames += await socket.events(min(chance.randrange(500), BACKLOG - len(frames)))
            position = (await socket.ask(op="unsubscribe", topic="backlog"))["last_event_id"]
            frames += socket.passed
            socket.passed.clear()
            assert not frames or frames[-1]["id"] == position
            times += 1
    assert seqs(frames) == list(range(1, BACKLOG + 1))
    assert times > 3, "the network swallowed it all"
