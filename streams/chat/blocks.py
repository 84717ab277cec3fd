"""An answer's Markdown as blocks of HTML, while it grows: in time and in bytes linear in its length.

Blocks are looked for in the tail alone, the text behind those that are final; each is rendered once, when it is. How
often the tail is looked at is bounded too: a character pays for ``LOOKS`` looks at it, so that a list of 40 KB, whose
every line could be its last, is looked at some dozens of times. Until then the page shows the tail as text.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeVar, TypeVarTuple

from streams.chat.block_cuts import LISTS, closes, find_cuts
from streams.chat.rendered_once import RenderedOnce
from streams.chat.rendering import MAX_CHARS, render_piece
from streams.wire.jsontext import encode_json

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
LOOKS = 4
MAX_BLOCK_CHARS = 16_000  # of several small blocks that become final at once
MAX_BLOCK_BYTES = 200_000  # as JSON: an event has to hold it; what is larger stays text, and so does what follows
THREADS = 2  # of a process: rendering holds the interpreter, and more of them would only keep the loop waiting

_RENDERERS = ThreadPoolExecutor(THREADS, thread_name_prefix="streams-render")
_GOES_ON = re.compile(r"[ \t]|[-+*>][ \t]|\d{1,9}[.)][ \t]")  # a line that may still belong to the block before


@dataclass(frozen=True, slots=True)
class Block:
    """``html`` shows the next ``chars`` characters of the text; it does not change any more."""

    chars: int
    html: str


@dataclass(slots=True)
class _Tail:
    """What is not final yet: whole lines, and the pieces of the newest one. growing, fence: as in ``Cuts``."""

    lines: str = ""
    line: list[str] = field(default_factory=list)
    last: str = ""
    growing: str = ""
    fence: str = ""

    def add(self, text: str) -> str:
        """Take more text; the lines that it made whole."""
        head, newline, rest = text.rpartition("\n")
        if not newline:
            self.line.append(text)
            return ""
        fresh = "".join([*self.line, head, newline])
        self.lines += fresh
        self.line = [rest]
        return fresh


class Blocks:
    """Renders one answer, piece by piece; all that is slow happens in a thread, and one thing at a time.

    Cancellation: what was being rendered is rendered again by the next call.
    """

    def __init__(self) -> None:
        self._text: list[str] = []
        self._chars = 0
        self._tail = _Tail()
        self._may_look = 0  # characters
        self._html: list[str] = []
        self._references: dict[str, Any] = {}
        self._once = RenderedOnce()
        self._stopped = False  # the rest stays text

    async def add(self, text: str) -> list[Block]:
        """More text has come: the blocks that are final now, oldest first. Above MAX_CHARS there are no more."""
        self._text.append(text)
        self._chars += len(text)
        self._may_look += LOOKS * len(text)
        lines = self._tail.add(text)
        if not lines or self._stopped or not self._worth_a_look(lines):
            return []
        if self._chars > MAX_CHARS:
            self._stopped = True
            return []
        self._may_look -= len(self._tail.lines)
        return await self._cut(whole=False)

    async def finish(self) -> tuple[list[Block], str | None]:
        """The text is whole: the last blocks, and the HTML of the whole where it differs from all blocks together.

        It does where a link is defined behind the block that has it. Above MAX_CHARS there is neither.
        """
        if self._stopped or self._chars > MAX_CHARS:
            return [], None
        self._tail.lines += "".join(self._tail.line)
        self._tail.line = []
        blocks = await self._cut(whole=True) if self._tail.lines else []
        if self._stopped:
            return blocks, None
        html = await _in_a_thread(render_piece, "".join(self._text), {}, self._once)
        return blocks, None if html == "".join(self._html) else html

    def _worth_a_look(self, lines: str) -> bool:
        """Whether the new lines may have made a block final, and enough text has come since the last look.

        So much is kept for the line that surely begins another block that it need not wait.
        """
        tail = self._tail
        if tail.fence and not any(closes(line, tail.fence) for line in lines.split("\n")):
            return False
        sure = bool(tail.fence)
        for line in lines.split("\n")[:-1]:
            blank = not line.strip(" \t\r")
            was_blank, tail.last = not tail.last.strip(" \t\r"), line
            sure |= tail.growing not in LISTS if blank else was_blank and not _GOES_ON.match(line)
        return self._may_look >= (1 if sure else 2) * len(tail.lines)

    async def _cut(self, *, whole: bool) -> list[Block]:
        made = await _in_a_thread(_render_final, self._tail.lines, dict(self._references), self._once, whole)
        self._references, self._tail.growing, self._tail.fence = made.references, made.growing, made.fence
        self._stopped |= made.too_large
        self._tail.lines = self._tail.lines[sum(block.chars for block in made.blocks) :]
        self._html += [block.html for block in made.blocks]
        return made.blocks


@dataclass(slots=True)
class _Made:
    blocks: list[Block]
    references: dict[str, Any]
    growing: str
    fence: str
    too_large: bool = False


def _render_final(text: str, references: dict[str, Any], once: RenderedOnce, whole: bool) -> _Made:
    """Cut off what is final and render it, several small blocks as one."""
    cuts = find_cuts(text, references, whole=whole)
    made = _Made([], references, cuts.growing, cuts.fence)
    begin = 0
    for end, following in zip(cuts.ends, [*cuts.ends[1:], inf], strict=False):
        if following - begin <= MAX_BLOCK_CHARS:
            continue
        html = render_piece(text[begin:end], references, once)
        if len(encode_json(html).encode()) > MAX_BLOCK_BYTES:
            made.too_large = True
            return made
        made.blocks.append(Block(end - begin, html))
        begin = end
    return made


async def _in_a_thread(function: Callable[[*Ts], T], *args: *Ts) -> T:
    return await asyncio.get_running_loop().run_in_executor(_RENDERERS, function, *args)
