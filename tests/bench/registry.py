"""What it costs to know who is connected: the same deliveries with the registry's rows and vital signs, and without.

    python -m tests.bench.registry [--server uvicorn] [--streams 1000] [--seconds 20] [--postgres URL]

Publishes one event a second to ``--streams`` readers, as many deliveries a second as there are readers, and measures
the CPU of the server's process. Without: the beat is an hour. The figure to quote is the difference, in percent of one
core; the noise of a shared machine is told by doing each twice, in turn.
"""

import argparse
import asyncio
import resource
import sqlite3
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.harness.readers import dial, hang_up, request_bytes
from tests.harness.site import SERVERS, Site

TOPIC = "ticks"
ROUNDS = 2
NEVER_S = "3600"


async def drain(reader: asyncio.StreamReader) -> None:
    """Read and forget."""
    while await reader.read(65_536):
        pass


async def measure(site: Site, streams: int, seconds: float, headers: dict[str, str]) -> float:
    """The share of one core that the process takes, in percent, while it delivers."""
    gate = asyncio.Semaphore(50)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:

        async def open_one() -> asyncio.Task[None]:
            async with gate:
                reader, writer = await dial(site.url)
                stack.push_async_callback(hang_up, writer)
                writer.write(request_bytes("GET", site.url, f"/events/{TOPIC}", headers))
                await reader.readuntil(b"\n\n")
                return group.create_task(drain(reader))

        readers = await asyncio.gather(*(open_one() for _ in range(streams)))
        async with httpx.AsyncClient(base_url=site.url, headers=headers) as client:
            for turn in range(int(seconds) + 5):
                if turn == 5:  # the opening is not what is measured
                    began, before = time.monotonic(), sum(site.stats.cpu_times()[:2])
                answer = await client.post(f"/events/{TOPIC}", json={"data": {"at": time.time()}})
                answer.raise_for_status()
                await asyncio.sleep(1.0)
        share = 100 * (sum(site.stats.cpu_times()[:2]) - before) / (time.monotonic() - began)
        for task in readers:
            task.cancel()
    return share


def rows_of(site: Site) -> int:
    """How many connections the table shows."""
    url = site.env["DATABASE_URL"]
    query = "SELECT count(*) FROM streams_liveconnection WHERE closed_at IS NULL"
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            return int(connection.execute(query).fetchone()[0])
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=SERVERS, default="uvicorn")
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--postgres", metavar="URL", help="an empty database; else SQLite")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    shares: dict[str, list[float]] = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as folder:
        url = options.postgres or f"sqlite:///{folder}/site.sqlite3"
        limits = {"STREAMS_MAX_STREAMS_PER_ADDRESS": "100000", "STREAMS_MAX_STREAMS_PER_USER": "100000"}
        for number in range(ROUNDS):
            for kind, every_s in (("without", NEVER_S), ("with", "1")):
                site = Site(options.server, Path(folder), url, STREAMS_VITALS_EVERY_S=every_s, **limits).set_up()
                headers = site.token(f"--publish={TOPIC}", f"--read={TOPIC}") | {"Content-Type": "application/json"}
                site.manage("publish", TOPIC, "0")
                site.start()
                try:
                    shares[kind].append(asyncio.run(measure(site, options.streams, options.seconds, headers)))
                    if number == 0:
                        print(f"{kind}: {rows_of(site)} rows")
                finally:
                    site.kill()
    for kind, values in shares.items():
        print(f"{kind:8}", "  ".join(f"{value:5.2f} %" for value in values))
    difference = sum(shares["with"]) / ROUNDS - sum(shares["without"]) / ROUNDS
    print(f"the registry and the vital signs: {difference:.2f} % of a core at {options.streams} deliveries/s")


if __name__ == "__main__":
    main()
