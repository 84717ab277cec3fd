"""Where a Markdown text that still grows may be cut: behind the blocks that nothing to come can change.

Every top-level block but the last is final, since another one has begun behind it; the last one is too if it ends by
itself, as code that is closed does, or a paragraph by a blank line. What is looked at are whole lines only: half of a
line may begin something else than the whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from streams.chat.rendering import markdown_parser, without_surrogates

_LINE_END = re.compile(r"\r\n?|\n")
_ENDED = frozenset({"heading_open", "hr", "maths_block"})
_ENDED_BY_BLANK = frozenset({"paragraph_open", "table_open", "blockquote_open"})
LISTS = frozenset({"bullet_list_open", "ordered_list_open"})
_FENCE_END = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*")


@dataclass(frozen=True, slots=True)
class Cuts:
    """ends: the characters up to the end of each final block. growing: the type of the one that still grows.

    fence: the marks that will close it, if that is code.
    """

    ends: tuple[int, ...]
    growing: str = ""
    fence: str = ""


def closes(line: str, fence: str) -> bool:
    """Whether ``line`` ends the code that was begun by the marks ``fence``."""
    match = _FENCE_END.fullmatch(line.rstrip("\r\n"))
    return match is not None and match[1].startswith(fence)


def find_cuts(text: str, references: Mapping[str, Any], *, whole: bool = False) -> Cuts:
    """The cuts of ``text``, which is whole lines that begin with a block; ``whole``: it is the end, and cut there.

    Only the blocks are parsed, not what is in them.
    """
    ends = [match.end() for match in _LINE_END.finditer(text)]
    if not ends or ends[-1] < len(text):
        ends.append(len(text))
    lines = [text[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    source = _LINE_END.sub("\n", without_surrogates(text)).replace("\0", "\N{REPLACEMENT CHARACTER}")
    tokens: list[Token] = []
    parser = markdown_parser()
    parser.block.parse(source, parser, {"references": dict(references)}, tokens)
    blocks = [(token, token.map) for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]
    final = len(blocks)
    growing = fence = ""
    if blocks and not whole and not _is_final(*blocks[-1], lines):
        final, growing = final - 1, blocks[-1][0].type
        fence = blocks[-1][0].markup if growing == "fence" else ""
    found = [ends[_behind_blank(lines, span[1]) - 1] for _, span in blocks[:final]]
    if whole:
        found[-1:] = [len(text)]  # definitions show nothing
    return Cuts(tuple(found), growing, fence)


def _is_final(block: Token, span: list[int], lines: list[str]) -> bool:
    """Whether the newest block ends by itself."""
    if block.type == "fence":
        return span[1] - span[0] > 1 and closes(lines[span[1] - 1], block.markup)
    if block.type in _ENDED_BY_BLANK:
        return span[1] < len(lines) and _is_blank(lines[span[1]])
    return block.type in _ENDED


def _behind_blank(lines: list[str], line: int) -> int:
    while line < len(lines) and _is_blank(lines[line]):
        line += 1
    return line


def _is_blank(line: str) -> bool:
    return not line.strip(" \t\r\n")
