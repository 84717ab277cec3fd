"""Markdown from a model is hostile until shown otherwise: it may be led by anybody's text."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest

from streams.chat import rendered_once
from streams.chat.formulas import LENGTHS, TAGS, VALUES
from streams.chat.rendering import MAX_CHARS, render_markdown
from tests.fakes.messages_scenarios import HOSTILE


class Elements(HTMLParser):
    """What a browser would make of it: tags and attributes, text left aside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def rendered(text: str) -> str:
    html = render_markdown(text)
    assert html is not None
    return html


# -- hostile --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<iframe src=//evil.example></iframe>",
        "<style>*{display:none}</style><form action=/x><input></form>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#x73;cript:alert(1))",
        "[x](&#x6A;avascript:alert(1))",
        "[x](java\tscript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](vbscript:msgbox(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](file:///etc/passwd)",
        "[x](/admin/delete)",
        "[x](admin/delete)",
        "[x](?delete=1)",
        "[x](#top)",
        "[x](//evil.example)",
        "[x](\\\\evil.example)",
        "[x](http:/admin)",
        "[x](https:///admin)",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        "[x]: //evil.example\n\n[x]",
        '[x](https://ok.example "><script>alert(1)</script>")',
        '[x](https://ok.example/"onmouseover="alert(1))',
        "![x](https://evil.example/leak.png)",
        "![x](javascript:alert(1))",
        "[![x](https://evil.example/leak.png)](javascript:alert(1))",
        '```"><script>alert(1)</script>\nx\n```',
        '```python" onclick="alert(1)\nx\n```',
        "```html\n<script>alert(1)</script><img src=x onerror=alert(1)>\n```",
        "    <script>alert(1)</script>",
        "`<script>alert(1)</script>`",
        "| <img src=x onerror=alert(1)> |\n|:-:|\n| <b onclick=alert(1)>x</b> |",
        "<!-- --><script>alert(1)</script>",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\text{<script>alert(1)</script>}$ and $$\unicode{x3c}img src=x onerror=alert(1)\unicode{x3e}$$",
        r"$\style{position:fixed}{x}$ $\rule{999em}{999em}$ $\hspace{-99em}$ $\raisebox{99em}{x}$ $\color{red}{x}$",
        "$\\text{</mtext></math><img src=x onerror=alert(1)>}$",
        "\\[\n\\mglyph{x}<annotation-xml><style><img src=x onerror=alert(1)>\n\\]",
    ],
)
def test_hostile_markdown_is_inert(text: str) -> None:
    elements = Elements(rendered(text))
    allowed = "a blockquote br code div em h1 h2 h3 hr li ol p pre s span strong table tbody td th thead tr ul"
    assert set(elements.tags) <= set(allowed.split()) | TAGS
    for name, value in elements.attributes:
        assert name in {"href", "title", "rel", "target", "class", "data-language", "align", "start", *VALUES, *LENGTHS}
        if name in LENGTHS:
            assert abs(float((value or "").strip("+empxt"))) < 17
        if name == "href":
            assert re.match(r"https?://ok\.example", value or "")


@pytest.mark.parametrize("target", ["/admin/delete", "//evil.example", "page", "#top"])
def test_links_into_this_site_become_their_text(target: str) -> None:
    assert rendered(f"before [the **label**]({target}) after") == "<p>before the <strong>label</strong> after</p>\n"


def test_a_good_link_beside_a_bad_one_stays() -> None:
    html = rendered("[bad](/x) [good](https://ok.example) [bad](//y) [mail](mailto:a@ok.example)")
    assert html.count("<a ") == html.count("</a>") == 2
    assert html.startswith("<p>bad <a ")


def test_links_tell_the_other_side_nothing() -> None:
    attributes = dict(Elements(rendered("[x](https://ok.example)")).attributes)
    assert attributes == {"href": "https://ok.example", "target": "_blank", "rel": "noopener noreferrer nofollow"}


