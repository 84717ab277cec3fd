"""A live connection of this process: who reads what by which technique, how it fares, and how to end it."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from secrets import token_hex
from time import time

from streams.connections.latency import Histogram
from streams.connections.peer import Peer, current_peer
from streams.errors import CloseReason
from streams.hub import Batch, Reader
from streams.publishing import Identity

logger = logging.getLogger(__name__)

FAREWELL_S = 5.0  # a client that is told to go and reads nothing of it is dropped
MAX_HISTORY = 30  # things that happened to one connection; the oldest are forgotten
latency = Histogram()  # of all deliveries of this process


@dataclass(eq=False, slots=True)
class Connection:
    """A live connection. Made in a task of the connection, whose peer it takes.

    technique: ``sse``, ``ndjson``, ``longpoll``, ``websocket``, ``chat`` or ``report``. tell: lets the stream tell its
    client the reason and end; what is being sent is sent first. reader: what has cursors and takes notices; None where
    no topic is followed. Times are in seconds since the epoch; 0: never.
    """

    technique: str
    who: Identity
    tell: Callable[[CloseReason], None] = lambda reason: None
    topics: Collection[str] = ()
    reader: Reader | None = None
    opened_at: float = field(default_factory=time)
    peer: Peer = field(default_factory=current_peer)
    id: str = field(default_factory=lambda: token_hex(8))
    events_out: int = 0
    bytes_out: int = 0
    last_sent_at: float = 0.0
    closed_at: float = 0.0
    close_reason: str = ""
    history: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=MAX_HISTORY))

    @property
    def lag(self) -> int:
        """Events by which the cursor that is furthest behind is behind."""
        return max((cursor.lag for cursor in self.reader.cursors), default=0) if self.reader is not None else 0

    def note(self, what: str) -> None:
        """Keep for its history that something happened."""
        self.history.append((time(), what))

    def sent(self, size: int) -> None:
        """Count bytes that the server has taken."""
        self.bytes_out += size
        self.last_sent_at = time()

    def delivered(self, batch: Batch, size: int) -> None:
        """Count a batch that the server has taken, in ``size`` bytes that were not counted yet.

        Its age is a latency only if it was published while the connection was open; else it is replay.
        """
        self.sent(size)
        if batch.gap is not None:
            lost = "events" if batch.gap.lost is None else f"{batch.gap.lost} events"
            self.note(f"missed {lost} of {batch.topic}: {batch.gap.reason}")
        if batch.events:
            self.events_out += len(batch.events)
            published_at = batch.events[0].created_at.timestamp()
            if published_at >= self.opened_at:
                latency.add((self.last_sent_at - published_at) * 1000, len(batch.events))

    def notify(self, text: str) -> bool:
        """Send the client a notice; whether its technique can carry one. In the loop."""
        if self.reader is None:
            return False
        self.note(f"notice: {text}")
        self.reader.notify(text)
        return True

    def end(self, reason: CloseReason) -> None:
        """End it: the client is told, and dropped ``FAREWELL_S`` later if it has not let go by then. In the loop."""
        self.close_reason = self.close_reason or reason
        self.tell(reason)
        asyncio.get_running_loop().call_later(FAREWELL_S, self._drop, reason)

    def _drop(self, reason: CloseReason) -> None:
        if self.peer.drop():
            told = "dropped a %s stream of %s, which did not read that it ends: %s"
            logger.warning(told, self.technique, self.who.id, reason)
