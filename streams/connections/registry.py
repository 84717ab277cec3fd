"""The open streams and sockets of this process, in memory."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time


@dataclass(eq=False, slots=True)
class Connection:
    """A live connection: its technique, its topics, and who reads.

    technique: ``sse``, ``ndjson``, ``longpoll``, ``websocket`` or ``chat``.
    """

    technique: str
    topics: tuple[str, ...]
    who: str
    opened_at: float = field(default_factory=time)  # seconds since the epoch


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
