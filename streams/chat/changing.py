"""What a room is called, and what Claude is in it: changed by its owners, told by ``room.changed``."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import transaction

from streams.chat.roles import check_commands, check_talk
from streams.errors import InvalidInput, NotFound, TooLarge
from streams.models import Room, RoomKind
from streams.publishing import Identity, publish

MAX_SYSTEM_CHARS = 4_000
MAX_MODEL_CHARS = 100


def checked_text(what: str, value: Any, *, limit: int, lines: bool = False, empty: bool = True) -> str:
    """``value`` without spaces around it. Raises InvalidInput, and TooLarge with the limit and the value."""
    if not isinstance(value, str):
        raise InvalidInput(f"{what} must be a string, not {'null' if value is None else type(value).__name__}")
    text = value.strip().replace("\r\n", "\n")
    if not text and not empty:
        raise InvalidInput(f"{what} must not be empty")
    if len(text) > limit:
        raise TooLarge(f"{what} has {len(text)} characters (limit {limit})")
    if not all(character.isprintable() or (lines and character in "\n\t") for character in text):
        raise InvalidInput(f"{what} holds a character that can't be shown")
    return text


def checked_title(value: Any) -> str:
    """The title of a room; raises as ``checked_text``."""
    return checked_text("title", value, limit=80, empty=False)


def checked_description(value: Any) -> str:
    """What a room is about; raises as ``checked_text``."""
    return checked_text("description", value, limit=200)


def _checked_model(value: Any) -> str:
    return checked_text("model", value, limit=MAX_MODEL_CHARS)


def _checked_system(value: Any) -> str:
    return checked_text("system", value, limit=MAX_SYSTEM_CHARS, lines=True)


def _checked_thinking(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"thinking must be true or false, not {value!r:.30}")
    return value


FIELDS: Mapping[str, Callable[[Any], str | bool]] = {
    "title": checked_title,
    "description": checked_description,
    "model": _checked_model,
    "system": _checked_system,
    "thinking": _checked_thinking,
}


@transaction.atomic
def change_room(room: Room, by: Identity, *, changes: Mapping[str, Any]) -> None:
    """Change these fields; of a direct room both people may, but for its title. What is so already is not told again.

    The text of ``system`` is not told, only that it changed. Raises Forbidden, InvalidInput, TooLarge, NotFound.
    Touches the database.
    """
    if unknown := sorted(changes.keys() - FIELDS.keys()):
        raise InvalidInput(f"a room has no field {unknown[0]!r:.60} that can be set ({', '.join(FIELDS)})")
    now = Room.objects.select_for_update().filter(pk=room.pk).first()
    if now is None:
        raise NotFound(f"the room {room.slug} is gone")
    if now.kind == RoomKind.DIRECT:
        check_talk(now, by)
        if "title" in changes:
            raise InvalidInput("a direct room is called by the people in it")
    else:
        check_commands(now, by)
    checked = {name: FIELDS[name](value) for name, value in changes.items()}
    changed = {name: value for name, value in checked.items() if getattr(now, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(now, name, value)
        now.save(update_fields=list(changed))
        tell_changes(now, by, changed)


def tell_changes(room: Room, by: Identity, changed: Collection[str]) -> None:
    """Tell the room what of it has changed, by ``room.changed``; a part of the caller's transaction."""
    told = {name: True if name == "system" else getattr(room, name) for name in changed if name in FIELDS}
    if told:
        publish(f"room:{room.slug}", {"by": by.as_author(), **told}, type="room.changed")
