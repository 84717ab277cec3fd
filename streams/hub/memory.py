"""Memory of the rings: when all together hold too much, some give way. Their readers are served from the log."""

from collections.abc import Callable, Collection

from streams.hub.live import LiveTopic
from streams.hub.ring import RingMemory

SLACK = 16  # this part of the limit is freed beyond what must be, so that it is not done again for the next event


def make_room(
    memory: RingMemory, limit: int, lives: Collection[LiveTopic], forget: Callable[[LiveTopic], object]
) -> None:
    """Bring ``memory`` below ``limit``: ``forget`` topics that nobody reads, those left longest first; then shrink.

    The largest rings are shrunk to one size, whatever that takes: a busy topic costs its own readers, not others'.
    """
    wanted = limit - limit // SLACK
    for live in sorted((live for live in lives if not live.readers), key=lambda live: live.last_left):
        if memory.bytes <= wanted:
            return
        forget(live)
    rings = sorted((live.ring for live in lives if live.readers), key=lambda ring: ring.size, reverse=True)
    size = _common_size([ring.size for ring in rings], memory.bytes - wanted)
    for ring in rings:
        if ring.size <= size:
            return
        ring.shrink(size)


def _common_size(sizes: list[int], excess: int) -> int:
    """The size to which the largest of ``sizes`` (falling) are to be cut, so that ``excess`` is cut off in all."""
    cut = 0
    for number, size in enumerate(sizes, 1):
        below = sizes[number] if number < len(sizes) else 0
        if cut + number * (size - below) >= excess:
            return size - -(-(excess - cut) // number)
        cut += number * (size - below)
    return 0
