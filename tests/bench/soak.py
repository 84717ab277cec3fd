"""What many open streams cost, and that all of it is given back: a running server before, during and after.

    python -m tests.bench.soak --server uvicorn --streams 1000 --seconds 120

Streams of all four techniques are opened on one topic, to which two events a second are published meanwhile. Then all
leave, most of them without a goodbye. A first wave of as many goes before, for Python keeps the memory that it has
once had: what counts is whether the next wave needs more. The readings are taken from outside the process, but for its
tasks and connections, which it tells itself on the topic ``system``.
"""

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
import websockets

from tests.bench.unlimited import UNLIMITED
from tests.harness.readers import Reader, dial, reading, request_bytes
from tests.harness.site import SERVERS, Site
from tests.harness.waiting import aeventually

AT_ONCE = 50
EVERY_S = 0.5  # between two events


async def stream(site: Site, headers: dict[str, str], path: str, opened: asyncio.Semaphore, leave: asyncio.Event):
    """One HTTP stream, or one long poll after another; leaves by a reset."""
    while not leave.is_set():
        async with opened:
            reader, writer = await dial(site.url)
            writer.write(request_bytes("GET", site.url, path, headers | {"Connection": "close"}))
            if "poll" not in path:
                await reader.readuntil(b"\r\n\r\n")
        leaving = asyncio.create_task(leave.wait())
        draining = asyncio.create_task(drain(reader))
        await asyncio.wait([leaving, draining], return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        draining.cancel()
        writer.transport.abort()


async def drain(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(65_536):
            pass


async def socket(site: Site, headers: dict[str, str], opened: asyncio.Semaphore, leave: asyncio.Event) -> None:
    """One WebSocket; leaves politely."""
    async with opened:
        connection = await websockets.connect(
            f"{site.ws_url}/events/soak", additional_headers=headers, proxy=None, compression=None
        )
    async with connection:
        leaving = asyncio.create_task(leave.wait())
        while not leave.is_set():
            receiving = asyncio.create_task(connection.recv())
            await asyncio.wait([leaving, receiving], return_when=asyncio.FIRST_COMPLETED)
            receiving.cancel()


async def figures(site: Site, vitals: Reader) -> dict[str, float]:
    """What the process holds now, by itself and by the system."""
    seen = len(vitals.events)
    await aeventually(lambda: len(vitals.events) > seen + 1, limit_s=60)
    signs = vitals.events[-1].data
    with site.stats.oneshot():
        return {
            "connections": sum(signs["connections"].values()) - 1,
            "tasks": signs["tasks"],
            "threads": site.stats.num_threads(),
            "descriptors": site.stats.num_fds(),
            "resident MB": round(site.stats.memory_info().rss / 1e6, 1),
        }


async def publish(site: Site, headers: dict[str, str], seconds: float) -> None:
    async with httpx.AsyncClient(trust_env=False, headers=headers) as client:
        for number in range(int(seconds / EVERY_S)):
            await client.post(f"{site.url}/events/soak", json={"data": number})
            await asyncio.sleep(EVERY_S)


async def soak(site: Site, count: int, seconds: float) -> None:
    headers = await asyncio.to_thread(site.token, "--publish", "*", "--read", "*")
    async with AsyncExitStack() as stack:
        vitals = await stack.enter_async_context(reading(Reader(site.url, "system")))
        rows = []
        await publish(site, headers, 1)
        for name, many, how_long in (("warm-up", count, 5.0), ("soak", count, seconds)):
            rows.append((f"before {name}", await figures(site, vitals)))
            leave, opened = asyncio.Event(), asyncio.Semaphore(AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for number in range(many):
                    path = f"/events/soak?transport={('sse', 'ndjson', 'poll')[number % 4 - 1]}"
                    work = stream(site, headers, path, opened, leave) if number % 4 else None
                    group.create_task(work or socket(site, headers, opened, leave))
                await publish(site, headers, how_long)
                rows.append((f"during {name}", await figures(site, vitals)))
                leave.set()
            await aeventually(lambda: sum(vitals.events[-1].data["connections"].values()) <= 1, limit_s=60)
            await asyncio.sleep(2)
        rows.append(("after", await figures(site, vitals)))
    for name, row in rows:
        print(f"{name:16}" + "".join(f"{value:>12,g} {unit}" for unit, value in row.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default="uvicorn")
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = (
            Site(options.server, folder, f"sqlite:///{folder / 'site.sqlite3'}", DJANGO_DEBUG="1", **UNLIMITED)
            .set_up()
            .start()
        )
        try:
            asyncio.run(soak(site, options.streams, options.seconds))
        finally:
            site.terminate()


if __name__ == "__main__":
    main()
