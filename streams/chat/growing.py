"""An answer while it grows: pieces of the model become events of the room's log."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from streams.chat.blocks import Block, Blocks
from streams.chat.generation_rows import Shown
from streams.chat.provider import Counted, Finished, Piece, TextPiece, ThinkingPiece, Usage
from streams.conf import StreamSettings
from streams.errors import TooLarge
from streams.publishing import apublish_events, new_event
from streams.wire.event import NewEvent

LONG_CHARS = 6_000  # an answer of so many is told at the slowest pace; 40 KB then cost 4 times their HTML
BYTES_PER_CHAR = 12  # of JSON, at most: a character beyond the BMP is two escapes of six
ENVELOPE_BYTES = 200  # of an event's data beside its text


class Growing:
    """What has come of one answer. ``take`` is called by one task; what it has begun comes to its end all the same."""

    def __init__(self, generation_id: UUID, topic: str, settings: StreamSettings) -> None:
        self._generation = str(generation_id)
        self._topic = topic
        self._settings = settings
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._chars = self._thought_chars = 0
        self._blocks = Blocks()
        self._html: list[str] = []
        self._html_chars = 0
        self._thinks = False
        self._told_all = True
        self._telling: asyncio.Future[None] | None = None
        self.begun = False  # the room has seen something of it
        self.counted: Usage | None = None
        self.finished: Finished | None = None
        self.first_text_at: datetime | None = None

    @property
    def text(self) -> str:
        """What was told of the answer."""
        return "".join(self._text)

    @property
    def thinking(self) -> str:
        """What was told of the thoughts before it."""
        return "".join(self._thinking)

    @property
    def gather_s(self) -> float:
        """How long the next pieces are let gather: little at first, and more the longer the answer is."""
        least, most = self._settings.coalesce_s, self._settings.coalesce_max_s
        return least + max(0.0, most - least) * min(1.0, (self._chars + self._thought_chars) / LONG_CHARS)

    async def take(self, pieces: Iterable[Piece]) -> None:
        """Tell the room what has come; one append. Cancellation: that is done all the same, see ``settle``."""
        self._telling = asyncio.ensure_future(self._take(pieces))
        await asyncio.shield(self._telling)

    async def settle(self) -> None:
        """Wait for what was begun, whatever becomes of it."""
        if self._telling is not None:
            await asyncio.wait([self._telling])

    async def finish(self) -> Shown | None:
        """The text has come to its end: tell the last blocks; the HTML of all of it."""
        blocks, correction = await self._blocks.finish()
        if events := self._block_events(blocks):
            await apublish_events(self._topic, events)
        if not self._chars:
            return None
        told = len(self._html) if self._told_all else None
        if correction is not None:
            return Shown(correction, self._chars, told, replaces=True)
        return Shown("".join(self._html), self._html_chars, told)

    async def _take(self, pieces: Iterable[Piece]) -> None:
        text: list[str] = []
        thinking: list[str] | None = None
        for piece in pieces:
            if isinstance(piece, TextPiece):
                text.append(piece.text)
            elif isinstance(piece, ThinkingPiece):
                thinking = [*(thinking or []), piece.text]
            elif isinstance(piece, Counted):
                self.counted = piece.usage
            else:
                self.finished = piece
        events = [] if thinking is None else self._thinking_events("".join(thinking))
        events += await self._text_events("".join(text)) if text else []
        if events:
            await apublish_events(self._topic, events)

    def _thinking_events(self, text: str) -> list[NewEvent]:
        """That the model thinks is told once, even if it does not show what."""
        parts = _parts(text, self._part_chars) or ([] if self._thinks else [""])
        self.begun = self._thinks = True
        self._thinking.append(text)
        self._thought_chars += len(text)
        return [self._event("thinking", text=part) for part in parts]

    async def _text_events(self, text: str) -> list[NewEvent]:
        self.begun = True
        self.first_text_at = self.first_text_at or timezone.now()
        self._text.append(text)
        self._chars += len(text)
        deltas = [self._event("delta", text=part) for part in _parts(text, self._part_chars)]
        return deltas + self._block_events(await self._blocks.add(text))

    def _block_events(self, blocks: Iterable[Block]) -> list[NewEvent]:
        """After one that is too large to be told none is: they could not be told where they belong."""
        events: list[NewEvent] = []
        for block in blocks:
            index = len(self._html)
            self._html.append(block.html)
            self._html_chars += block.chars
            try:
                if self._told_all:
                    events.append(self._event("block", index=index, chars=block.chars, html=block.html))
            except TooLarge:
                self._told_all = False
        return events

    @property
    def _part_chars(self) -> int:
        return max(1, (self._settings.max_event_bytes - ENVELOPE_BYTES) // BYTES_PER_CHAR)

    def _event(self, kind: str, **data: Any) -> NewEvent:
        return new_event({"generation": self._generation, **data}, type=f"generation.{kind}")


def _parts(text: str, chars: int) -> list[str]:
    return [text[i : i + chars] for i in range(0, len(text), chars)]
