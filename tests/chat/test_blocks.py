"""An answer rendered block by block: the same HTML as the whole, in linear time, however it comes."""

import random

import pytest

from streams.chat import blocks as blocks_module
from streams.chat.blocks import LOOKS, MAX_BLOCK_CHARS, Block, Blocks
from streams.chat.rendering import MAX_CHARS, render_markdown
from tests.chat.markdown_corpus import CORPUS, MIXED


def pieces(text, sizes):
    at = 0
    while at < len(text):
        size = next(sizes)
        yield text[at : at + size]
        at += size


async def streamed(text, sizes):
    """The blocks in their order, how many of them came before the end, and the correction."""
    blocks, made = Blocks(), []
    for piece in pieces(text, sizes):
        made += await blocks.add(piece)
    early = len(made)
    last, correction = await blocks.finish()
    return made + last, early, correction


def at_random(seed, most=40):
    chance = random.Random(seed)
    return iter(lambda: chance.randint(1, most), 0)


def always(size):
    return iter(lambda: size, 0)


def joined(made):
    return "".join(block.html for block in made)


@pytest.mark.parametrize("number", range(len(CORPUS)))
async def test_blocks_are_the_whole_however_it_is_cut(number):
    text = CORPUS[number]
    for sizes in (always(1), always(4), always(10**6), *(at_random(seed) for seed in range(8))):
        made, _, correction = await streamed(text, sizes)
        html = render_markdown(text)
        assert sum(block.chars for block in made) == len(text)
        if "[late]" in text:
            assert correction in (html, None)
            assert (correction or joined(made)) == html
        else:
            assert correction is None
            assert joined(made) == html


async def test_random_documents_need_a_correction_for_late_links_only():
    chance = random.Random(17)
    snippets = [one for text in CORPUS for one in text.split("\n\n")]
    corrected = 0
    for _ in range(150):
        text = chance.choice(["\n\n", "\n"]).join(chance.choice(snippets) for _ in range(chance.randint(2, 9)))
        made, _, correction = await streamed(text, at_random(chance.random()))
        html = render_markdown(text)
        assert (correction if correction is not None else joined(made)) == html
        if correction is not None:
            corrected += 1
            assert "]: " in text or "]:\n" in text, text
    assert corrected < 40


async def test_a_link_that_is_defined_later_is_corrected_at_the_end():
    made, early, correction = await streamed("see [late]\n\ntext\n\n[late]: https://ok.example\n", always(7))
    assert early >= 1
    assert "<a " not in joined(made)
    assert correction.startswith('<p>see <a href="https://ok.example"')


async def test_blocks_come_as_soon_as_nothing_can_change_them():
    blocks = Blocks()
    assert await blocks.add("# Title\nA para") == [Block(8, "<h1>Title</h1>\n")]
    assert await blocks.add("graph\n") == []
    assert await blocks.add("\n") == [Block(13, "<p>A paragraph</p>\n")]
    assert await blocks.add("```py\nx = 1\n") == []
    (code,) = await blocks.add("```\n")
    assert code.chars == 16
    assert 'data-language="python"' in code.html
    assert await blocks.add("- a\n- b\n\n") == []
    (listed,) = await blocks.add("Then\n")
    assert listed.chars == 9
    assert await blocks.add("=\n") == [Block(7, "<h1>Then</h1>\n")]
    assert await blocks.finish() == ([], None)


async def test_above_the_limit_the_rest_stays_text():
    blocks = Blocks()
    made = []
    for _ in range(MAX_CHARS // 1_000 + 5):
        made += await blocks.add("word " * 199 + "end\n\n")
    assert MAX_CHARS - 2_000 <= sum(block.chars for block in made) <= MAX_CHARS
    assert await blocks.add("more\n\n") == []
    assert await blocks.finish() == ([], None)


async def test_a_block_that_no_event_could_hold_stays_text(monkeypatch):
    monkeypatch.setattr(blocks_module, "MAX_BLOCK_BYTES", 100)
    made, _, correction = await streamed("short\n\n" + "long " * 30 + "\n\nshort\n\n", always(10))
    assert made == [Block(7, "<p>short</p>\n")]
    assert correction is None


async def test_what_comes_at_once_is_cut_into_blocks_that_an_event_holds():
    made, _, _ = await streamed(MIXED * 60, always(10**6))
    assert len(made) >= 3
    assert all(block.chars <= MAX_BLOCK_CHARS for block in made)


SHAPES = {
    "a mixed answer": lambda size: MIXED * (size // len(MIXED)),
    "a list": lambda size: "- an item with *some* words in it\n" * (size // 34),
    "a loose list": lambda size: "1. an item with *some* words in it\n\n" * (size // 36),
    "a fence": lambda size: "```python\n" + "x = f(1) + 2\n" * (size // 13) + "```\n",
    "a paragraph": lambda size: "some words and *more* of them in a row\n" * (size // 39),
    "one line": lambda size: "some words and *more* of them in a row " * (size // 39),
    "a table": lambda size: "| a | b |\n|---|---|\n" + "| some | words |\n" * (size // 17),
    "definitions": lambda size: "[a]: https://ok.example\n\n" * (size // 25),
    "blank quotes": lambda size: "> a\n>\n" * (size // 6),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_each_character_is_looked_at_a_few_times_and_rendered_twice(monkeypatch, shape):
    looked, rendered = [], []

    def counted(name, into):
        real = getattr(blocks_module, name)

        def count(text, *args, **options):
            into.append(len(text))
            return real(text, *args, **options)

        monkeypatch.setattr(blocks_module, name, count)

    counted("find_cuts", looked)
    counted("render_piece", rendered)
    text = SHAPES[shape](20_000)
    await streamed(text, always(4))
    assert sum(looked) <= (LOOKS + 1) * len(text)
    assert sum(rendered) <= 2 * len(text)
