"""What fits of the talk before a question: the oldest leaves, and in steps, so that what is told begins alike for long.

Tokens are reckoned before anybody counts them: one for each 3 bytes of UTF-8 and 4 for each turn, 1,600 for an image.
English has about 4 characters to a token and by the newest tokenizers 3, Chinese about one to a character: the rule is
on the safe side of all of them, so that a prompt that seems to fit does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from streams.chat.provider import Attached, Prompt, Turn

BYTES_A_TOKEN = 3
TOKENS_A_TURN = 4
TOKENS_AN_IMAGE = 1_600  # the most that the vendor counts for one: larger ones are made smaller there
KEPT = 0.6  # of the budget is left when something had to leave: the cached beginning is then good for many questions
NEAR = 0.9  # of the budget: from there on the reckoning is not trusted
MAX_IMAGE_BYTES = 20_000_000  # of all images of a prompt: the vendor takes requests of 32 MB, base64 included


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message and the answer to it, if there is one; ``files``: what its author attached, as its row has it.

    seq: the message's number in its room.
    """

    said: Turn
    answer: Turn | None = None
    seq: int = 0
    author_id: str = ""
    files: tuple[dict[str, Any], ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Both, in order."""
        return (self.said,) if self.answer is None else (self.said, self.answer)

    @property
    def tokens(self) -> int:
        """Of the words alone."""
        return sum(tokens_of_text(turn.text) for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Fitted:
    """The exchanges that fit, oldest first; whether older ones did not, and whose files did not."""

    kept: tuple[Exchange, ...]
    left_out: bool = False
    without_files: frozenset[int] = field(default_factory=frozenset)  # places in kept


def tokens_of_text(text: str) -> int:
    """As reckoned, the turn's own included."""
    return -(-len(text.encode()) // BYTES_A_TOKEN) + TOKENS_A_TURN


def tokens_of_file(file: dict[str, Any]) -> int:
    """As reckoned, from what a message's row says of it."""
    return TOKENS_AN_IMAGE if is_image(file) else -(-int(file["size"]) // BYTES_A_TOKEN)


def is_image(file: dict[str, Any]) -> bool:
    """Whether it is told as an image; all others are text."""
    return str(file["content_type"]).startswith("image/")


def tokens_of_prompt(prompt: Prompt) -> int:
    """The whole of it, as reckoned."""
    files = sum(_tokens_of_attached(file) for turn in prompt.turns for file in turn.files)
    return sum(tokens_of_text(turn.text) for turn in prompt.turns) + tokens_of_text(prompt.system) + files


def fit(newest_first: Iterable[Exchange], budget: float) -> Fitted:
    """As many of the newest exchanges as fit ``budget`` tokens: all, or what ``KEPT`` of the budget holds.

    Of what is kept older files leave first, in the same steps; the newest exchange, which is the question, always stays
    with its files. Reads no more of ``newest_first`` than it must; ``left_out`` counts what it has read and not
    kept.
    """
    read: list[Exchange] = []
    total = 0
    for one in newest_first:
        read.append(one)
        total += one.tokens
        if total > budget:
            break
    kept = read if total <= budget else _within(read, budget * KEPT)
    return Fitted(tuple(reversed(kept)), len(kept) < len(read), _too_much(kept, budget))


def _within(newest_first: Sequence[Exchange], budget: float) -> list[Exchange]:
    kept, total = [newest_first[0]], newest_first[0].tokens
    for one in newest_first[1:]:
        total += one.tokens
        if total > budget:
            break
        kept.append(one)
    return kept


def _too_much(newest_first: Sequence[Exchange], budget: float) -> frozenset[int]:
    """The places, counted from the oldest, of those whose files do not fit beside all words."""
    words = sum(one.tokens for one in newest_first)
    tokens = words + sum(tokens_of_file(file) for one in newest_first for file in one.files)
    image_bytes = sum(_image_bytes(one) for one in newest_first)
    if tokens <= budget and image_bytes <= MAX_IMAGE_BYTES:
        return frozenset()
    without = set()
    for place, one in enumerate(reversed(newest_first[1:])):
        if tokens <= budget * KEPT and image_bytes <= MAX_IMAGE_BYTES * KEPT:
            break
        if one.files:
            without.add(place)
            tokens -= sum(tokens_of_file(file) for file in one.files)
            image_bytes -= _image_bytes(one)
    return frozenset(without)


def _image_bytes(one: Exchange) -> int:
    return sum(int(file["size"]) for file in one.files if is_image(file))


def _tokens_of_attached(file: Attached) -> int:
    return TOKENS_AN_IMAGE if isinstance(file.content, bytes) else tokens_of_text(file.content)


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """Turns that alternate and begin with a user's, as the API asks."""
    result: list[Turn] = []
    for turn in turns:
        if result and result[-1].role == turn.role:
            last = result[-1]
            result[-1] = replace(last, text=f"{last.text}\n\n{turn.text}", files=last.files + turn.files)
        elif result or turn.role == "user":
            result.append(turn)
    return result
