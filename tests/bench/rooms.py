"""Rooms that all answer at once, by the pace of a model, before readers on sockets and a few on server-sent events.

    python -m tests.bench.rooms [--server daphne] [--rooms 50] [--readers 20] [--seconds 10] [--over-sse 2]

The answers come from the scripted Messages API, a token of about four characters each 25 ms, so the cost of reading
them, of rendering and of the log is in. Told are the server's processor time for a second of one answer, the events
and deliveries, the latency from the time in an event to its arrival, and whether all readers have the room's bytes.
The readers share the machine.
"""

import argparse
import asyncio
import json
import struct
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

import httpx

import tests.fakes.paced  # noqa: F401 - the scenario
from tests.bench.unlimited import UNLIMITED
from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.components import Postgres
from tests.harness.readers import request_bytes
from tests.harness.room_reader import Envelope, RoomState, fold
from tests.harness.site import SERVERS, Site
from tests.harness.sockets import handshake
from tests.harness.waiting import free_port

PACE_S = 0.025
AT_ONCE = 50
MANY = {"STREAMS_MAX_GENERATIONS": "1000", "STREAMS_MAX_GENERATIONS_PER_USER": "1000"} | {
    "STREAMS_MAX_QUESTIONS_PER_MIN": "100000", "STREAMS_MAX_MESSAGES_PER_S": "100000"
}  # fmt: skip
MAKE = """
from streams.chat.rooms import ensure_room
from streams.publishing import create_token
for number in range({rooms}):
    ensure_room(f"load-{{number}}", title=f"Load {{number}}")
print(create_token(name="load", read=["room:*"], publish=["room:*"])[1])
"""


class Tape(asyncio.Protocol):
    """One reader: keeps the bytes, and when they came."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.bytes = bytearray()
        self.times: list[tuple[int, float]] = []  # by how many bytes there were then

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.bytes += data
        self.times.append((len(self.bytes), time.time()))

    @property
    def has_ended(self) -> bool:
        return b"generation.end" in self.bytes[-20_000:]


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The text frames of a server's side of a WebSocket, each with the place of its end."""
    at = data.index(b"\r\n\r\n") + 4
    while at + 2 <= len(data):
        opcode, size, start = data[at] & 15, data[at + 1], at + 2
        if size == 126:
            (size,), start = struct.unpack_from("!H", data, start), start + 2
        elif size == 127:
            (size,), start = struct.unpack_from("!Q", data, start), start + 8
        at = start + size
        if opcode == 1:
            yield at, data[start:at]


def blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The data of server-sent events in a chunked body; places are about right."""
    at, body = data.index(b"\r\n\r\n") + 4, b""
    while at < len(data):
        line = data.index(b"\r\n", at)
        size = int(data[at:line], 16)
        body += data[line + 2 : line + 2 + size]
        at = line + size + 4
        *whole, body = body.split(b"\n\n")
        for block in whole:
            yield from ((at, part[6:]) for part in block.split(b"\n") if part.startswith(b"data: "))


def heard(tape: Tape, technique: str) -> list[tuple[float, Envelope]]:
    """The envelopes of the log, each with its latency in seconds."""
    events, times = [], iter(tape.times)
    upto, at = next(times)
    for end, text in (frames if technique == "websocket" else blocks)(bytes(tape.bytes)):
        while upto < end:
            upto, at = next(times)
        event = json.loads(text)
        if "id" in event and not event["topic"].endswith(":live"):
            events.append((at - time_of(event["time"]), event))
    return events


def time_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def open_tape(site: Site, headers: dict[str, str], slug: str, technique: str) -> Tape:
    path = f"/ws/rooms/{slug}"
    asked = handshake(site, path, headers)
    if technique == "sse":
        topics = f"topic=room:{slug}&topic=room:{slug}:live"
        asked = request_bytes("GET", site.url, f"/events?{topics}", headers | {"Accept": "text/event-stream"})
    _, tape = await asyncio.get_running_loop().create_connection(lambda: Tape(asked), "127.0.0.1", site.port)
    while b"stream.open" not in tape.bytes and b"\nid: " not in tape.bytes:
        await asyncio.sleep(0.02)
    return tape


async def run(site: Site, headers: dict[str, str], options: argparse.Namespace) -> None:
    slugs = [f"load-{number}" for number in range(options.rooms)]
    places = [(slug, "sse" if n < options.over_sse else "websocket") for slug in slugs for n in range(options.readers)]
    gate = asyncio.Semaphore(AT_ONCE)

    async def open_one(slug: str, technique: str) -> Tape:
        async with gate:
            return await open_tape(site, headers, slug, technique)

    tapes = await asyncio.gather(*(open_one(*place) for place in places))
    await asyncio.sleep(2)  # presence is told
    print(f"{len(tapes)} readers are there", flush=True)
    before, began = site.stats.cpu_times(), time.monotonic()
    async with httpx.AsyncClient(base_url=site.url, headers=headers, trust_env=False, timeout=60) as client:
        text = f"@claude [[paced]] {round(options.seconds / PACE_S)} tokens"
        say = {"op": "say", "text": text, "client_id": "load"}
        for answer in await asyncio.gather(*(client.post(f"/rooms/{slug}/ops", json=say) for slug in slugs)):
            assert "generation" in answer.json(), answer.text
        while not all(tape.has_ended for tape in tapes):
            await asyncio.sleep(0.1)
        took, after = time.monotonic() - began, site.stats.cpu_times()
        busy = after.user + after.system - before.user - before.system
        pages = {slug: (await client.get(f"/rooms/{slug}/history")).json() for slug in slugs}
    for tape in tapes:
        tape.transport.abort()
    report(options, places, tapes, pages, took, busy)


def report(options, places, tapes, pages, took, busy) -> None:
    latencies: list[float] = []
    deliveries = wrong = 0
    for (slug, technique), tape in zip(places, tapes, strict=True):
        events = heard(tape, technique)
        deliveries += len(events)
        latencies += [latency for latency, event in events if event["type"] == "generation.delta"]
        stands = RoomState(f"room:{slug}")
        stands.begin(pages[slug])
        wrong += fold(f"room:{slug}", (event for _, event in events)).shown != stands.shown
    per_answer = busy / (options.rooms * options.seconds)
    p99 = quantiles(latencies, n=100)[-1]
    bytes_each = sum(len(tape.bytes) for tape in tapes) / len(tapes)
    print(f"{options.server}, {options.database}: {options.rooms} rooms, {len(tapes)} readers, {took:.1f} s")
    print(
        f"  processor    {busy:.1f} s ({busy / took:.0%} of one); {per_answer * 1000:.1f} ms for a second of an answer"
    )
    print(f"  deliveries   {deliveries:,} ({deliveries / took:,.0f}/s; {deliveries / len(tapes):.0f} each)")
    print(f"  latency      p50 {median(latencies) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, of deltas")
    print(f"  bytes        {bytes_each / 1000:.0f} KB a reader")
    print(f"  byte-equal   {len(tapes) - wrong} of {len(tapes)}")


async def measure(site: Site, headers: dict[str, str], options: argparse.Namespace) -> None:
    async with FakeMessagesAPI(port=options.api_port, pace_s=PACE_S):
        await run(site, headers, options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="uvicorn")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--rooms", type=int, default=50)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--over-sse", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    options.api_port = free_port()
    asks = {"ANTHROPIC_API_KEY": "sk-ant-bench", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{options.api_port}"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        postgres = Postgres(Path(tempfile.mkdtemp(dir=folder))) if options.database == "postgres" else None
        url = postgres.new_database() if postgres else f"sqlite:///{folder / 'site.sqlite3'}"
        site = Site(options.server, folder, url, **asks, **UNLIMITED, **MANY).set_up()
        token = site.manage("shell", "-v0", "-c", MAKE.format(rooms=options.rooms)).stdout.strip()
        try:
            asyncio.run(measure(site.start(), {"Authorization": f"Bearer {token}"}, options))
        finally:
            site.terminate()
            if postgres:
                postgres.stop()


if __name__ == "__main__":
    main()
