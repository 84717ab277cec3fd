"""What each technique costs: bytes on the wire, memory of an idle connection, CPU of a delivered event.

    python -m tests.bench.techniques --server daphne

Bytes are counted at the client's socket, in both directions, headers and framing included, TCP/IP and TLS not; requests
carry the headers that a browser sends (``BROWSER``). Memory and CPU are the server process's own, read from outside.
Memory and CPU are measured on a fresh server for each technique. The figures to quote are the ratios: machines differ.
"""

import argparse
import asyncio
import json
import os
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.bench.unlimited import UNLIMITED
from tests.harness.readers import request_bytes
from tests.harness.site import SERVERS, Site
from tests.harness.waiting import aeventually

TOPIC = "bench"
MARK = b"@"  # once in each event and nowhere else on the wire
DATA = MARK.decode() + "x" * 97  # 100 bytes of JSON with its quotes
BROWSER = {
    "Connection": "keep-alive",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Referer": "http://127.0.0.1:8000/topics/bench",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9",
    "Cookie": "csrftoken=" + "c" * 32 + "; sessionid=" + "s" * 32,
}
ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "poll": "application/json"}
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
}


class Stream(asyncio.Protocol):
    """One reader by server-sent events or HTTP streaming: counts what goes over its connection."""

    def __init__(self, url: str, technique: str) -> None:
        self.url, self.technique = url, technique
        self.up = self.down = self.events = 0

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.ask()

    def ask(self, query: str = "") -> None:
        """Send a request as a browser would."""
        extra = UPGRADE | {"Origin": self.url} if self.technique == "websocket" else {"Accept": ACCEPT[self.technique]}
        self.send(request_bytes("GET", self.url, f"/events/{TOPIC}{query}", BROWSER | extra))

    def send(self, data: bytes) -> None:
        self.up += len(data)
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.down += len(data)
        self.events += data.count(MARK)


class LongPoll(Stream):
    """Asks again, with its position, on the same connection."""

    rest = b""

    def ask(self, query: str = "?timeout=0") -> None:
        super().ask(query)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.rest += data
        head, separator, body = self.rest.partition(b"\r\n\r\n")
        if not separator or len(body) < int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]):
            return
        self.rest = b""
        self.ask(f"?timeout=25&last_event_id={json.loads(body)['last_event_id']}")


class WebSocket(Stream):
    """Answers the server's pings; otherwise only listens."""

    rest = b""
    upgraded = False

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.rest += data
        if not self.upgraded:
            _, separator, rest = self.rest.partition(b"\r\n\r\n")
            if not separator:
                return
            self.upgraded, self.rest = True, rest
        while len(self.rest) >= 4:
            start, length = 2, self.rest[1]
            if length == 126:
                start, length = 4, struct.unpack("!H", self.rest[2:4])[0]
            if len(self.rest) < start + length:
                return
            opcode, payload = self.rest[0] & 15, self.rest[start : start + length]
            self.rest = self.rest[start + length :]
            if opcode == 9:
                self.send(bytes([0x8A, 0x80 | length, 0, 0, 0, 0]) + payload)  # masked with zeros: the same length


READERS = {"sse": Stream, "websocket": WebSocket, "ndjson": Stream, "poll": LongPoll}


@asynccontextmanager
async def reading(site: Site, technique: str, count: int):
    """That many readers, open: each has had its first answer."""
    loop, readers = asyncio.get_running_loop(), []
    host, port = urlsplit(site.url).hostname, urlsplit(site.url).port
    try:
        for _ in range(count):
            _, reader = await loop.create_connection(lambda: READERS[technique](site.url, technique), host, port)
            readers.append(reader)
            if len(readers) % 25 == 0:  # the listen backlog of a server is short
                await aeventually(lambda: all(one.down for one in readers), limit_s=60)
        await aeventually(lambda: all(one.down for one in readers), limit_s=60)
        await asyncio.sleep(2)
        yield readers
    finally:
        for reader in readers:
            reader.transport.abort()


class Publisher:
    """Publishes over HTTP and waits until all readers have it."""

    def __init__(self, site: Site, headers: dict[str, str]) -> None:
        self.client = httpx.AsyncClient(trust_env=False, headers=headers, timeout=60)
        self.url = f"{site.url}/events/{TOPIC}"

    async def publish(self, readers: list[Stream], posts: int, lines: int) -> None:
        body = "\n".join([json.dumps({"data": DATA})] * lines)
        for _ in range(posts):
            before = [reader.events for reader in readers]
            answer = await self.client.post(self.url, content=body, headers={"Content-Type": "application/x-ndjson"})
            answer.raise_for_status()
            goals = [(reader, seen + lines) for reader, seen in zip(readers, before, strict=True)]
            await aeventually(lambda goals=goals: all(one.events >= goal for one, goal in goals), limit_s=120)


