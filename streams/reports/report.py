"""What a report is made of: columns, what is wanted, and a source that is read page by page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from streams.publishing import Identity
from streams.reports.columns import Column
from streams.reports.formats import Format

PAGE_BYTES = 1_000_000  # about what a page weighs as text, however long its rows are
PAGE_ROWS = 4_096  # of the log are looked at in one call, whether or not they are wanted


class Filter(StrEnum):
    """A parameter that only some kinds of report take."""

    TOPIC, ROOM, FROM, TO, TYPE = "topic", "room", "from", "to", "type"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A report as it was asked for, checked as far as that goes without the database.

    subject: the topic, or the room's slug; empty for kinds that are not of one. since is included, until is not.
    """

    subject: str
    columns: tuple[Column, ...]
    since: datetime | None = None
    until: datetime | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows as bytes, how many they are, and where to read on; None: they are the last.

    A page may be empty and not be the last: nothing of what was looked at was wanted.
    """

    rows: bytes
    count: int
    after: Any


class Source(Protocol):
    """One report's rows. ``name`` is for the file; ``topics`` are those whose readers may read it."""

    name: str
    topics: tuple[str, ...]

    def read(self, after: Any) -> Page:
        """The page behind ``after`` (None: the first); short, and it holds nothing afterwards. Touches the database.

        Raises StreamClosed when rows that belong to the report are no longer there.
        """
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of report: its columns and filters are allow-lists; ``needs``: a filter that must be given.

    opened: makes the source for who asks; raises NoSuchTopic, NotSignedIn, Forbidden. Touches the database.
    """

    name: str
    title: str
    about: str
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    opened: Callable[[Identity, Wanted, Format], Source]
    needs: Filter | None = None
    staff: bool = False

    @property
    def preset(self) -> tuple[Column, ...]:
        """The columns of whoever does not choose."""
        return tuple(column for column in self.columns if column.preset)
