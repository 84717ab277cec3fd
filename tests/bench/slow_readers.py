"""What slow readers cost the fast ones: 100 fast readers alone, then beside ten that read 1 KB a second.

    python -m tests.bench.slow_readers [--server daphne] [--seconds 20] [--policies replay skip disconnect]

One program publishes 2,000 events of 1 KB a second, in batches; the server has a processor to itself where there are
two. Latency is from the call that publishes to the byte that arrives, of all events of every tenth fast reader.
Afterwards the slow readers read on as fast as they can, and it is checked that each has every event once and in order,
or was told exactly which it has not. The figures to quote are the ratio of the latencies and the difference in memory.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.bench.unlimited import UNLIMITED
from tests.harness.readers import request_bytes
from tests.harness.site import SERVERS, Site

FAST, SLOW, TIMED_EVERY = 100, 10, 10
EVENTS_PER_S, BATCH = 2_000, 50
SLOW_BYTES_PER_S = 1_024
SLOW_BUFFER = 4_096
FILLING = "x" * 950
STAMP = re.compile(rb'"at":([0-9.]+)')
CHUNK = re.compile(rb"\r\n[0-9a-fA-F]+\r\n")  # between two of HTTP's chunks; an event has no CR
POLICY = """
from streams.models import Topic
Topic.objects.filter(name={topic!r}).update(slow_readers={policy!r})
"""


class Fast(asyncio.Protocol):
    """Reads all that comes; ``latencies_s`` of each event, where it is timed."""

    def __init__(self, request: bytes, *, timed: bool) -> None:
        self._request, self._timed, self._rest = request, timed, b""
        self.events, self.opened = 0, False
        self.latencies_s: list[float] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.opened = True
        whole = CHUNK.sub(b"", self._rest + data)
        end = whole.rfind(b"\n\n") + 2 if b"\n\n" in whole else 0
        self.events += whole.count(b"\ndata: ", 0, end)
        if self._timed:
            now = time.time()
            self.latencies_s += [now - float(stamp) for stamp in STAMP.findall(whole, 0, end)]
        self._rest = whole[end:]


class Slow:
    """Reads 1 KB a second until it is ``released``; what it was told is checked as it comes."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.released = asyncio.Event()
        self.at = self.events = self.lost = 0
        self.close: dict[str, object] = {}

    async def read(self, port: int, goal: "asyncio.Future[int]") -> None:
        """Until it stands at ``goal``, or was sent away."""
        loop, rest = asyncio.get_running_loop(), b""
        with socket.socket() as plain:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
            plain.setblocking(False)
            await loop.sock_connect(plain, ("127.0.0.1", port))
            await loop.sock_sendall(plain, self._request)
            while not (goal.done() and self.at >= goal.result()) and not self.close:
                if not self.released.is_set():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self.released.wait(), 1)
                data = await loop.sock_recv(plain, 65_536 if self.released.is_set() else SLOW_BYTES_PER_S)
                if not data:
                    raise RuntimeError("a slow reader was cut, and not told")
                *blocks, rest = CHUNK.sub(b"", rest + data).split(b"\n\n")
                for block in blocks:
                    self._take(block)

    def _take(self, block: bytes) -> None:
        lines = [line for line in block.split(b"\n") if not line.endswith(b"\r")]  # those are HTTP's head
        fields = dict(line.split(b": ", 1) for line in lines if b": " in line)
        seq = int(fields[b"id"].rpartition(b"-")[2]) if b"id" in fields else self.at
        if fields.get(b"event") == b"stream.close":
            self.close = json.loads(fields[b"data"])
        elif fields.get(b"event") == b"stream.gap":
            lost = json.loads(fields[b"data"])["lost"]
            assert seq == self.at + lost, f"a gap of {lost} leads from {self.at} to {seq}"
            self.at, self.lost = seq, self.lost + lost
        elif b"data" in fields and b"event" not in fields:
            assert seq == self.at + 1, f"{seq} follows {self.at}"
            self.at, self.events = seq, self.events + 1
        else:
            self.at = seq  # the opening


@dataclass
class Run:
    """What one run gave; ``kept_up``: the share of the wanted rate at which was published."""

    slow: list[Slow] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    kept_up: float = 0.0

    def row(self) -> str:
        quantiles = statistics.quantiles(self.latencies_s, n=100)
        return (
            f"p50 {quantiles[49] * 1000:7.1f} ms  p99 {quantiles[98] * 1000:7.1f} ms  "
            f"resident {self.resident[0] / 1e6:6.1f} -> {max(self.resident) / 1e6:6.1f} MB  "
            f"published at {self.kept_up:.0%} of {EVENTS_PER_S:,}/s"
        )

    def told(self) -> str:
        events, lost = [one.events for one in self.slow], [one.lost for one in self.slow]
        closed = [one.close["behind"] for one in self.slow if one.close]
        return f"slow: {min(events):,}-{max(events):,} events, {min(lost):,}-{max(lost):,} told as lost" + (
            f", {len(closed)} sent away, told to be {min(closed):,}-{max(closed):,} behind" if closed else ""
        )


