"""What networks do to a connection: each fault strikes once, at a byte that chance chooses, while events flow."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.conformance.checks import soon
from tests.conformance.clients import Reader
from tests.harness.proxy import Link, Proxy, arbitrarily, byte_by_byte, whole
from tests.harness.publishers import Ledger

REACH = 1_500  # bytes to a strike at most: it may hit the head of an answer, an event, or the space between two
FLOW = 20  # events: more than the ring of a small site holds


@dataclass(frozen=True, slots=True)
class Scene:
    """One reader behind a network, and what was acknowledged to those who publish."""

    network: Proxy
    reader: Reader
    ledger: Ledger
    chance: random.Random

    async def strike(self, action: Callable[[Link], None]) -> Link:
        """Do it to the connection that carries a byte of chance's choice."""
        return await self.network.strike(action, after=self.chance.randrange(REACH))

    async def told(self, count: int) -> None:
        """Wait until the reader was told ``count`` events more."""
        enough = len(self.reader.told) + count
        await soon(lambda: len(self.reader.told) >= enough)

    async def published(self, count: int) -> None:
        """Wait until ``count`` events more are in the log."""
        enough = len(self.ledger.acknowledged) + count
        await soon(lambda: len(self.ledger.acknowledged) >= enough)

    async def reconnected(self) -> None:
        """Wait until the reader has opened another connection."""
        before = len(self.reader.lines)
        await soon(lambda: len(self.reader.lines) > before)


async def cut(scene: Scene) -> None:
    """The connection is reset."""
    await scene.strike(Link.cut)
    await scene.told(1)


async def close(scene: Scene) -> None:
    """The connection is closed in the midst of an answer."""
    await scene.strike(Link.close)
    await scene.told(1)


async def stall(scene: Scene) -> None:
    """Bytes are held, the connection stays open, the topic moves on; then all comes at once."""
    link = await scene.strike(Link.stall)
    await scene.published(FLOW)
    link.release()
    await scene.told(FLOW)


async def crumbs(scene: Scene) -> None:
    """Every byte comes in a packet of its own, both ways, from the first of a connection on."""
    await _split(scene, byte_by_byte)


async def shreds(scene: Scene) -> None:
    """Bytes come in packets of any length."""
    await _split(scene, arbitrarily(scene.chance))


async def _split(scene: Scene, split: Callable[[bytes], object]) -> None:
    scene.network.split = split
    await scene.strike(Link.cut)
    await scene.told(FLOW)
    scene.network.split = whole


async def lose_server(scene: Scene) -> None:
    """Half-open: the server's side is gone, and the client is not told."""
    await scene.strike(Link.lose_server)
    await scene.reconnected()
    await scene.told(1)


async def lose_client(scene: Scene) -> None:
    """Half-open: the client's side is gone, and the server is not told until much later."""
    link = await scene.strike(Link.lose_client)
    await scene.told(FLOW)
    link.cut()


async def refuse(scene: Scene) -> None:
    """The network is away for a while."""
    before, scene.network.refusing = scene.network.refused, True
    scene.network.cut()
    await soon(lambda: scene.network.refused >= before + 3)
    scene.network.refusing = False
    await scene.told(1)


async def reorder(scene: Scene) -> None:
    """A connection is taken for dead, another one is served; then the old one's bytes arrive after all."""
    scene.reader.keeps_old_lines = True
    link = await scene.strike(Link.stall)
    await scene.reconnected()
    await scene.told(FLOW)
    before = len(scene.reader.late)
    link.release()
    await soon(lambda: len(scene.reader.late) > before)
    link.cut()


Fault = Callable[[Scene], Awaitable[None]]
TIMES: dict[Fault, int] = {
    cut: 4, close: 4, stall: 2, crumbs: 2, shreds: 2, lose_server: 1, lose_client: 2, refuse: 1, reorder: 1,
}  # fmt: skip
FAULTS: dict[str, Fault] = {fault.__name__: fault for fault in TIMES}
