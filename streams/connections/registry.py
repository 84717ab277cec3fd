"""The open streams and sockets of this process, in memory, and what is counted of those that came and went."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import time

from streams.connections.bans import BanList
from streams.connections.connection import Connection
from streams.connections.quota import Quota
from streams.errors import StreamClosed, StreamsError
from streams.hub import Hub, Reader, open_reader
from streams.publishing import Identity, refused_by_code

logger = logging.getLogger(__name__)

MAX_CLOSED = 10_000  # that wait to be written: of more that end within a second only the number is known


class ClientLeft(Exception):
    """The client has left, or nothing more can be sent to it."""


def _why(error: BaseException) -> str:
    """The reason that is shown of a connection whose block ends by ``error``."""
    if isinstance(error, StreamClosed):
        return error.reason
    if isinstance(error, StreamsError):
        return error.code
    left = isinstance(error, GeneratorExit | asyncio.CancelledError | ClientLeft)
    return "left" if left else "failed"


class Registry:
    """A set of connections; each is in it exactly as long as its ``opened`` block runs.

    opened_by_technique, closed_by_reason, refused_by_code: counts since the process began; bytes_gone: those sent over
    connections that have ended.
    """

    def __init__(self) -> None:
        self._connections: dict[str, Connection] = {}
        self._closed: deque[Connection] = deque(maxlen=MAX_CLOSED)
        self.bans = BanList()
        self.opened_by_technique: Counter[str] = Counter()
        self.closed_by_reason: Counter[str] = Counter()
        self.refused_by_code = refused_by_code  # of publishing too
        self.quota = Quota()
        self.bytes_gone = 0

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._connections.values()))

    def get(self, connection_id: str) -> Connection | None:
        """The open connection of that id, if it is here."""
        return self._connections.get(connection_id)

    def admit(self, who: Identity, address: str) -> None:
        """Raise Banned unless ``who`` may come from ``address`` now. In the loop."""
        with self._counting_refusals():
            self.bans.check(who.ids, address)

    def check_room(self, who: Identity, address: str) -> None:
        """Raise LimitReached where ``who``, the address or the process has as many streams as it may. In the loop."""
        with self._counting_refusals():
            self.quota.check(who, address)

    @contextmanager
    def _counting_refusals(self) -> Iterator[None]:
        try:
            yield
        except StreamsError as error:
            self.refused_by_code[error.code] += 1
            raise

    @contextmanager
    def opened(self, connection: Connection) -> Iterator[Connection]:
        """Count ``connection`` for as long as the block runs, whichever way it ends.

        Raises as ``admit`` and ``check_room``: whoever else is connected is not disturbed.
        """
        who, address = connection.who, connection.peer.address
        self.admit(who, address)
        self.check_room(who, address)
        with self.quota.held(who, address), self._listed(connection):
            yield connection

    @contextmanager
    def _listed(self, connection: Connection) -> Iterator[None]:
        self._connections[connection.id] = connection
        self.opened_by_technique[connection.technique] += 1
        try:
            yield
        except BaseException as error:
            connection.close_reason = connection.close_reason or _why(error)
            raise
        finally:
            connection.close_reason = connection.close_reason or "ended"
            connection.closed_at = time()
            del self._connections[connection.id]
            self.closed_by_reason[connection.close_reason] += 1
            self.bytes_gone += connection.bytes_out
            self._closed.append(connection)

    def take_closed(self) -> list[Connection]:
        """Those that have ended since the last call, the oldest first."""
        taken = list(self._closed)
        self._closed.clear()
        return taken

    def by_technique(self) -> dict[str, int]:
        """How many are open, by technique; those that have none are left out."""
        return dict(Counter(connection.technique for connection in self))

    def by_topic(self) -> dict[str, int]:
        """How many read each topic; those that nobody reads are left out."""
        return dict(Counter(topic for connection in self for topic in connection.topics))


registry = Registry()


def drop_deaf() -> None:
    """Let go of the streams that were told to end and have not: nobody reads there. In the loop."""
    dropped = sum(one.reader is not None and one.peer.drop() for one in registry)
    if dropped:
        logger.warning("dropped %d streams, which did not read that they end", dropped)


@asynccontextmanager
async def connected_reader(hub: Hub, technique: str, who: Identity) -> AsyncGenerator[tuple[Reader, Connection], None]:
    """A reader without topics yet; a live connection for as long as the block runs. Raises Banned, LimitReached."""
    async with open_reader(hub) as reader:
        with registry.opened(Connection(technique, who, reader.end, reader.topics, reader)) as connection:
            yield reader, connection
