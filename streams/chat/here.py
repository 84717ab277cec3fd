"""Who does something, and where: what every operation of a room is given."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from streams.chat.generations import GenerationRunner
from streams.models import Room
from streams.publishing import Identity


@dataclass(frozen=True, slots=True)
class Here:
    """``who`` is in ``room``; ``account``: whose limits count."""

    runner: GenerationRunner
    room: Room
    who: Identity
    account: str


Operation = Callable[[Here, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Does what its fields say, and answers what the ack has beside ``ref``. Raises StreamsError."""