@contextmanager
def serving(server: str) -> Iterator[tuple[Site, dict[str, str]]]:
    """A fresh server, and the headers of one who may publish."""
    with tempfile.TemporaryDirectory() as name:
        database = f"sqlite:///{Path(name) / 'site.sqlite3'}"
        site = Site(
            server, Path(name), database, DJANGO_DEBUG="1", STREAMS_DEFAULT_VISIBILITY="public", **UNLIMITED
        ).set_up()
        headers = site.token("--publish", "*")
        site.manage("publish", TOPIC, "0")
        try:
            yield site.start(), headers
        finally:
            site.kill()


def wire_bytes(readers: list[Stream]) -> int:
    return sum(reader.up + reader.down for reader in readers)


async def measure_bytes(site: Site, headers: dict[str, str], technique: str) -> dict[str, float]:
    """Bytes per event when they come alone, and fifty at a time; both directions."""
    publisher, figures = Publisher(site, headers), {}
    async with reading(site, technique, 1) as readers:
        for name, posts, lines in (("bytes per event", 50, 1), ("fifty at a time", 10, 50)):
            await asyncio.sleep(1)
            before = wire_bytes(readers)
            await publisher.publish(readers, posts, lines)
            await asyncio.sleep(1)
            figures[name] = (wire_bytes(readers) - before) / (posts * lines)
    return figures


async def measure_idle(site: Site, technique: str, seconds: float = 75.0) -> dict[str, float]:
    """Bytes per idle minute: heartbeats, or one question after the other. 75 s are five beats and three questions."""
    async with reading(site, technique, 1) as readers:
        before = wire_bytes(readers)
        await asyncio.sleep(seconds)
        return {"bytes per idle minute": (wire_bytes(readers) - before) * 60 / seconds}


async def measure_memory(site: Site, technique: str, count: int = 500) -> dict[str, float]:
    """KB of resident memory per idle connection, beyond the first fifty."""
    async with reading(site, technique, 50):
        before = site.stats.memory_info().rss
        async with reading(site, technique, count):
            return {"KB per connection": (site.stats.memory_info().rss - before) / count / 1000}


async def measure_cpu(site: Site, headers: dict[str, str], technique: str, count: int = 200) -> dict[str, float]:
    """Microseconds of the server's CPU per delivery, publishing itself not counted."""
    publisher, figures = Publisher(site, headers), {}
    for name, posts, lines in (("alone", 100, 1), ("hundred at a time", 20, 100)):
        spent = []
        for many in (0, count):
            async with reading(site, technique, many) as readers:
                await publisher.publish(readers, 5, lines)
                await asyncio.sleep(1)
                before, started = site.stats.cpu_times(), time.monotonic()
                await publisher.publish(readers, posts, lines)
                if not many:
                    await asyncio.sleep(1)
                after, took = site.stats.cpu_times(), time.monotonic() - started
                spent.append(after.user + after.system - before.user - before.system)
        figures[f"µs CPU, {name}"] = (spent[1] - spent[0]) / (posts * lines * count) * 1e6
        figures[f"s for {posts}, {name}"] = took
    return figures


async def measure(server: str) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {technique: {} for technique in READERS}
    with serving(server) as (site, headers):
        for technique, row in rows.items():
            row.update(await measure_bytes(site, headers, technique))
        idle = await asyncio.gather(*(measure_idle(site, technique) for technique in rows))
        for row, figures in zip(rows.values(), idle, strict=True):
            row.update(figures)
    for technique, row in rows.items():
        with serving(server) as (site, headers):
            row.update(await measure_memory(site, technique))
        with serving(server) as (site, headers):
            row.update(await measure_cpu(site, headers, technique))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="uvicorn")
    options = parser.parse_args()
    print(f"{options.server}, {os.cpu_count()} cores")
    for technique, row in asyncio.run(measure(options.server)).items():
        print(f"{technique:10}" + "".join(f"  {value:,.1f} {unit};" for unit, value in row.items()))


if __name__ == "__main__":
    main()
