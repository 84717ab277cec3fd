"""An answer's Markdown as blocks of HTML, while it grows."""

import asyncio
from dataclasses import dataclass

from streams.chat.rendering import render_markdown


@dataclass(frozen=True, slots=True)
class Block:
    """``html`` shows the next ``chars`` characters of the text; it does not change any more."""

    chars: int
    html: str


class Blocks:
    """Renders one answer, piece by piece; all that is slow happens in a thread."""

    def __init__(self) -> None:
        self._pending: list[str] = []

    async def add(self, text: str) -> list[Block]:
        """More text has come: the blocks that are final now, oldest first."""
        self._pending.append(text)
        return []

    async def finish(self) -> tuple[list[Block], str | None]:
        """The text is whole: the last blocks, and the HTML of the whole where it differs from all blocks together."""
        text = "".join(self._pending)
        html = await asyncio.to_thread(render_markdown, text) if text else None
        return ([Block(len(text), html)] if html else []), None
