"""Follow: the one place where replay meets live."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from streams.errors import CloseReason, StreamClosed
from streams.eventlog import read_bounds
from streams.hub.hub import Hub
from streams.hub.live import LiveTopic
from streams.hub.ring import Batch, Gap
from streams.wire.event import event_id
from streams.wire.last_event_id import Wish, WishKind


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands: it has seen ``seq`` of ``epoch``. gap: what must be told before the first event."""

    epoch: str
    seq: int
    gap: Gap | None = None

    @property
    def id(self) -> str:
        """The last event id that a client is told."""
        return event_id(self.epoch, self.seq)


async def resolve(hub: Hub, live: LiveTopic, wish: Wish) -> Position:
    """The position that a wish leads to; with a gap where it can't be honoured. Raises Unavailable.

    A wish that is malformed, of another life of the log or ahead of its head begins at the oldest event that is kept;
    one whose events are partly trimmed, after those that are lost.
    """
    if wish.kind is WishKind.NOW:
        return Position(live.epoch, live.ring.head)
    of_this_life = wish.kind is WishKind.AFTER and wish.epoch in (None, live.epoch)
    if of_this_life and live.ring.first - 1 <= wish.number <= live.ring.head:
        return Position(live.epoch, wish.number)
    head, first = await hub.gateway.run(read_bounds, live.name)
    if wish.kind is WishKind.LAST:
        return Position(head.epoch, max(head.seq - wish.number, first - 1))
    oldest = Position(head.epoch, first - 1)
    if wish.kind is WishKind.EARLIEST:
        return oldest
    reason, lost = "malformed", None
    if wish.kind is WishKind.AFTER:
        reason = "epoch"
        if wish.epoch in (None, head.epoch) and wish.number <= head.seq:
            if wish.number >= first - 1:
                return Position(head.epoch, wish.number)
            reason, lost = "trimmed", first - 1 - wish.number
    return Position(oldest.epoch, oldest.seq, Gap(wish.text, oldest.id, lost, reason))


async def follow(hub: Hub, live: LiveTopic, position: Position, *, wait: bool = True) -> AsyncGenerator[Batch, None]:
    """Yield batches of events after ``position``: from the ring while it holds them, else from the log.

    Nothing is lost or repeated across the seam between log and ring: both are asked by sequence number. Events that
    were trimmed before they could be read, and a new life of the log, are told by the batch's gap. A batch with
    neither events nor gap is a heartbeat's silence. Without ``wait`` it ends where it would have to wait.
    Raises StreamClosed when the server ends the stream, Unavailable when the log can't be read.
    Cancellation: safe at every await; consume under ``aclosing``.
    """
    epoch, cursor = position.epoch, position.seq
    if position.gap is not None:
        yield Batch((), cursor, position.gap)
    while True:
        hub.check_open()
        if live.gone:
            raise StreamClosed(CloseReason.EXPIRED)
        if epoch != live.epoch:
            gap = Gap(event_id(epoch, cursor), event_id(live.epoch, 0), None, "epoch")
            epoch, cursor = live.epoch, 0
            yield Batch((), cursor, gap)
            continue
        batch = live.ring.take(cursor)
        if batch is None:
            batch = await _from_log(hub, live, cursor)
            if batch is None:
                continue
        if batch.events or batch.gap:
            cursor = batch.cursor
            hub.events_out += len(batch.events)
            yield batch
        elif not wait:
            return
        elif cursor >= live.ring.head and not await live.wait():
            yield Batch((), cursor)


async def _from_log(hub: Hub, live: LiveTopic, cursor: int) -> Batch | None:
    """One page after ``cursor``; None if the log began a new life meanwhile, or the topic is gone."""
    epoch = live.epoch
    page = await hub.read_log(live, cursor)
    if page is None or not hub.learn(live, page.head) or live.epoch != epoch:
        return None
    first = page.events[0].seq if page.events else page.head.seq + 1
    seen = page.events[-1].seq if page.events else page.head.seq
    gap = None
    if first > cursor + 1:
        gap = Gap(event_id(epoch, cursor), event_id(epoch, first - 1), first - 1 - cursor, "trimmed")
    return Batch(page.events, seen, gap)
