"""The order of what a slow client reads: wherever the socket happens to take no more, acks and events are in order.

Run in the test's own loop, so that the socket can be stopped after each frame in turn.
"""

import asyncio
import json

import pytest

from streams.connections import registry
from streams.errors import CloseReason
from streams.hub import open_reader
from streams.models import Topic
from streams.publishing import apublish
from streams.transports.websocket import TopicSocket
from streams.wire.last_event_id import parse_last_event_id
from tests.harness.fixtures import no_queries_in_the_loop  # noqa: F401
from tests.harness.sockets import seqs
from tests.harness.waiting import aeventually

EVENTS = 8


class SlowClient:
    """A client that takes ``room`` frames and no more; ``send`` waits meanwhile, as both servers' does."""

    def __init__(self, query, room):
        self.frames, self.room, self.stopped = [], room + 1, 0  # the first is no frame, but the handshake
        self._writable = asyncio.Event()
        self._writable.set()
        self.code = None
        self._inbox = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": "/events",
            "query_string": query.encode(),
            "headers": [(b"host", b"testserver"), (b"origin", b"http://testserver")],
            "url_route": {"kwargs": {}},
        }
        self.task = asyncio.create_task(TopicSocket.as_asgi()(scope, self._inbox.get, self._send))

    async def _send(self, message):
        self.stopped += not self._writable.is_set()
        await self._writable.wait()
        self.room -= 1
        if not self.room:
            self._writable.clear()
        assert self.code is None, f"{message} after the close, which uvicorn takes for an error"
        if message["type"] == "websocket.close":
            self.code = message["code"]
            self._inbox.put_nowait({"type": "websocket.disconnect", "code": self.code})
        elif message["type"] == "websocket.send":
            self.frames.append(json.loads(message["text"]))

    def does(self, **operation):
        self.says(json.dumps(operation))

    def says(self, frame):
        kind = "text" if isinstance(frame, str) else "bytes"
        self._inbox.put_nowait({"type": "websocket.receive", kind: frame})

    def read_on(self):
        self.room = 1_000_000
        self._writable.set()

    def has(self, ref):
        return any(frame.get("ref") == ref for frame in self.frames)

    async def leave(self):
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self.task


@pytest.fixture
async def topics(hub):
    """Two public topics with EVENTS events each, all in their rings: they come without a wait for the database."""
    async with open_reader(hub) as reader:
        for name in ("a", "b"):
            await hub.gateway.run(lambda name=name: Topic.objects.create(name=name, visibility="public"))
            await reader.subscribe(name, parse_last_event_id(""))
            for number in range(1, EVENTS + 1):
                await apublish(name, number)


def read_by_the_only_socket():
    (connection,) = registry
    return connection.topics


def where(frames, ref):
    return next(place for place, frame in enumerate(frames) if frame.get("ref") == ref)


@pytest.mark.parametrize("room", range(1, EVENTS + 1))
async def test_the_ack_of_a_subscription_comes_before_its_events(topics, room):
    client = SlowClient("topic=a&last_event_id=earliest", room)
    await aeventually(lambda: client.stopped)
    client.does(op="subscribe", ref="s", topic="b", last_event_id="earliest")
    await aeventually(lambda: "b" in read_by_the_only_socket())
    client.read_on()
    await aeventually(lambda: len(client.frames) == 2 + 2 * EVENTS)
    await client.leave()
    place = where(client.frames, "s")
    assert not seqs(client.frames[:place], "b")
    assert seqs(client.frames[place:], "b") == list(range(1, EVENTS + 1))


