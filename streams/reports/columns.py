"""The columns of a report: a name that may be asked for, and what its values are."""

from dataclasses import dataclass
from enum import Enum, auto


class Cell(Enum):
    """What the values of a column are, which decides how they are written."""

    TEXT = auto()  # people's and programs' own: made harmless for spreadsheets
    JSON = auto()  # JSON text: a value in NDJSON, a text in CSV
    NUMBER = auto()
    TIME = auto()  # RFC 3339, UTC, milliseconds
    FLAG = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be asked for; ``preset``: it is there where nobody says which."""

    name: str
    cell: Cell
    preset: bool = True

    @property
    def is_text(self) -> bool:
        """Whether CSV has it as a text, which may look like a formula. Numbers are exempt by this, not by a look."""
        return self.cell in (Cell.TEXT, Cell.JSON)

    @property
    def is_json(self) -> bool:
        """Whether it is JSON already."""
        return self.cell is Cell.JSON

    @property
    def is_time(self) -> bool:
        """Whether it is a moment."""
        return self.cell is Cell.TIME
