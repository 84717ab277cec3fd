"""What a job is told when it starts: names, types, defaults, and the words of the form."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streams.errors import InvalidInput
from streams.wire.names import check_topic_name

MAX_CHARS = 1_000


class Type(StrEnum):
    """What a parameter may be; a file is named as in the list of files, a topic need not exist."""

    TEXT = "text"
    WHOLE = "whole"  # a whole number
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    FILE = "file"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. Without ``required`` it may be left out, and is ``default`` then.

    label, hint: what the form says. choices: of a choice. least, most: of numbers.
    """

    name: str
    type: Type
    label: str
    hint: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float = 0
    most: float = math.inf

    def read(self, value: Any) -> Any:
        """The value, from JSON; raises InvalidInput naming it and what it must be."""
        if value is None or value == "":
            if self.required:
                raise InvalidInput(f"{self.name} is missing: {self._must_be()}")
            return self.default
        if not self._fits(value):
            raise InvalidInput(f"{self.name} must be {self._must_be()}, not {value!r:.60}")
        return check_topic_name(value) if self.type is Type.TOPIC else value

    def read_field(self, text: str | None) -> Any:
        """The JSON value of a form's field; what can't be one stays text, which ``read`` then refuses."""
        if self.type is Type.FLAG:
            return text is not None
        text = (text or "").strip()
        if self.type in (Type.WHOLE, Type.NUMBER) and text:
            try:
                return int(text) if self.type is Type.WHOLE else float(text)
            except ValueError:
                return text
        return text

    def _fits(self, value: Any) -> bool:
        if self.type is Type.FLAG:
            return isinstance(value, bool)
        if self.type in (Type.WHOLE, Type.NUMBER):
            kinds = (int,) if self.type is Type.WHOLE else (int, float)
            return isinstance(value, kinds) and not isinstance(value, bool) and self.least <= value <= self.most
        if self.type is Type.CHOICE:
            return value in self.choices
        return isinstance(value, str) and len(value) <= MAX_CHARS and "\0" not in value

    def _must_be(self) -> str:
        numbers = f" of at least {self.least:g}" + (f" and at most {self.most:g}" if self.most < math.inf else "")
        return {
            Type.TEXT: f"a text of at most {MAX_CHARS} characters",
            Type.WHOLE: f"a whole number{numbers}",
            Type.NUMBER: f"a number{numbers}",
            Type.FLAG: "true or false",
            Type.CHOICE: f"one of {', '.join(self.choices)}",
            Type.FILE: "the name of a file in the list of files",
            Type.TOPIC: "the name of a topic",
        }[self.type]