def test_an_image_is_its_description() -> None:
    assert rendered("![a <small> cat](https://evil.example/p.png?leak=1)") == "<p>a &lt;small&gt; cat</p>\n"


# -- what people write ----------------------------------------------------------------------------------------------


def test_bare_urls_are_links_and_file_names_are_not() -> None:
    html = rendered("see https://ok.example/a, claude.py, README.md and www.ok.example")
    assert html.count("<a ") == 1


def test_code_is_highlighted_by_classes_and_names_its_language() -> None:
    html = rendered("```py\ndef f(): return 1 < 2\n```")
    assert html.startswith('<div class="highlight" data-language="python"><pre><code class="language-python"><span ')
    assert '<span class="k">def</span>' in html
    assert "&lt;" in html
    assert "style=" not in html


@pytest.mark.parametrize("info", ["", "nonesuch", "guess", "text"])
def test_code_of_an_unknown_language_is_plain(info: str) -> None:
    assert rendered(f"```{info}\na < b\n```") == (
        '<div class="highlight" data-language="text"><pre><code class="language-text">a &lt; b\n</code></pre></div>\n'
    )


def test_blank_lines_at_the_edges_of_code_stay() -> None:
    assert "\n\n<span" in rendered("```python\n\n\nx = 1\n\n```").replace('">\n', '">\n\n', 1)


def test_code_above_the_limit_is_plain_and_whole() -> None:
    html = rendered("```python\n" + "x = 1\n" * 5_000 + "```")
    assert "<span" not in html
    assert html.count("x = 1") == 5_000


def test_an_unfinished_fence_is_shown_as_code() -> None:
    assert "<code" in rendered("```python\nx = 1")


def test_tables_keep_their_alignment_without_styles() -> None:
    html = rendered("| a | b | c |\n|:-:|--:|---|\n| 1 | 2 | ~~3~~ |")
    assert '<td align="center">1</td>' in html
    assert '<td align="right">2</td>' in html
    assert "<td><s>3</s></td>" in html


def test_a_list_keeps_the_number_it_starts_with() -> None:
    assert '<ol start="3">' in rendered("3. c\n4. d")


@pytest.mark.parametrize(
    "text",
    [
        "$x^2$",
        r"\(a+b\)",
        r"($\frac{1}{2}$).",
        "**$x$**",
        "| $a_1$ |\n|---|",
        "- item $x$",
        "$$x$$ between",
    ],
)
def test_maths_in_a_line_is_mathml(text: str) -> None:
    assert rendered(text).count("<math display=") == 1


@pytest.mark.parametrize(
    "text", ["$$\na\n+ b\n= c\n$$", "\\[\na\n- b\n\\]", "$$ a $$", "words\n$$\na\n$$\nwords", "> $$\n> a\n> $$"]
)
def test_maths_on_lines_of_its_own_is_a_block(text: str) -> None:
    html = rendered(text)
    assert html.count('<div class="maths"><math display="block">') == html.count("</math></div>") == 1
    assert not {"ul", "h1", "h2"} & set(Elements(html).tags)


@pytest.mark.parametrize(
    "text",
    [
        "from $5 to $10",
        "$5 (or US$) and $6",
        "A$ and C$ and $",
        "$HOME/$USER and ${A}-${B}",
        r"\$5 and \$6",
        "`$x$`",
        "$ x $",
        "$$",
        "$$$$",
        "```\n$x$\n```",
        "    $x$",
        r"\[ ] a task",
    ],
)
def test_a_dollar_alone_is_no_maths(text: str) -> None:
    assert "<math" not in rendered(text)


@pytest.mark.parametrize(
    "latex",
    [r"\frac{", r"\def\a{\a\a}\a", r"\newcommand{\a}{\a}\a", r"\begin{x} a", "{" * 900, "x" * 2_001],
)
def test_maths_that_is_not_understood_is_its_source(latex: str) -> None:
    assert rendered(f"a ${latex}$ b") == f"<p>a ${latex}$ b</p>\n"
    assert rendered(f"$$\n{latex}\n$$") == f'<div class="maths">$$\n{latex}\n$$</div>\n'


