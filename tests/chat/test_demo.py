"""The demo model: what it says, how it streams, and that it never claims to know more than the documentation."""

from contextlib import aclosing
from pathlib import Path

import pytest

from streams.chat.demo import DemoProvider, question_of
from streams.chat.demo_search import Index, read_sections, split_sections, words
from streams.chat.demo_shows import SHOWS
from streams.chat.provider import Counted, Finished, ModelProvider, Piece, Prompt, TextPiece, ThinkingPiece, Turn, Usage
from streams.chat.rendering import render_markdown
from streams.errors import GenerationFailed

README = """\
# Streams

A server of topics.

## Resuming

A reader that lost its connection sends the last id it saw.

```python
# not a heading
resume("1-42")
```

## Slow readers

A slow reader is served from the log. Nothing is lost.
"""
WIRE = """\
# On the wire

## Heartbeat

- every 15 s of silence a comment
- on a WebSocket a ping
"""


class Clock:
    """A sleep that only remembers."""

    def __init__(self) -> None:
        self.sleeps: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (tmp_path / "docs" / "wire.md").write_text(WIRE, encoding="utf-8")
    return tmp_path


async def ask(provider: ModelProvider, text: str) -> list[Piece]:
    prompt = Prompt((Turn("user", f"Amber Fox: @claude {text}"),), "", "demo", 1_000)
    async with aclosing(provider.stream(prompt)) as pieces:
        return [piece async for piece in pieces]


async def answer_to(docs_root: Path | None, text: str) -> str:
    pieces = await ask(DemoProvider(docs_root, sleep=Clock().sleep), text)
    assert isinstance(pieces[-1], Finished)
    assert pieces[-1].stop_reason == "end_turn"
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


# -- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("greeting", ["hello", "Hi!", "good morning", "hey there"])
async def test_a_greeting_is_returned_and_says_that_it_is_a_demo(docs: Path, greeting: str) -> None:
    answer = await answer_to(docs, greeting)
    assert answer.startswith("Hello!")
    assert "demo model" in answer
    assert "/demo" in answer


@pytest.mark.parametrize("question", ["", "who are you?", "help", "what can you do?"])
async def test_asked_what_it_is_it_says_so(docs: Path, question: str) -> None:
    assert (await answer_to(docs, question)).startswith("I am the **demo model**")


async def test_a_question_is_answered_with_the_passage_and_its_source(docs: Path) -> None:
    answer = await answer_to(docs, "How do readers resume after losing the connection?")
    assert "> A reader that lost its connection sends the last id it saw." in answer
    assert '> resume("1-42")' in answer
    assert "“Resuming” in `README.md`" in answer


async def test_documents_below_docs_are_searched_too(docs: Path) -> None:
    answer = await answer_to(docs, "how often is the heartbeat?")
    assert "> - every 15 s of silence a comment" in answer
    assert "“Heartbeat” in `docs/wire.md`" in answer


@pytest.mark.parametrize("question", ["What is the capital of France?", "who won the 1998 cup?", "palm readers, Peru"])
async def test_what_the_documentation_does_not_hold_is_not_made_up(docs: Path, question: str) -> None:
    answer = await answer_to(docs, question)
    assert answer.startswith("I found nothing about that")
    assert "> " not in answer
    assert "- Resuming" in answer


@pytest.mark.parametrize("root", [None, Path("/nonexistent")])
async def test_without_documentation_it_says_so(root: Path | None) -> None:
    assert "no documentation" in await answer_to(root, "How do readers resume?")


async def test_every_word_between_the_marks_is_from_the_source(docs: Path) -> None:
    long = "\n\n".join(f"Paragraph {n} tells of ponies and of number {n}." for n in range(100))
    (docs / "README.md").write_text(f"# Ponies\n\n{long}\n", encoding="utf-8")
    answer = await answer_to(docs, "ponies")
    quoted = [line.removeprefix("> ") for line in answer.splitlines() if line.startswith("> ") and line != "> …"]
    assert len(quoted) > 5
    assert all(line in long for line in quoted)
    assert "> …" in answer


async def test_answers_survive_the_renderer(docs: Path) -> None:
    for text in (
        "hello",
        "resume",
        "no such thing",
        *(f"/demo {name}" for name in SHOWS if name not in ("error", "retry")),
    ):
        html = render_markdown(await answer_to(docs, text))
        assert html
        assert "<p>" in html


# -- /demo ----------------------------------------------------------------------------------------------------------


async def test_demo_alone_lists_what_there_is(docs: Path) -> None:
    answer = await answer_to(docs, "/demo")
    assert all(f"`/demo {name}`" in answer for name in SHOWS)


async def test_an_unknown_name_is_answered_with_the_known_ones(docs: Path) -> None:
    answer = await answer_to(docs, "/demo `x`<b>")
    assert answer.startswith("There is no `/demo 'x'<b>`.")
    assert all(f"`/demo {name}`" in answer for name in SHOWS)


@pytest.mark.parametrize(
    ("name", "html"),
    [("table", '<td align="right">'), ("code", 'class="language-python"'), ("list", "<ul>"), ("maths", "<math")],
)
async def test_each_show_shows_its_block(name: str, html: str) -> None:
    assert html in (render_markdown(await answer_to(None, f"/demo {name}")) or "")


