"""An answer's Markdown -> HTML that is safe to put on the page.

Parse, then sanitise, and nothing after that. Raw HTML is shown as text; there are no images (their URLs carry data
out); links go to http, https and mailto alone. What the page styles and may read beside plain elements:

    <div class="highlight" data-language="python"><pre><code class="language-python">…<span class="k">…
    <div class="maths"><math display="block">…     or its LaTeX where that is not understood
    <math display="inline">…
    <td align="right">

Task lists stay text: ``[x] done``. Code is of code_blocks.py, maths of maths.py.
"""

import re
from collections.abc import MutableMapping, Sequence
from html import escape
from threading import local
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from streams.chat import formulas
from streams.chat.code_blocks import CLASSES, LANGUAGES, render_code
from streams.chat.maths import maths
from streams.chat.rendered_once import RenderedOnce

MAX_CHARS = 200_000  # 0.6 s of work; above it the page keeps the plain text
MAX_NESTING = 30  # of lists, which count twice, and quotes; the parser drops what lies deeper, so its source is shown

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # it has no UTF-8
_LINK = re.compile(r"(?:https?://[^/]|mailto:.)", re.IGNORECASE)

_THREAD = local()
_TAGS = frozenset(
    """a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr
    ul""".split()  # noqa: SIM905
)
_ALIGN = {"align": {"left", "right", "center"}}
_CLEANER = nh3.Cleaner(
    tags=_TAGS | formulas.TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}} | {tag: set(formulas.LENGTHS) for tag in formulas.TAGS},
    tag_attribute_values={"td": _ALIGN, "th": _ALIGN, "div": {"data-language": LANGUAGES}}
    | {tag: {name: set(values) for name, values in formulas.VALUES.items()} for tag in formulas.TAGS},
    allowed_classes={
        "div": {"highlight", "maths"},
        "code": {f"language-{name}" for name in LANGUAGES},
        "span": CLASSES,
    },
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)


def render_markdown(text: str) -> str | None:
    """``text`` as sanitised HTML; None if it is longer than MAX_CHARS, where the page shows the text itself.

    Pure, and slow enough (4 ms a KB with code in it, 6 s for the worst that fits) to be called in a thread.
    """
    return None if len(text) > MAX_CHARS else render_piece(text, {}, RenderedOnce())


def render_piece(text: str, references: dict[str, Any], once: RenderedOnce) -> str:
    """The HTML of some whole blocks of an answer; definitions of links are read from ``references``, and added."""
    env = {"references": references, "once": once}
    html: str = markdown_parser().render(without_surrogates(text), env)
    return _CLEANER.clean(html)


def without_surrogates(text: str) -> str:
    """The text in characters that there are, as many."""
    return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def markdown_parser() -> MarkdownIt:
    """CommonMark with tables, strikethrough, maths and bare URLs; one a thread, as its linkifier keeps state."""
    parser: MarkdownIt | None = getattr(_THREAD, "parser", None)
    if parser is None:
        parser = _THREAD.parser = _make_parser()
    return parser


def _make_parser() -> MarkdownIt:
    options = {"html": False, "linkify": True, "maxNesting": MAX_NESTING}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"]).use(maths)
    assert parser.linkify is not None
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})  # else `claude.py` would be a site in Paraguay
    parser.core.ruler.after("block", "too_deep", _show_source_of_deep)
    parser.core.ruler.push("inert", _make_inert)
    parser.add_render_rule("fence", render_code)
    parser.add_render_rule("code_block", render_code)
    parser.add_render_rule("image", _render_image)
    return parser


def _show_source_of_deep(state: StateCore) -> None:
    """Make a block in which something lies too deep into one of code: its own source."""
    flat: list[Token] = []
    block: list[Token] = []
    for token in state.tokens:
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            if max(inner.level for inner in block) >= MAX_NESTING - 1 and block[0].map:
                source = state.src.split("\n")[slice(*block[0].map)]
                block = [Token("code_block", "code", 0, map=block[0].map, content="\n".join([*source, ""]))]
            flat += block
            block = []
    state.tokens = flat


def _make_inert(state: StateCore) -> None:
    """Take links that lead nowhere good out of the tokens, leaving their text, and turn styles into attributes."""
    for token in state.tokens:
        if token.children:
            token.children = _without_bad_links(token.children)
        style = token.attrs.pop("style", None)
        if isinstance(style, str) and style.startswith("text-align:"):
            token.attrs["align"] = style.removeprefix("text-align:")


def _without_bad_links(tokens: list[Token]) -> list[Token]:
    """Links don't nest, so the close that follows a dropped open is its own."""
    kept, dropping = list[Token](), False
    for token in tokens:
        if token.type == "link_open":
            dropping = not _LINK.match(str(token.attrs.get("href", "")))
        if not (dropping and token.type in ("link_open", "link_close")):
            kept.append(token)
    return kept


def _render_image(
    renderer: RendererHTML, tokens: Sequence[Token], i: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """An image's description, as text."""
    return escape(renderer.renderInlineAsText(tokens[i].children or [], options, env))
