"""Columns of a changelist and buttons of an object's page: unfold's decorators, with types."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from unfold.decorators import action, display

F = TypeVar("F", bound=Callable[..., Any])


def column(title: str, *, ordering: str | None = None, label: Mapping[str, str] | None = None) -> Callable[[F], F]:
    """The method is a column. ordering: what it is sorted by; label: the colour of each value, shown as a tag."""
    decorate = display(description=title, ordering=ordering, label=label)
    return cast(Callable[[F], F], decorate)


def button(title: str, *, icon: str, permission: str, path: str) -> Callable[[F], F]:
    """The method is a page below that of an object, which has a button for it; 403 without the permission."""
    decorate = action(description=title, icon=icon, permissions=[permission], url_path=path)
    return cast(Callable[[F], F], decorate)
