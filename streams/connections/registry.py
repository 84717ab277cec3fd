"""The open streams and sockets of this process, in memory."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from time import time

from streams.connections.peer import Peer, current_peer
from streams.errors import CloseReason
from streams.hub import Hub, Reader, open_reader
from streams.publishing import Identity

logger = logging.getLogger(__name__)

FAREWELL_S = 5.0  # a client that is told to go and reads nothing of it is dropped


@dataclass(eq=False, slots=True)
class Connection:
    """A live connection: its technique, who reads, which topics just now, and how to end it.

    technique: ``sse``, ``ndjson``, ``longpoll``, ``websocket`` or ``chat``. tell: lets the stream tell its client the
    reason and end; what is being sent is sent first. Made in a task of the connection, whose peer it takes.
    """

    technique: str
    who: Identity
    tell: Callable[[CloseReason], None] = lambda reason: None
    topics: Collection[str] = ()
    opened_at: float = field(default_factory=time)  # seconds since the epoch
    peer: Peer = field(default_factory=current_peer)

    def end(self, reason: CloseReason) -> None:
        """End it: the client is told, and dropped ``FAREWELL_S`` later if it has not let go by then. In the loop."""
        self.tell(reason)
        asyncio.get_running_loop().call_later(FAREWELL_S, self._drop, reason)

    def _drop(self, reason: CloseReason) -> None:
        if self.peer.drop():
            told = "dropped a %s stream of %s, which did not read that it ends: %s"
            logger.warning(told, self.technique, self.who.id, reason)


class Registry:
    """A set of connections; each is in it exactly as long as its ``opened`` block runs."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._connections))

    @contextmanager
    def opened(self, connection: Connection) -> Iterator[Connection]:
        """Count ``connection`` for as long as the block runs, whichever way it ends."""
        self._connections.add(connection)
        try:
            yield connection
        finally:
            self._connections.discard(connection)

    def by_technique(self) -> dict[str, int]:
        """How many are open, by technique; those that have none are left out."""
        return dict(Counter(connection.technique for connection in self._connections))

    def by_topic(self) -> dict[str, int]:
        """How many read each topic; those that nobody reads are left out."""
        return dict(Counter(topic for connection in self._connections for topic in connection.topics))


registry = Registry()


@asynccontextmanager
async def connected_reader(hub: Hub, technique: str, who: Identity) -> AsyncGenerator[Reader, None]:
    """A reader without topics yet, which is a live connection for as long as the block runs."""
    async with open_reader(hub) as reader:
        with registry.opened(Connection(technique, who, reader.end, reader.topics)):
            yield reader
