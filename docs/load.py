"""A site under load, for its picture: readers that come and go, some that are too slow, and a process that dies."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

import httpx

from tests.harness.crowd import crowd
from tests.harness.readers import dial, request_bytes
from tests.harness.site import Site

SECONDS = 310  # the dashboard shows five minutes
DIES_AT, BACK_AT = 190, 225
LIMITS = {  # one token is the whole crowd
    "STREAMS_MAX_STREAMS_PER_USER": "2000",
    "STREAMS_MAX_STREAMS_PER_ADDRESS": "2000",
    "STREAMS_MAX_EVENTS_PER_S": "2000",
    "STREAMS_MAX_QUESTIONS_PER_MIN": "1000",
}


@contextmanager
def two_processes(folder: Path) -> Iterator[list[Site]]:
    """One site in two processes; the password of its superuser is that of the first one's ``password``."""
    url = f"sqlite:///{folder}/site.sqlite3"
    sites = [Site("uvicorn", folder, url, **LIMITS) for _ in range(2)]
    sites[0].password = sites[0].manage("setup").stdout.split("once: ")[1].split()[0]
    with ExitStack() as stack:
        for site in sites:
            stack.callback(site.kill)
            site.start()
        yield sites


async def _publish(site: Site, headers: dict[str, str], topic: str, size: int, per_s: float) -> None:
    """Publish for ever, now more and now less."""
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=30) as client:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            share = 0.65 + 0.35 * math.sin(began / 17)
            body = "\n".join([f'{{"data":"{"x" * size}"}}'] * max(1, round(per_s * share / 5)))
            answer = await client.post(
                f"{site.url}/events/{topic}", content=body, headers={"Content-Type": "application/x-ndjson"}
            )
            answer.raise_for_status()
            await asyncio.sleep(max(0.0, 0.2 - (loop.time() - began)))


async def _come_and_go(sites: list[Site], chance: Random) -> None:
    """Some dozens of readers for a while, again and again."""
    while True:
        async with crowd([sites[0].url], "orders", chance.randrange(15, 60), name="guest"):
            await asyncio.sleep(chance.uniform(8, 25))
        await asyncio.sleep(chance.uniform(1, 5))


async def _ask(site: Site, headers: dict[str, str], chance: Random) -> None:
    """Questions to the demo model, some at the same time."""
    async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=120) as client:

        async def ask_one() -> None:
            question = {"message": "How does a reader resume after a lost connection?"}
            answer = await client.post(f"{site.url}/chat", json=question)
            answer.raise_for_status()

        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(ask_one())
                await asyncio.sleep(chance.uniform(2, 14))


@asynccontextmanager
async def under_load(sites: list[Site]) -> AsyncIterator[None]:
    """Five minutes of it, and then the block; the second process is killed in between, and started again."""
    first, second = sites
    headers = first.token("--publish", "*", "--read", "*", "--chat")
    chance = Random(7)
    first.manage("publish", "orders", "0")
    first.manage("publish", "pictures", "0")
    async with AsyncExitStack() as stack:
        for site, count in ((first, 140), (second, 90)):
            await stack.enter_async_context(crowd([site.url], "orders", count))
        for _ in range(3):
            _, writer = await dial(first.url, receive_buffer=4096)
            stack.callback(writer.close)
            writer.transport.pause_reading()
            writer.write(request_bytes("GET", first.url, "/events/pictures", headers))
        tasks = [
            asyncio.create_task(one)
            for one in (
                _publish(first, headers, "orders", 80, 60),
                _publish(first, headers, "pictures", 20_000, 5),
                _come_and_go(sites, chance),
                _ask(first, headers, chance),
            )
        ]
        await asyncio.sleep(DIES_AT)
        second.kill()
        await asyncio.sleep(BACK_AT - DIES_AT)
        await asyncio.to_thread(second.start)
        async with crowd([second.url], "orders", 90):
            await asyncio.sleep(SECONDS - BACK_AT)
            yield
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                raise ended
