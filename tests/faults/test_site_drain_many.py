"""SIGTERM to one of two processes with 1,200 readers: all are told, some at a time, and each reads on at the other."""

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import suppress

import pytest
import websockets

from tests.harness.readers import dial, hang_up, request, request_bytes
from tests.harness.site import Site
from tests.harness.waiting import aeventually

READERS = {"sse": 550, "ndjson": 400, "poll": 50, "websocket": 200}
ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "poll": "application/json"}
AT_ONCE = 60  # connections being made
BATCH, EVERY_S = 10, 1.0  # events published all the time
SLOW_S = 60.0  # for a thousand connections on a busy machine
EXIT_S = 10.0
TELLING_S = 1.0  # at least: a thousand are not told in the same moment


@pytest.fixture(params=[("daphne", "sqlite"), ("uvicorn", "postgres")], ids="-".join)
def two(request, tmp_path, sqlite_url):
    """Two processes of one site; with PostgreSQL they have a Redis too."""
    server, kind = request.param
    url, env = sqlite_url, {"STREAMS_DRAIN_ANSWERS_S": "0.5", "STREAMS_DEFAULT_VISIBILITY": "public"}
    if kind == "postgres":
        url = request.getfixturevalue("postgres").new_database()
        env["REDIS_URL"] = request.getfixturevalue("redis_server").url
    sites = []
    for name in ("a", "b"):
        folder = tmp_path / name
        folder.mkdir()
        sites.append(Site(server, folder, url, **env))
    sites[0].set_up()
    yield [site.start() for site in sites]
    for site in sites:
        site.kill()


class Reader:
    """Reads ``orders`` by one technique, at the first process until that tells it to go, then at the second."""

    def __init__(self, technique, sites, gate):
        self.technique, self.sites, self.gate = technique, sites, gate
        self.seqs, self.position = [], "earliest"
        self.at = None  # the site that it is connected to
        self.told, self.told_at, self.came_back = None, 0.0, False

    async def run(self):
        for site in self.sites:
            while self.told is None or site is self.sites[1]:
                with suppress(OSError, EOFError, asyncio.LimitOverrunError):
                    await (self.read_socket(site) if self.technique == "websocket" else self.read(site))
                if self.technique != "poll":  # which is there between two questions, too
                    self.at = None
                await asyncio.sleep(random.uniform(0.01, 0.1))

    def take(self, event_id):
        self.position = event_id
        self.seqs.append(int(event_id.rpartition("-")[2]))

    def end(self, told):
        if self.told is None:
            self.told, self.told_at = told, time.monotonic()

    def control(self, value):
        if value["type"] == "stream.close":
            self.end(("stream.close", value["data"]["reason"]))

    async def read(self, site):
        async with self.gate:
            reader, writer = await dial(site.url)
            try:
                headers = {"Accept": ACCEPT[self.technique], "Last-Event-ID": self.position}
                writer.write(request_bytes("GET", site.url, "/events/orders?timeout=20", headers))
                head = await reader.readuntil(b"\r\n\r\n")
            except BaseException:
                writer.close()
                raise
        try:
            status = int(head.split(b" ", 2)[1])
            if status == 503 and site is self.sites[0]:
                return self.end((503, "shutdown"))
            assert status == 200, head
            self.at = site
            await getattr(self, f"read_{self.technique}")(reader, head)
        finally:
            await hang_up(writer)

    async def read_sse(self, reader, _head):
        while line := await reader.readline():
            if line.startswith(b"id: ") and line != b"id: \n":
                event_id = line[4:-1].decode()
            elif line.startswith(b"event: stream."):
                self.control({"type": line[7:-1].decode(), "data": json.loads((await reader.readline())[6:])})
            elif line.startswith(b"data: "):
                self.take(event_id)

    async def read_ndjson(self, reader, _head):
        while line := await reader.readline():
            if line.startswith(b"{"):
                self.envelope(json.loads(line))

    async def read_poll(self, reader, head):
        length = int(head.lower().partition(b"content-length:")[2].split(None, 1)[0])
        for event in json.loads(await reader.readexactly(length))["events"]:
            self.take(event["id"])

    async def read_socket(self, site):
        try:
            async with self.gate:
                path = f"{site.ws_url}/events/orders?last_event_id={self.position}"
                socket = await websockets.connect(path, origin=site.url, compression=None, proxy=None, open_timeout=30)
        except websockets.InvalidHandshake:
            return
        self.at = site
        try:
            async for frame in socket:
                self.envelope(json.loads(frame))
        except websockets.ConnectionClosed:
            pass
        finally:
            socket.transport.abort()
            await socket.wait_closed()
        if self.told == ("stream.close", "shutdown") and site is self.sites[0]:
            self.told = (socket.close_code, "shutdown")

    def envelope(self, value):
        if "id" in value:
            self.take(value["id"])
        else:
            self.control(value)


async def publishing(site, headers, done, published):
    """Publish a batch every now and then until ``done``."""
    while not done.is_set():
        body = b"\n".join(b'{"data": %d}' % (published["events"] + n) for n in range(BATCH))
        async with request(site.url, "/events/orders", method="POST", headers=headers, body=body) as answer:
            assert answer.status == 201, await answer.body()
        published["events"] += BATCH
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), EVERY_S)


async def test_all_are_told_and_read_on_elsewhere_with_each_event_once(two):
    leaving, staying = two
    headers = staying.token("--publish", "*") | {"Content-Type": "application/x-ndjson"}
    gate, done, published = asyncio.Semaphore(AT_ONCE), asyncio.Event(), Counter()
    readers = [Reader(name, two, gate) for name, number in READERS.items() for _ in range(number)]
    staying.manage("publish", "orders", "first")
    published["events"] += 1
    async with asyncio.timeout(4 * SLOW_S), asyncio.TaskGroup() as group:
        publisher = group.create_task(publishing(staying, headers, done, published))
        tasks = [group.create_task(reader.run()) for reader in readers]
        await aeventually(lambda: all(reader.at is leaving and reader.seqs for reader in readers), SLOW_S)

        begun = time.monotonic()
        await asyncio.to_thread(leaving.terminate)
        assert time.monotonic() - begun < EXIT_S
        await aeventually(lambda: all(reader.told for reader in readers))
        await aeventually(lambda: all(reader.at is staying for reader in readers), SLOW_S)
        done.set()
        await publisher
        await aeventually(lambda: all(len(reader.seqs) >= published["events"] for reader in readers), SLOW_S)
        for task in tasks:
            task.cancel()

    wanted = list(range(1, published["events"] + 1))
    assert [reader.technique for reader in readers if reader.seqs != wanted] == []
    farewells = Counter((reader.technique, *reader.told) for reader in readers)
    assert farewells == {
        ("sse", "stream.close", "shutdown"): READERS["sse"],
        ("ndjson", "stream.close", "shutdown"): READERS["ndjson"],
        ("poll", 503, "shutdown"): READERS["poll"],
        ("websocket", 1012, "shutdown"): READERS["websocket"],
    }
    told = sorted(reader.told_at for reader in readers)
    assert told[-1] - told[0] > TELLING_S
    for site in two:
        _, traceback, text = site.log().partition("Traceback")
        assert not traceback, text[:4_000]
