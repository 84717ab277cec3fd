"""An answer's Markdown -> HTML that is safe to put on the page, with code highlighted by CSS classes.

Parse, then sanitise, and nothing after that. Raw HTML is shown as text; there are no images (their URLs carry data
out); links go to http, https and mailto alone. What the page styles and may read:

    <div class="highlight" data-language="python"><pre><code class="language-python">…<span class="k">…

``language-text`` where the fence names no language that is known; the spans carry Pygments' short class names.
"""

import re
from collections.abc import MutableMapping, Sequence
from html import escape
from io import StringIO
from threading import local
from time import thread_time

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

MAX_CHARS = 200_000  # 0.6 s of work; above it the page keeps the plain text
_MAX_HIGHLIGHTED_CHARS = 20_000  # one fence; about 0.15 s of Pygments
_HIGHLIGHT_CPU_S = 0.6  # all fences of an answer; hostile code makes some lexers quadratic: 20 KB took 52 s

# what a fence may be called -> the name of Pygments' lexer, which is also the name on the page; not ini and scala:
# one match of theirs can take seconds, and nothing interrupts a match
_LANGUAGES = {
    alias: names.split()[0]
    for names in (
        "bash sh shell zsh console",
        "c h",
        "cpp c++ cc hpp",
        "csharp c# cs",
        "css",
        "diff patch",
        "docker dockerfile",
        "go golang",
        "haskell hs",
        "html htm",
        "java",
        "javascript js jsx mjs node",
        "json json5 jsonc",
        "kotlin kt",
        "lua",
        "make makefile",
        "nginx",
        "php",
        "powershell ps1 pwsh",
        "python py python3",
        "r",
        "ruby rb",
        "rust rs",
        "scss sass",
        "sql postgres postgresql sqlite mysql",
        "swift",
        "toml",
        "typescript ts tsx",
        "xml svg",
        "yaml yml",
    )
    for alias in names.split()
}
_PLAIN = "text"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # it has no UTF-8
_LINK = re.compile(r"(?:https?://[^/]|mailto:.)", re.IGNORECASE)

_THREAD = local()
_TAGS = frozenset(
    """a blockquote br code del div em h1 h2 h3 h4 h5 h6 hr li ol p pre s span strong table tbody td th thead tr
    ul""".split()  # noqa: SIM905
)
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    tag_attribute_values={
        "td": {"align": {"left", "right", "center"}},
        "th": {"align": {"left", "right", "center"}},
        "div": {"data-language": {_PLAIN, *_LANGUAGES.values()}},
    },
    allowed_classes={
        "div": {"highlight"},
        "code": {f"language-{name}" for name in (_PLAIN, *_LANGUAGES.values())},
        "span": set(STANDARD_TYPES.values()) - {""},
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
    if len(text) > MAX_CHARS:
        return None
    html: str = _parser().render(_LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text), {"cpu_s": 0.0})
    return _CLEANER.clean(html)


def _parser() -> MarkdownIt:
    """CommonMark with tables, strikethrough and bare URLs; one for each thread, as its linkifier keeps state."""
    parser: MarkdownIt | None = getattr(_THREAD, "parser", None)
    if parser is None:
        parser = _THREAD.parser = _make_parser()
    return parser


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True}).enable(["table", "strikethrough", "linkify"])
    assert parser.linkify is not None
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})  # else `claude.py` would be a site in Paraguay
    parser.core.ruler.push("inert", _make_inert)
    parser.add_render_rule("fence", _render_code)
    parser.add_render_rule("code_block", _render_code)
    parser.add_render_rule("image", _render_image)
    return parser


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


def _render_code(
    renderer: RendererHTML, tokens: Sequence[Token], i: int, options: OptionsDict, env: MutableMapping[str, float]
) -> str:
    """A fence or an indented block; ``env`` holds the CPU time that this answer's code has cost so far."""
    code, info = tokens[i].content, tokens[i].info.split()
    language = _LANGUAGES.get(info[0].lower(), _PLAIN) if info else _PLAIN
    body = None
    if language != _PLAIN and len(code) <= _MAX_HIGHLIGHTED_CHARS:
        started = thread_time()
        body = _highlighted(code, language, deadline=started + _HIGHLIGHT_CPU_S - env["cpu_s"])
        env["cpu_s"] += thread_time() - started
    return (
        f'<div class="highlight" data-language="{language}">'
        f'<pre><code class="language-{language}">{escape(code) if body is None else body}</code></pre></div>\n'
    )


def _highlighted(code: str, language: str, *, deadline: float) -> str | None:
    """Code as spans; None once this thread's CPU clock passes ``deadline``."""
    lexers: dict[str, Lexer] = _THREAD.__dict__.setdefault("lexers", {})
    if language not in lexers:
        lexers[language] = get_lexer_by_name(language, stripnl=False)  # stripped newlines would move lines
    tokens = list[tuple[object, str]]()
    for token in lexers[language].get_tokens(code):
        if thread_time() > deadline:
            return None
        tokens.append(token)
    html = StringIO()
    HtmlFormatter(nowrap=True).format(tokens, html)
    return html.getvalue()


def _render_image(
    renderer: RendererHTML, tokens: Sequence[Token], i: int, options: OptionsDict, env: MutableMapping[str, float]
) -> str:
    """An image's description, as text."""
    return escape(renderer.renderInlineAsText(tokens[i].children or [], options, env))
