"""What a delivery costs over WebSocket beside server-sent events: real sockets, one topic, in one run.

    python -m tests.bench.websocket [--server uvicorn] [--readers 200] [--seconds 5]

One program publishes as fast as it is answered. The figure to quote is the ratio of the deliveries that a second of
the server's own processor time pays for: machines differ, and the readers here share theirs with it.
"""

import argparse
import asyncio
import json
import socket
import tempfile
import time
from pathlib import Path

import httpx

from tests.bench.unlimited import UNLIMITED
from tests.harness.readers import request_bytes
from tests.harness.site import SERVERS, Site
from tests.harness.sockets import handshake

TOPIC = "bench"
EVENT = json.dumps({"data": "x" * 98})
MARK = f'"topic":"{TOPIC}"'.encode()  # once in each envelope
TECHNIQUES = {"sse": b"\nid: ", "ndjson": MARK, "websocket": MARK}  # and what is once in each of their events


class Tally(asyncio.Protocol):
    """One reader: counts, and keeps nothing but what may be half a mark."""

    def __init__(self, request: bytes, mark: bytes) -> None:
        self._request, self._mark, self._rest = request, mark, b""
        self.events = -1  # the opening has the mark too

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        whole = self._rest + data
        self.events += whole.count(self._mark)
        self._rest = whole[1 - len(self._mark) :] if len(whole) >= len(self._mark) else whole


async def run(site: Site, headers: dict[str, str], technique: str, readers: int, seconds: float, batch: int):
    """The deliveries, and the server's processor seconds they took."""
    path = f"/events/{TOPIC}"
    asked = request_bytes("GET", site.url, f"{path}?transport={technique}", headers)
    if technique == "websocket":
        asked = handshake(site, path, headers)
    loop = asyncio.get_running_loop()
    tallies = []
    for _ in range(readers):
        plain = socket.create_connection(("127.0.0.1", site.port))
        _, tally = await loop.create_connection(lambda: Tally(asked, TECHNIQUES[technique]), sock=plain)
        tallies.append(tally)
    while any(tally.events < 0 for tally in tallies):
        await asyncio.sleep(0.05)
    kind = {"Content-Type": "application/x-ndjson"}
    published, started, before = 0, time.monotonic(), site.stats.cpu_times()
    async with httpx.AsyncClient(trust_env=False, headers=headers | kind, timeout=60) as client:
        while time.monotonic() - started < seconds:
            answer = await client.post(f"{site.url}/events/{TOPIC}", content="\n".join([EVENT] * batch))
            answer.raise_for_status()
            published += batch
    while any(tally.events < published for tally in tallies):
        await asyncio.sleep(0.05)
    after = site.stats.cpu_times()
    for tally in tallies:
        tally.transport.abort()
    return published * readers, after.user + after.system - before.user - before.system


async def compare(site: Site, readers: int, seconds: float) -> None:
    headers = await asyncio.to_thread(site.token, "--publish", TOPIC, "--read", TOPIC)
    await asyncio.to_thread(site.manage, "publish", TOPIC, "0")
    for batch in (1, 50):
        rates = {}
        for technique in TECHNIQUES:
            deliveries, busy_s = await run(site, headers, technique, readers, seconds, batch)
            rates[technique] = deliveries / busy_s
            print(f"{batch:3} events at once  {technique:10} {rates[technique]:10,.0f} deliveries per second of CPU")
        print(f"{batch:3} events at once  websocket : sse  {rates['websocket'] / rates['sse']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="uvicorn")
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = (
            Site(options.server, folder, f"sqlite:///{folder / 'site.sqlite3'}", DJANGO_DEBUG="1", **UNLIMITED)
            .set_up()
            .start()
        )
        try:
            asyncio.run(compare(site, options.readers, options.seconds))
        finally:
            site.terminate()


if __name__ == "__main__":
    main()
