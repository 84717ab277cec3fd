"""Code in an answer, highlighted by Pygments' short class names.

    <div class="highlight" data-language="python"><pre><code class="language-python">…<span class="k">…

``language-text`` where the fence names no language that is known.
"""

from collections.abc import MutableMapping, Sequence
from html import escape
from io import StringIO
from threading import local
from time import thread_time
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

MAX_HIGHLIGHTED_CHARS = 20_000  # one fence; about 0.15 s of Pygments
MAX_HIGHLIGHTED_HTML = 150_000  # what may become of it: an event of the log has to hold it
CLASSES = set(STANDARD_TYPES.values()) - {""}
PLAIN = "text"

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
LANGUAGES = {PLAIN, *_LANGUAGES.values()}
_THREAD = local()


def render_code(
    renderer: RendererHTML, tokens: Sequence[Token], i: int, options: OptionsDict, env: MutableMapping[str, Any]
) -> str:
    """A rule of markdown-it's renderer, for a fence or an indented block; ``env["once"]`` bounds what it costs."""
    code, info = tokens[i].content, tokens[i].info.split()
    language = _LANGUAGES.get(info[0].lower(), PLAIN) if info else PLAIN
    body = None
    if language != PLAIN and len(code) <= MAX_HIGHLIGHTED_CHARS:
        body = env["once"].get(("code", language, code), lambda deadline: _highlighted(code, language, deadline))
    return (
        f'<div class="highlight" data-language="{language}">'
        f'<pre><code class="language-{language}">{escape(code) if body is None else body}</code></pre></div>\n'
    )


def _highlighted(code: str, language: str, deadline: float) -> str | None:
    """Code as spans; None once this thread's CPU clock passes ``deadline``, or where it becomes too much."""
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
    return html.getvalue() if html.tell() <= MAX_HIGHLIGHTED_HTML else None