@pytest.mark.parametrize("room", range(1, EVENTS + 1))
async def test_after_the_ack_of_an_unsubscription_in_the_middle_of_a_batch_comes_none_of_it(topics, room):
    client = SlowClient("topic=a&last_event_id=earliest", room)
    await aeventually(lambda: client.stopped)
    client.does(op="unsubscribe", ref="u", topic="a")
    await aeventually(lambda: "a" not in read_by_the_only_socket())
    client.read_on()
    await aeventually(lambda: client.has("u"))
    place = where(client.frames, "u")
    position = client.frames[place]["last_event_id"]
    assert seqs(client.frames[:place]) == list(range(1, int(position.rpartition("-")[2]) + 1))
    client.does(op="subscribe", ref="s", topic="a", last_event_id=position)
    await aeventually(lambda: len(client.frames) == 3 + EVENTS)
    await client.leave()
    assert client.frames[place + 1]["ref"] == "s"
    assert seqs(client.frames) == list(range(1, EVENTS + 1))


@pytest.fixture
async def strict(hub):
    """A public topic that skips, or disconnects, who is more than five events behind."""

    async def make(policy):
        await hub.gateway.run(
            lambda: Topic.objects.create(name="strict", visibility="public", slow_readers=policy, max_lag=5)
        )
        client = SlowClient("topic=strict", 2)
        await aeventually(lambda: client.frames)
        ids = [await apublish("strict", number) for number in (1, 2)]
        await aeventually(lambda: client.stopped)  # the second one waits
        return client, ids + [await apublish("strict", number) for number in range(3, 21)]

    return make


async def test_who_is_skipped_is_told_exactly_how_many_it_missed(strict):
    client, ids = await strict("skip")
    client.read_on()
    await aeventually(lambda: client.frames[-1]["type"] == "stream.gap")
    ids.append(await apublish("strict", 21))
    await aeventually(lambda: len(client.frames) == 5)
    await client.leave()
    _, first, second, told, next_one = client.frames
    assert [first["id"], second["id"], next_one["id"]] == [ids[0], ids[1], ids[20]]
    gap = {"requested": ids[1], "resumed_at": ids[19], "lost": 18, "reason": "lagged"}
    assert told == {"type": "stream.gap", "topic": "strict", "data": gap}


async def test_who_is_disconnected_is_told_exactly_how_far_behind_it_was(strict):
    client, ids = await strict("disconnect")
    client.read_on()
    await asyncio.wait_for(client.task, 10)
    _, first, second, told = client.frames
    assert [first["id"], second["id"]] == ids[:2]
    assert told == {"type": "stream.close", "data": {"reason": "lagged", "reconnect": True, "behind": 18}}
    assert client.code == 4408


@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_a_close_is_the_last_word_whatever_is_under_way(topics, caplog, steps):
    client = SlowClient("topic=a&last_event_id=earliest", 100)
    await aeventually(lambda: client.frames)
    for number in range(20):
        client.does(op="subscribe" if number % 2 else "ping", ref=number, topic="b")
    for _ in range(steps):
        await asyncio.sleep(0)
    (connection,) = registry
    connection.end(CloseReason.KICKED)
    await asyncio.wait_for(client.task, 10)  # by itself: what the client still says is not listened to
    assert client.frames[-1] == {"type": "stream.close", "data": {"reason": "kicked", "reconnect": False}}
    assert client.code == 4410
    assert not caplog.records
    assert not len(registry)


async def test_a_flood_is_told_and_closed_and_what_is_left_of_it_is_not_listened_to(topics):
    client = SlowClient("topic=a", 10_000)
    for number in range(5_000):
        client.does(op="ping", ref=number)
    await asyncio.wait_for(client.task, 20)
    answers = [frame for frame in client.frames if "op" in frame]
    refused = [frame for frame in answers if frame["op"] == "error"]
    assert {frame["error"]["code"] for frame in refused} == {"limit"}
    assert client.code == 4429
    assert [frame["ref"] for frame in answers] == list(range(len(answers)))
    assert len(answers) < 2_000
    assert not len(registry)


@pytest.mark.parametrize("frame", ["{", "[" * 200, "7", b"\x00"])
async def test_what_is_no_operation_at_all_counts_too(topics, frame):
    client = SlowClient("topic=a", 10_000)
    for _ in range(5_000):
        client.says(frame)
    await asyncio.wait_for(client.task, 20)
    assert client.frames[-1]["error"]["code"] == "limit"
    assert client.code == 4429
