"""What was refused: counted where it is refused, for the vital signs."""

from collections import Counter
from typing import TypeVar

from streams.errors import StreamsError

E = TypeVar("E", bound=StreamsError)

refused_by_code: Counter[str] = Counter()  # since the process began, by the slug on the wire


def counted(error: E) -> E:
    """The error itself, counted: ``raise counted(LimitReached(…))``."""
    refused_by_code[error.code] += 1
    return error
