"""Publishers that know what they were told: every payload is its own idempotency key, and every answer is kept."""

import asyncio
import json
import random
from dataclasses import dataclass, field

import httpx

from tests.harness.readers import Reader

RETRY_S = 0.05
LIMIT_S = 30.0


@dataclass
class Ledger:
    """The id of every acknowledged payload; payloads whose fate is not known; answers that nobody expects."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)
    lost_answers: int = 0
    unavailable: int = 0

    @property
    def settled(self) -> int:
        """How many payloads nobody will try again."""
        return len(self.acknowledged) + len(self.unknown)

    def check(self, reader: Reader) -> None:
        """What a reader has seen from its first event on: dense, each once, and all that was acknowledged."""
        seqs = reader.seqs()
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert len({event.id for event in reader.events}) == len(reader.events)
        arrived = {event.data: event.id for event in reader.events}
        assert len(arrived) == len(reader.events), "a payload came twice"
        assert self.acknowledged.items() <= arrived.items()
        assert arrived.keys() <= self.acknowledged.keys() | self.unknown
        assert not self.unexpected


class Publisher:
    """Publishes payloads, single and in batches; ``give_up``: the share of lost answers not asked for again."""

    def __init__(
        self,
        url: str,
        topic: str,
        headers: dict[str, str],
        ledger: Ledger,
        *,
        seed: str,
        batch: int = 40,
        give_up: float = 0.2,
    ) -> None:
        self._path, self._ledger, self._batch, self._give_up = f"{url}/events/{topic}", ledger, batch, give_up
        self._headers, self._chance = headers, random.Random(seed)

    async def publish(self, payloads: list[str]) -> None:
        """Publish them all, in their order."""
        async with httpx.AsyncClient(headers=self._headers, timeout=LIMIT_S) as client:
            while payloads:
                size = self._batch if self._chance.random() < 0.3 else 1
                await self._until_settled(client, payloads[:size])
                payloads = payloads[size:]

    async def _until_settled(self, client: httpx.AsyncClient, payloads: list[str]) -> None:
        content = "\n".join(json.dumps({"data": payload, "key": payload}) for payload in payloads)
        kind = "application/json" if len(payloads) == 1 else "application/x-ndjson"
        while not await self._try(client, payloads, content, kind):
            await asyncio.sleep(RETRY_S)

    async def _try(self, client: httpx.AsyncClient, payloads: list[str], content: str, kind: str) -> bool:
        """Whether this is the end of it."""
        ledger = self._ledger
        try:
            answer = await client.post(self._path, content=content, headers={"Content-Type": kind})
        except httpx.ConnectError:
            return False  # nothing was sent
        except httpx.TransportError:
            ledger.lost_answers += 1
            given_up = self._chance.random() < self._give_up
            if given_up:
                ledger.unknown.update(payloads)
            return given_up
        if answer.status_code == 201:
            ids = answer.json().get("ids") or [answer.json()["id"]]
            ledger.acknowledged.update(zip(payloads, ids, strict=True))
            return True
        if answer.status_code == 503 and "retry-after" in answer.headers:
            ledger.unavailable += 1
            return False
        ledger.unexpected.append(f"{answer.status_code} {answer.text:.300}")
        ledger.unknown.update(payloads)
        return True