def test_letters_of_other_alphabets_need_no_style() -> None:
    html = rendered(r"$\mathbb{R} \mathcal{L} \mathfrak{H} \mathbf{\alpha} \mathbf{1}$")
    letters = "\N{DOUBLE-STRUCK CAPITAL R}\N{SCRIPT CAPITAL L}\N{BLACK-LETTER CAPITAL H}"
    assert re.sub("<[^>]*>|\\s", "", html) == (
        letters + "\N{MATHEMATICAL BOLD SMALL ALPHA}\N{MATHEMATICAL BOLD DIGIT ONE}"
    )


def test_what_is_nested_too_deep_is_shown_as_its_source() -> None:
    """The parser drops it, and what follows it with it."""
    deep = "".join("  " * (i % 25) + f"- item{i}\n" for i in range(50))
    html = rendered(f"before\n\n{deep}\nafter")
    assert all(f"item{i}\n" in html for i in range(50))
    assert "after" in html


# -- limits ---------------------------------------------------------------------------------------------------------


def test_text_above_the_limit_is_left_to_the_page() -> None:
    assert render_markdown("x" * MAX_CHARS) is not None
    assert render_markdown("x" * (MAX_CHARS + 1)) is None


@pytest.mark.parametrize("text", ["", "\n", "\ud800", "\x00", "\r\n\r\n"])
def test_odd_text_does_not_raise(text: str) -> None:
    assert render_markdown(text) is not None


def test_code_made_to_stall_the_highlighter_is_shown_plain_in_bounded_time() -> None:
    # 52 s without the bound: each line break makes the lexer look through all that follow
    started = time.thread_time()
    html = rendered("```java\n" + "\n" * 19_000 + "```")
    assert time.thread_time() - started < 5
    assert "<span" not in html


def test_threads_may_render_at_once() -> None:
    text = "see https://ok.example/a and\n\n```python\nx = 1\n```\n" * 20
    expected = rendered(text)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(render_markdown, [text] * 64)) == {expected}


HOSTILE_SHAPES = {
    "combining marks": "\N{COMBINING ACUTE ACCENT}",
    "turned round": "\N{RIGHT-TO-LEFT OVERRIDE}a",
    "brackets": "[",
    "images": "![",
    "links": "[a](b",
    "titles": '[a](b "',
    "emphasis": "*a_ ",
    "quotes": "> > > a\n",
    "autolinks": "<http://a",
    "bare links": "http://a.b/ ",
    "lists": "- a\n  - b\n",
    "dollars": "$a ",
    "brackets of maths": r"\(\[",
    "blocks of maths": "$$\n",
    "backticks": "`a``",
    "definitions": "[a]: ",
    "underlines": "a\n",
}


@pytest.mark.parametrize("shape", HOSTILE_SHAPES)
def test_hostile_repetition_costs_no_more_than_its_length(shape: str) -> None:
    def cost_s(size: int) -> float:
        text = HOSTILE_SHAPES[shape] * (size // len(HOSTILE_SHAPES[shape]))
        started = time.thread_time()
        assert not {"script", "img"} & set(Elements(rendered(text)).tags)
        return time.thread_time() - started

    cost_s(1_000)
    least = min(cost_s(3_000) for _ in range(3))
    assert min(cost_s(12_000) for _ in range(2)) < 9 * least + 0.01  # quadratic would be 16


def test_many_formulas_cost_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered_once, "CPU_S", 0.01)
    html = rendered(" ".join(f"$\\frac{{x_{{{n}}}}}{{y}}$" for n in range(7_000)))
    assert "<math" in html
    assert "x_{6999}" in html  # its source: by then they had cost what they may
