"""Where a reader stands in a log, and how it comes to stand there."""

from dataclasses import dataclass

from streams.eventlog import Head, read_bounds
from streams.hub.hub import Hub
from streams.hub.live import LiveTopic
from streams.hub.ring import Gap
from streams.wire.event import event_id
from streams.wire.last_event_id import UNTOLD, Wish, WishKind, parse_last_event_id


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

    @property
    def resume_id(self) -> str:
        """What a client should come back with: as long as a gap is to be told, what leads to that gap again.

        That is what it asked for, unless that is malformed only here: one id for several topics, which would be an id
        in each of them once it stands in a joint id.
        """
        if self.gap is None:
            return self.id
        understood = parse_last_event_id(self.gap.requested).kind is not WishKind.MALFORMED
        return UNTOLD if understood and self.gap.reason == WishKind.MALFORMED else self.gap.requested


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
    head, first = await _bounds(hub, live, wish.number if wish.kind is WishKind.LAST else None)
    oldest = Position(head.epoch, first - 1)
    if wish.kind in (WishKind.EARLIEST, WishKind.LAST):
        return oldest
    reason, lost = str(WishKind.MALFORMED), None
    if wish.kind is WishKind.AFTER:
        reason = "epoch"
        if wish.epoch in (None, head.epoch) and wish.number <= head.seq:
            if wish.number >= first - 1:
                return Position(head.epoch, wish.number)
            reason, lost = "trimmed", first - 1 - wish.number
    return Position(oldest.epoch, oldest.seq, Gap(wish.text, oldest.id, lost, reason))


async def _bounds(hub: Hub, live: LiveTopic, last: int | None) -> tuple[Head, int]:
    """The head of the log and the oldest event that is kept, or of the ``last``, of the life that ``live`` is in."""
    while True:
        life = live.life
        head, first = await hub.gateway.run(read_bounds, live.name, last)
        if hub.learn(live, head, asked_of=life) or live.life == (head.topic_id, head.epoch):
            return head, first
