"""Maths in Markdown, as models write it: ``$…$``, ``\\(…\\)`` in a line; ``$$…$$``, ``\\[…\\]`` on lines of their own.

A dollar sign is maths only between signs that stick to what they enclose: "$5 and $10", ``$HOME/$USER`` and "a US$ or
two" are none. Where a formula begins a line it is a block of its own up to its closing sign or the next blank line; if
that comes first, it is a paragraph.
"""

import re
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from streams.chat.formulas import MAX_FORMULA_CHARS, formula
from streams.chat.rendered_once import RenderedOnce

_CLOSING = {"$$": "$$", r"\[": r"\]", r"\(": r"\)"}
_PROSE = re.compile(r"\d[^\\^_=+*/<>{}]*\s")  # an amount of money and more words: "5 (or US"


def maths(parser: MarkdownIt) -> None:
    """A plugin of markdown-it."""
    parser.block.ruler.before("fence", "maths", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.inline.ruler.before("escape", "maths", _inline)
    parser.add_render_rule("maths_block", _render_block)
    parser.add_render_rule("maths_inline", _render_inline)


# -- on lines of its own --------------------------------------------------------------------------------------------


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """From a line that opens maths to the one that closes it; up to a blank line or the end it is a paragraph."""
    opening = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]].rstrip()
    closing = _CLOSING.get(opening[:2])
    if closing is None or opening[:2] == r"\(" or opening[:3] == "$$$" or state.is_code_block(start):
        return False
    here = opening.find(closing, 2)
    if here >= 0 and here + 2 < len(opening):
        return False  # it closes, and the line goes on: an inline formula
    if silent:
        return True
    line, closed = start + 1, here >= 0
    while line < end and not closed and not state.isEmpty(line) and state.sCount[line] >= state.blkIndent:
        closed = state.src[state.bMarks[line] : state.eMarks[line]].rstrip().endswith(closing)
        line += 1
    state.line = line
    source = state.getLines(start, line, state.blkIndent, False).strip()
    if closed:
        token = state.push("maths_block", "math", 0)
        token.content, token.markup, token.map = source, closing, [start, line]
    else:
        state.push("paragraph_open", "p", 1).map = [start, line]
        inline = state.push("inline", "", 0)
        inline.content, inline.map, inline.children = source, [start, line], []
        state.push("paragraph_close", "p", -1)
    return True


def _render_block(
    renderer: RendererHTML, tokens: Sequence[Token], i: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    return f'<div class="maths">{_shown(tokens[i].content, env["once"], display=True)}</div>\n'


# -- in a line ------------------------------------------------------------------------------------------------------


def _inline(state: StateInline, silent: bool) -> bool:
    """A formula at ``state.pos``, or dollar signs that are none."""
    pos, src = state.pos, state.src
    if src[pos] == "$":
        return _dollars(state, silent)
    closing = _CLOSING.get(src[pos : pos + 2])
    if closing is None:
        return False
    end = src.find(closing, pos + 2, min(pos + MAX_FORMULA_CHARS, state.posMax))
    return end > pos + 2 and _push(state, end + 2, silent, display=closing == r"\]")


def _dollars(state: StateInline, silent: bool) -> bool:
    pos, src, limit = state.pos, state.src, min(state.pos + MAX_FORMULA_CHARS, state.posMax)
    begin = pos
    while begin < state.posMax and src[begin] == "$":
        begin += 1
    sign = src[pos:begin]
    end = begin
    while (end := src.find("$", end, limit)) >= 0 and src[end - 1] == "\\":
        end += 1
    if end >= 0 and len(sign) <= 2 and src.startswith(sign, end) and end + len(sign) <= state.posMax:
        before, after, inside = src[pos - 1 : pos], src[end + len(sign) : end + len(sign) + 1], src[begin:end]
        sticks = not inside[0].isspace() and not inside[-1].isspace() if len(sign) == 1 else bool(inside.strip())
        alone = not (before.isalnum() or after.isalnum() or after in ("$", "{") or "`" in inside)
        if sticks and alone and not (len(sign) == 1 and _PROSE.match(inside)):
            return _push(state, end + len(sign), silent, display=len(sign) == 2)
    if not silent:
        state.append_pending(sign)
    state.pos = begin
    return True


def _push(state: StateInline, end: int, silent: bool, *, display: bool) -> bool:
    if not silent:
        token = state.push("maths_inline", "math", 0)
        token.content, token.markup = state.src[state.pos : end], "$$" if display else "$"
    state.pos = end
    return True


def _render_inline(
    renderer: RendererHTML, tokens: Sequence[Token], i: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    return _shown(tokens[i].content, env["once"], display=tokens[i].markup == "$$")


def _shown(source: str, once: RenderedOnce, *, display: bool) -> str:
    """The formula, or its source where it is not understood; ``source`` is with the signs around it."""
    size = 1 if source[0] == "$" and source[1] != "$" else 2
    shown = once.get(("maths", source, display), lambda _: formula(source[size:-size].strip(), display=display))
    return escape(source, quote=False) if shown is None else shown