async def test_long_is_about_forty_kilobytes_and_faster() -> None:
    clock = Clock()
    pieces = await ask(DemoProvider(None, sleep=clock.sleep), "/demo long")
    text = "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))
    assert 38_000 < len(text.encode()) < 45_000
    assert sum(clock.sleeps) < 30


async def test_error_breaks_off_after_some_text_and_can_be_retried() -> None:
    text = ""
    prompt = Prompt((Turn("user", "/demo error"),), "", "demo", 1_000)
    with pytest.raises(GenerationFailed) as failed:
        async for piece in DemoProvider(None, sleep=Clock().sleep).stream(prompt):
            text += piece.text if isinstance(piece, TextPiece) else ""
    assert (failed.value.kind, failed.value.retryable) == ("demo_error", True)
    assert text.endswith("would have")


async def test_retry_is_busy_twice_each_time_that_it_is_asked() -> None:
    provider = DemoProvider(None, sleep=Clock().sleep)
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(GenerationFailed) as failed:
                await ask(provider, "/demo retry")
            assert (failed.value.kind, failed.value.retryable) == ("overloaded_error", True)
            assert failed.value.retry_after_s == 4
        assert isinstance((await ask(provider, "/demo retry"))[-1], Finished)


async def test_thinking_comes_in_pieces_before_the_answer_and_is_counted() -> None:
    pieces = await ask(DemoProvider(None, sleep=Clock().sleep), "/demo thinking")
    thoughts = [piece for piece in pieces if isinstance(piece, ThinkingPiece)]
    assert len(thoughts) > 20
    assert pieces[1 : 1 + len(thoughts)] == thoughts
    assert isinstance(pieces[-1], Finished)
    assert pieces[-1].usage.thinking_tokens == len(thoughts)


async def test_in_a_room_that_shows_thinking_it_tells_what_it_does_first(docs: Path) -> None:
    prompt = Prompt((Turn("user", "hello"),), "", "demo", 1_000, thinking=True)
    async with aclosing(DemoProvider(docs, sleep=Clock().sleep).stream(prompt)) as stream:
        pieces = [piece async for piece in stream]
    assert any(isinstance(piece, ThinkingPiece) for piece in pieces)


async def test_slow_thinks_long_then_says_a_word_a_second() -> None:
    clock = Clock()
    pieces = await ask(DemoProvider(None, sleep=clock.sleep), "/demo slow")
    thoughts = [piece for piece in pieces if isinstance(piece, ThinkingPiece)]
    spoken = [piece for piece in pieces if isinstance(piece, TextPiece)]
    assert pieces[1 : 1 + len(thoughts)] == thoughts
    assert sum(clock.sleeps[: len(thoughts)]) == pytest.approx(8)
    assert clock.sleeps[len(thoughts) :] == [1.0] * len(spoken)
    assert all(len(piece.text.split()) == 1 for piece in spoken)


# -- manner ---------------------------------------------------------------------------------------------------------


async def test_it_streams_pieces_of_about_four_characters_at_sixty_a_second(docs: Path) -> None:
    clock = Clock()
    pieces = [p for p in await ask(DemoProvider(docs, sleep=clock.sleep), "hello") if isinstance(p, TextPiece)]
    assert all(0 < len(piece.text) <= 7 for piece in pieces)
    assert clock.sleeps[1:] == [pytest.approx(1 / 60)] * len(pieces)


async def test_speed_shortens_every_pause() -> None:
    clock = Clock()
    await ask(DemoProvider(None, speed=100, sleep=clock.sleep), "hello")
    assert clock.sleeps[1] == pytest.approx(1 / 6_000)


async def test_usage_counts_words_in_and_pieces_out(docs: Path) -> None:
    pieces = await ask(DemoProvider(docs, sleep=Clock().sleep), "hello")
    assert isinstance(pieces[-1], Finished)
    assert pieces[-1].usage.input_tokens == len(["Amber", "Fox:", "@claude", "hello"])
    assert pieces[-1].usage.output_tokens == len(pieces) - 2
    assert pieces[0] == Counted(Usage(pieces[-1].usage.input_tokens, 0))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Amber Fox: @claude hello", "hello"),
        ("Amber Fox: hello @Claude, how are you", "hello how are you"),
        ("@claude /demo table", "/demo table"),
        ("/demo table", "/demo table"),
        ("Amber Fox: @claude", ""),
        ("what is me@claude.example", "what is me@claude.example"),
        ("see http://a.example: fine", "see http://a.example: fine"),
    ],
)
def test_the_speaker_and_the_mention_are_no_part_of_the_question(text: str, question: str) -> None:
    assert question_of(text) == question


# -- search ---------------------------------------------------------------------------------------------------------


def test_headings_inside_of_code_cut_nothing(docs: Path) -> None:
    titles = [section.title for section in read_sections(docs)]
    assert titles == ["Streams", "Resuming", "Slow readers", "Heartbeat"]


def test_endings_of_words_do_not_matter() -> None:
    assert set(words("resume resumes resuming resumed")) == {"resum"}


def test_an_empty_index_finds_nothing() -> None:
    assert Index([]).search("anything") == []


def test_a_long_block_of_code_is_cut_and_its_fence_closed() -> None:
    code = "\n".join(f"line({n})" for n in range(500))
    (section,) = split_sections("a.md", f"# Code\n\n```python\n{code}\n```\n")
    passage = Index([section]).passage(section, "code")
    assert passage.startswith("```python\nline(0)\n")
    assert passage.endswith("…\n```")
    assert len(passage) < 1_000
