"""The demo model: answers without a key and without a network, by quoting this project's documentation.

It is a provider like any other, so that everything around an answer can be seen and tested with it; it says what it
is, and when it found nothing it says that.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from streams.chat.catalogue import Catalogue
from streams.chat.catalogue_shipped import DEMO
from streams.chat.demo_search import Hit, Index, read_sections
from streams.chat.demo_shows import SHOWS, Show, menu
from streams.chat.provider import Counted, Finished, Piece, Prompt, TextPiece, ThinkingPiece, Usage
from streams.errors import GenerationFailed

_SPEAKER = re.compile(r"[^\n:@/]{1,64}:\s+")  # how a user's turn begins in a room
_MENTION = re.compile(r"(?<!\w)@(?:claude|demo)\b[,:]?\s*", re.IGNORECASE)
_GREETING = re.compile(r"(?:hi|hello|hey|hallo|moin|servus|greetings|good (?:morning|day|afternoon|evening))\b", re.I)
_SELF = re.compile(r"(?:who|what) are you\b|what can you do\b|are you (?:real|claude|a bot|an ai)\b|help\W*$", re.I)
_THANKS = re.compile(r"(?:thanks|thank you|thx|danke|merci)\b", re.I)
_TOKEN = re.compile(r"\s*\S{1,4}|\s+")
_BUSY_S = 4.0  # long enough to be seen
_SEARCHES = "I look for the words of the question in the documentation. "

_WHO = """\
I am the **demo model** of this server. No language model runs behind me: I search the project's own documentation \
and quote the passage that fits best. With an Anthropic API key in the server's settings, Claude answers in my place.

Ask me how something here works, for example:

- *How does a reader resume after a lost connection?*
- *What happens to a slow reader?*

or type `/demo` to see tables, code, long answers and failures stream."""


class DemoProvider:
    """Answers from ``README.md`` and ``docs/*.md`` below ``docs_root``, read once, when first asked.

    docs_root: None, or a directory without these files: it answers that it has no documentation.
    speed: factor on every pause; sleep: awaited with seconds between the pieces.
    """

    label = "Demo model"
    model = "demo"
    demo = True

    def __init__(
        self,
        docs_root: Path | None,
        *,
        speed: float = 1.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._docs_root = docs_root
        self._speed = speed
        self._sleep = sleep
        self._index: Index | None = None
        self._refused: Counter[int] = Counter()
        self.catalogue = Catalogue(DEMO, default=self.model)

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """Yield the answer at about 60 pieces of 4 characters a second; consume under ``aclosing``.

        Usage counts words in and pieces out. Raises GenerationFailed: of kind ``demo_error`` for ``/demo error``, and
        twice ``overloaded_error`` for ``/demo retry``. Cancellation: at every pause; nothing is held.
        """
        show = await self._show_for(question_of(prompt.question or prompt.turns[-1].text))
        self._check_busy(prompt, show)
        usage = Usage(len(prompt.system.split()) + sum(len(turn.text.split()) for turn in prompt.turns), 0)
        yield Counted(usage)
        thoughts = show.thinking or ((_SEARCHES,) if prompt.thinking else ())
        for thought in thoughts:
            for piece in _TOKEN.findall(thought):
                yield ThinkingPiece(piece)
                await self._pause(show.first_wait_s * len(piece) / sum(map(len, thoughts)))
        if not thoughts:
            await self._pause(show.first_wait_s)
        pieces = show.piece.findall(show.text)
        for piece in pieces:
            yield TextPiece(piece)
            await self._pause(1 / show.tokens_per_s)
        if show.fails:
            raise GenerationFailed("demo_error", "the demo model failed, as it was asked to", retryable=True)
        thinking = sum(len(_TOKEN.findall(one)) for one in thoughts)
        yield Finished("end_turn", replace(usage, output_tokens=thinking + len(pieces), thinking_tokens=thinking))

    def _check_busy(self, prompt: Prompt, show: Show) -> None:
        """Refuse the same prompt as often as the show wants."""
        key = hash(prompt)
        self._refused[key] += 1
        if self._refused[key] <= show.busy:
            text = "the demo model is busy, as it was asked to be"
            raise GenerationFailed("overloaded_error", text, retryable=True, retry_after_s=_BUSY_S / self._speed)
        del self._refused[key]

    async def count_tokens(self, prompt: Prompt) -> int | None:
        """Nobody counts."""

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _pause(self, seconds: float) -> None:
        await self._sleep(seconds / self._speed)

    async def _show_for(self, question: str) -> Show:
        """A show that was asked for by name, or the answer to the question in the usual manner."""
        command = re.match(r"/demo\b\s*(\S*)", question)
        if command is None:
            return Show("", await self._answer(question))
        name = command[1].lower()
        return SHOWS[name] if name in SHOWS else Show("", menu(unknown=_inline(name)))

    async def _answer(self, question: str) -> str:
        short = len(question.split()) <= 4
        if not question or _SELF.match(question):
            return _WHO
        if short and _GREETING.match(question):
            return f"Hello! {_WHO}"
        if short and _THANKS.match(question):
            return "You are welcome. Ask on, or type `/demo` to see what else can stream."
        if self._index is None:
            self._index = await asyncio.to_thread(self._read)
        if not self._index.sections:
            return f"I would look this up, but this server has no documentation beside it.\n\n{_WHO}"
        hits = self._index.search(question)
        return answer_from(self._index, hits, question) if hits else nothing_found(self._index)

    def _read(self) -> Index:
        return Index(read_sections(self._docs_root) if self._docs_root else ())


def question_of(text: str) -> str:
    """A user's turn without the speaker's name and the mention: ``Amber Fox: @claude hello`` is ``hello``."""
    return _MENTION.sub("", _SPEAKER.sub("", text.strip(), count=1) if _SPEAKER.match(text.strip()) else text).strip()


def answer_from(index: Index, hits: list[Hit], question: str) -> str:
    """The best passage quoted, a second one if it is nearly as good, and where each is from, in Markdown."""
    close = [hit for hit in hits[1:2] if hit.score >= 0.85 * hits[0].score]
    parts = ["Here is what the documentation says:" if close else "The documentation has this:"]
    for hit in [hits[0], *close]:
        quotation = "\n".join(f"> {line}".rstrip() for line in index.passage(hit.section, question).splitlines())
        parts += [quotation, f"— *{_place(hit)}*"]
    if others := [hit for hit in hits[1:] if hit not in close]:
        parts.append("See also " + " and ".join(_place(hit) for hit in others) + ".")
    return "\n\n".join(parts)


def nothing_found(index: Index) -> str:
    """Says so, and names some headings that can be asked about."""
    titles = [section.title for section in index.sections if section.title != section.source]
    step = max(1, len(titles) // 5)
    return "\n".join(
        [
            "I found nothing about that in this project's documentation, and it is all I know: I am the demo model.",
            "",
            "I can tell you about, among others:",
            "",
            *(f"- {title}" for title in titles[::step][:5]),
            "",
            "or type `/demo` to see tables, code, long answers and failures stream.",
        ]
    )


def _place(hit: Hit) -> str:
    return f"“{hit.section.title}” in `{hit.section.source}`"


def _inline(name: str) -> str:
    """A name that a person typed, as it may stand between backticks."""
    return name.replace("`", "'")[:40]
