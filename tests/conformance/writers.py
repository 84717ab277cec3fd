"""Publishers that try again, with the same key, until they are answered; several write to a topic at once."""

import asyncio
import itertools
import json
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
from websockets.asyncio.client import connect

from tests.conformance.clients import LOST, together
from tests.harness.proxy import Link, Proxy
from tests.harness.publishers import Ledger

RETRY_S = 0.05
PAUSE_S = 0.01  # between two rounds: readers are to be outrun by bursts, not starved
TIMEOUT_S = 2.0
LARGE_ROUND = 40  # events: more than a small ring holds
KEY_CHARS = 100  # the beginning of a word names it
NDJSON = {"Content-Type": "application/x-ndjson"}


class Writer(ABC):
    """Publishes words to one topic; the ledger keeps what it was answered."""

    def __init__(self, url: str, topic: str, headers: dict[str, str], ledger: Ledger) -> None:
        self._url, self._topic, self._headers, self._ledger = url, topic, headers, ledger

    async def publish(self, words: Sequence[str]) -> None:
        """Return when all of them are acknowledged or refused."""
        while missing := [word for word in words if word not in self._ledger.acknowledged]:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await self._try(missing)
            except (*LOST, TimeoutError):
                self._ledger.lost_answers += 1
                await asyncio.sleep(RETRY_S)

    @abstractmethod
    async def _try(self, words: Sequence[str]) -> None:
        """One attempt; raises one of LOST when the answer does not come."""

    async def write_until(self, enough: asyncio.Event, chance: random.Random, name: str) -> None:
        """Publish rounds of one to a few events, and now and then of many."""
        numbers = itertools.count(1)
        while not enough.is_set():
            size = LARGE_ROUND if chance.random() < 0.1 else chance.randint(1, 6)
            await self.publish([f"{name} {next(numbers)}" for _ in range(size)])
            await asyncio.sleep(PAUSE_S)


class HttpWriter(Writer):
    """A round is a batch: all or nothing."""

    async def _try(self, words: Sequence[str]) -> None:
        lines = "\n".join(json.dumps({"data": word, "key": word[:KEY_CHARS]}) for word in words)
        async with httpx.AsyncClient(headers=self._headers | NDJSON, trust_env=False, verify=False) as client:
            answer = await client.post(f"{self._url}/events/{self._topic}", content=lines)
        if answer.status_code == 201:
            self._ledger.acknowledged.update(zip(words, answer.json()["ids"], strict=True))
        elif answer.status_code != 503:  # the server goes down or comes up
            raise AssertionError(f"{answer.status_code} {answer.text:.300}")


class SocketWriter(Writer):
    """A round is a window of operations, sent without waiting for their answers."""

    async def _try(self, words: Sequence[str]) -> None:
        url = f"{self._url.replace('http', 'ws', 1)}/events"
        waiting = dict(enumerate(words))
        async with connect(url, additional_headers=self._headers, close_timeout=0.1, proxy=None) as socket:
            for ref, word in waiting.items():
                operation = {"op": "publish", "ref": ref, "topic": self._topic, "data": word, "key": word[:KEY_CHARS]}
                await socket.send(json.dumps(operation))
            while waiting:
                answer = json.loads(await socket.recv())
                if answer.get("op") == "ack":
                    self._ledger.acknowledged[waiting.pop(answer["ref"])] = answer["id"]
                else:
                    assert answer.get("type") in ("stream.open", "stream.close"), answer


WRITERS = {"http": HttpWriter, "socket": SocketWriter}


@asynccontextmanager
async def writing(
    uplink: Proxy, topic: str, headers: dict[str, str], ledger: Ledger, chance: random.Random
) -> AsyncIterator[None]:
    """Several writers publish through ``uplink`` while the block runs; all is acknowledged when it has ended."""
    enough = asyncio.Event()
    writers = {name: kind(uplink.url, topic, headers, ledger) for name, kind in WRITERS.items()}
    rounds = [writer.write_until(enough, random.Random(chance.random()), name) for name, writer in writers.items()]
    async with together(trouble(uplink, chance)), asyncio.TaskGroup() as group:
        for one in rounds:
            group.create_task(one)
        yield
        enough.set()


async def trouble(uplink: Proxy, chance: random.Random) -> None:
    """Break connections to the server at any byte of requests and answers, for ever."""
    while True:
        await uplink.strike(
            chance.choice([Link.cut, Link.close]), after=chance.randrange(2_000), up=chance.random() < 0.5
        )