async def watch(site: Site, resident: list[int]) -> None:
    while True:
        resident.append(site.stats.memory_info().rss)
        await asyncio.sleep(0.1)


async def publish(site: Site, headers: dict[str, str], topic: str, seconds: float) -> float:
    """Publish at the rate; the share of it that was reached."""
    kind = {"Content-Type": "application/x-ndjson"}
    started = time.monotonic()
    async with httpx.AsyncClient(trust_env=False, headers=headers | kind, timeout=60) as client:
        for number in range(int(seconds * EVENTS_PER_S / BATCH)):
            line = json.dumps({"data": {"at": time.time(), "filling": FILLING}}, separators=(",", ":"))
            answer = await client.post(f"{site.url}/events/{topic}", content="\n".join([line] * BATCH))
            answer.raise_for_status()
            await asyncio.sleep(started + (number + 1) * BATCH / EVENTS_PER_S - time.monotonic())
    return seconds / (time.monotonic() - started)


async def run(site: Site, headers: dict[str, str], topic: str, seconds: float, slow: int) -> Run:
    """One measurement: fast readers, and ``slow`` slow ones."""
    loop, result = asyncio.get_running_loop(), Run()
    asked = request_bytes("GET", site.url, f"/events/{topic}", headers)
    fast = []
    for number in range(FAST):
        timed = number % TIMED_EVERY == 0
        _, one = await loop.create_connection(lambda timed=timed: Fast(asked, timed=timed), "127.0.0.1", site.port)
        fast.append(one)
    result.slow = [Slow(asked) for _ in range(slow)]
    goal: asyncio.Future[int] = loop.create_future()
    reading = [asyncio.create_task(one.read(site.port, goal)) for one in result.slow]
    while not all(one.opened for one in fast) or any(one.at == 0 for one in result.slow):
        await asyncio.sleep(0.05)
    watching = asyncio.create_task(watch(site, result.resident))
    begun = max((one.at for one in result.slow), default=0)
    result.kept_up = await publish(site, headers, topic, seconds)
    wanted = int(seconds * EVENTS_PER_S / BATCH) * BATCH
    async with asyncio.timeout(60):
        while any(one.events < wanted for one in fast):
            await asyncio.sleep(0.05)
    watching.cancel()
    result.latencies_s = [latency for one in fast for latency in one.latencies_s]
    for one in fast:
        one.transport.abort()
    goal.set_result(begun + wanted)
    for one in result.slow:
        one.released.set()
    async with asyncio.timeout(300):
        await asyncio.gather(*reading)
    for one in result.slow:
        assert one.close or one.events + one.lost == wanted, (one.events, one.lost, wanted)
        assert one.close.get("behind", 0) + one.events + one.lost >= (wanted if not one.close else 0)
    return result


@contextmanager
def serving(server: str) -> Iterator[Site]:
    """The site, on a processor of its own where there are several."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        production = {"DJANGO_DEBUG": "0", "DJANGO_HTTPS": "0", "DJANGO_SECRET_KEY": "s" * 50}
        url = f"sqlite:///{folder / 'site.sqlite3'}"
        site = Site(server, folder, url, DJANGO_ALLOWED_HOSTS="127.0.0.1", **production, **UNLIMITED).set_up()
        try:
            site.start()
            cores = sorted(os.sched_getaffinity(0))
            if len(cores) > 1:
                for task in Path(f"/proc/{site.stats.pid}/task").iterdir():
                    os.sched_setaffinity(int(task.name), cores[:1])
                os.sched_setaffinity(0, cores[1:])
            yield site
            os.sched_setaffinity(0, cores)
        finally:
            site.terminate()


async def compare(site: Site, seconds: float, policies: list[str]) -> None:
    headers = await asyncio.to_thread(site.token, "--publish", "*", "--read", "*")
    alone: Run | None = None
    for policy in ["", *policies]:
        topic = f"bench-{policy or 'alone'}"
        await asyncio.to_thread(site.manage, "publish", topic, "0")
        if policy:
            await asyncio.to_thread(site.manage, "shell", "-v0", "-c", POLICY.format(topic=topic, policy=policy))
        result = await run(site, headers, topic, seconds, SLOW if policy else 0)
        print(f"{site.server:8} {policy or 'fast alone':11} {result.row()}", flush=True)
        if alone is None:
            alone = result
            continue
        ratio = statistics.quantiles(result.latencies_s, n=100)[98] / statistics.quantiles(alone.latencies_s, n=100)[98]
        more = (max(result.resident) - max(alone.resident)) / 1e6
        print(f"{'':8} {'':11} p99 ratio {ratio:.2f}, {more:+.1f} MB; {result.told()}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="uvicorn")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--policies", nargs="+", default=["replay", "skip", "disconnect"])
    options = parser.parse_args()
    with serving(options.server) as site:
        asyncio.run(compare(site, options.seconds, options.policies))


if __name__ == "__main__":
    main()
