"""The seam between a generation and whatever writes the answer: Claude, or the demo model.

A provider turns a prompt into pieces. It owns no room, no log and no retry: it streams once, and either yields
``Finished`` as its last piece or raises ``GenerationFailed`` with the real reason.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from streams.chat.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that goes with a turn: an image as its bytes, any other as its text."""

    name: str
    media_type: str
    content: bytes | str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the conversation, oldest first; a user's turn in a room starts with the speaker's name."""

    role: Literal["user", "assistant"]
    text: str
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked: turns end with a user's, which may hold more talk than the question; ``max_tokens`` is a bound.

    thinking: the model shall think first, and show it, if it can. asked_by: who asks, in a form that tells the vendor
    nothing about them. left_out: how many of the oldest messages, with their answers, did not fit.
    """

    turns: tuple[Turn, ...]
    system: str
    model: str
    max_tokens: int
    question: str = ""  # the very words; empty: the last turn's
    thinking: bool = False
    asked_by: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class TextPiece:
    """The next characters of the answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingPiece:
    """The model thinks; the text may be empty, where the vendor does not show it."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the vendor counted them; those of the cache are part of the input, those of thinking of the output."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    thinking_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """The vendor has read the prompt: what it counted, yielded once, before any text; nothing of the output yet."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is at its end: yielded once, last, and only if the vendor said so (``message_stop``).

    Behind that of a refusal comes the failure: what it cost is known all the same.
    """

    stop_reason: str
    usage: Usage
    request_id: str | None = None


Piece = TextPiece | ThinkingPiece | Counted | Finished


class ModelProvider(Protocol):
    """Streams answers. One per process and event loop; ``aclose`` gives its sockets back."""

    label: str
    """What people read beside an answer: ``Claude`` or ``Demo model``."""
    model: str
    """The model's id, as in the API's answer."""
    demo: bool
    catalogue: Catalogue
    """The models that may be asked."""

    def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """Yield the answer's pieces as they come; consume under ``aclosing``.

        Closing or cancelling closes the connection upstream at once. Raises GenerationFailed.
        """
        ...

    async def count_tokens(self, prompt: Prompt) -> int | None:
        """The prompt's exact input tokens; None where nobody counts."""
        ...

    async def aclose(self) -> None:
        """Close what is open upstream."""
        ...
