"""A cursor: how far one reader has read one topic, and the next step from there."""

from streams.errors import CloseReason, StreamClosed
from streams.hub.hub import Hub
from streams.hub.live import REPLAY, LiveTopic
from streams.hub.position import Position
from streams.hub.ring import Batch, Gap
from streams.models import SlowReaders
from streams.wire.event import event_id


class Cursor:
    """The one place where replay meets live: a step is taken from the ring while it holds what is next, else from the
    log. Nothing is lost or repeated at the seam: both are asked by sequence number.
    """

    __slots__ = ("_gap", "_owed", "epoch", "left", "live", "seq")

    def __init__(self, live: LiveTopic, position: Position) -> None:
        self.live = live
        self.epoch = position.epoch
        self.seq = position.seq
        self.left = False  # unsubscribed from: what is being read for it is not wanted any more
        self._gap = position.gap
        self._owed = live.target  # up to here a reader may take its time: it came late, or all of it came at once

    @property
    def position(self) -> Position:
        """Where it stands now."""
        return Position(self.epoch, self.seq, self._gap)

    @property
    def lag(self) -> int:
        """How many events it is behind."""
        return max(0, self.live.target - self.seq)

    @property
    def has_news(self) -> bool:
        """Whether there is a step to take: events, or something to be told."""
        live = self.live
        return self.seq < live.ring.head or live.gone or self._gap is not None or self.epoch != live.epoch

    def rest(self) -> None:
        """The reader has waited, and was not slow: whatever came by now, it came at once."""
        self._owed = self.live.target

    async def step(self, hub: Hub) -> Batch | None:
        """The next batch of one that ``has_news``; None if it turns out that there is none. Raises as its two parts.

        Cancellation: nothing is taken.
        """
        return self.take(hub) or await self.read(hub)

    def take(self, hub: Hub) -> Batch | None:
        """The next batch as far as memory has it; None: ``read`` it.

        A new life of the log, and what a slow reader was made to skip, are told by the batch's gap. Raises StreamClosed
        (the topic is gone, or disconnects slow readers).
        """
        live = self.live
        if live.gone:
            raise StreamClosed(CloseReason.EXPIRED)
        if self._gap is not None:
            gap, self._gap = self._gap, None
            return Batch(live.name, (), self.seq, gap)
        if self.epoch != live.epoch:
            gap = Gap(event_id(self.epoch, self.seq), event_id(live.epoch, 0), None, "epoch")
            self.epoch, self.seq, self._owed = live.epoch, 0, live.target
            return Batch(live.name, (), 0, gap)
        if live.slow_readers != REPLAY and self._too_slow():
            return self._left_behind()
        batch = live.ring.take(self.seq)
        if batch is not None:
            self.seq = batch.cursor
            live.events_out += len(batch.events)
            hub.events_out += len(batch.events)
        return batch

    async def read(self, hub: Hub) -> Batch | None:
        """One page of the log; events that were trimmed before they could be read are told by its gap.

        None if there is nothing after all: the log began a new life meanwhile, or the topic is gone. Raises
        Unavailable.
        """
        live, epoch, after, life = self.live, self.epoch, self.seq, self.live.life
        page = await hub.read_log(live, after)
        if page is None or not hub.learn(live, page.head, asked_of=life):
            return None
        self.seq = page.events[-1].seq if page.events else page.head.seq
        gap = None
        if page.lost:
            gap = Gap(event_id(epoch, after), event_id(epoch, after + page.lost), page.lost, "trimmed")
        live.events_out += len(page.events)
        hub.events_out += len(page.events)
        return Batch(live.name, page.events, self.seq, gap) if page.events or gap else None

    def _too_slow(self) -> bool:
        """Whether events passed by while this reader was still sending older ones, and more of them than it may miss.

        Replay up to where the log stood when it came, and what came at once while it was waiting, are no lag.
        """
        live = self.live
        if self.seq < self._owed:
            return False
        return self.seq < live.ring.passed or (live.max_lag is not None and self.lag > live.max_lag)

    def _left_behind(self) -> Batch:
        live, lost = self.live, self.lag
        if live.slow_readers == SlowReaders.DISCONNECT:
            raise StreamClosed(CloseReason.LAGGED, behind=lost)
        gap = Gap(event_id(self.epoch, self.seq), event_id(self.epoch, live.target), lost, CloseReason.LAGGED)
        self.seq = self._owed = live.target
        return Batch(live.name, (), self.seq, gap)
