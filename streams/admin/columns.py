"""A column of a changelist: unfold's decorator, with types."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from unfold.decorators import display

F = TypeVar("F", bound=Callable[..., Any])


def column(title: str, *, ordering: str | None = None, label: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """The method is a column. ordering: what it is sorted by; label: the colour of each value, shown as a tag."""
    decorate = display(description=title, ordering=ordering, label=label)
    return cast(Callable[[F], F], decorate)
