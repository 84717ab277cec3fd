"""The forms of a room's pages: what a person types, as the values that acts take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from streams.chat import invitations, members
from streams.chat.changing import change_room
from streams.models import Room, RoomKind
from streams.publishing import Identity

MUTES = {10: "10 minutes", 60: "an hour", 24 * 60: "a day", 7 * 24 * 60: "a week"}
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """What a form does; done: what the page then says."""

    perform: Callable[[Room, Identity, Fields], object]
    done: str


def changes_of(fields: Fields, room: Room) -> dict[str, Any]:
    """The fields of the form that changes a room; a direct room has no title of its own."""
    names = ["description", "model", "system"] + (["title"] if room.kind != RoomKind.DIRECT else [])
    return {name: fields.get(name, "") for name in names} | {"thinking": "thinking" in fields}


def names_in(text: str) -> list[str]:
    """User names, separated by spaces, commas or lines."""
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _minutes(fields: Fields) -> Any:
    text = fields.get("minutes", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _invite(room: Room, who: Identity, fields: Fields) -> None:
    role = fields.get("role") or None
    members.invite(room, who, username=fields.get("user"), role=role)


def _role(room: Room, who: Identity, fields: Fields) -> None:
    members.set_role(room, who, person=fields.get("person"), role=fields.get("role"))


def _mute(room: Room, who: Identity, fields: Fields) -> None:
    members.mute(room, who, person=fields.get("person"), minutes=_minutes(fields))


ACTS: Mapping[str, Act] = {
    "change": Act(lambda room, who, fields: change_room(room, who, changes=changes_of(fields, room)), "Saved."),
    "invite": Act(_invite, "They are in the room now."),
    "role": Act(_role, "Done. Everybody in the room was told."),
    "mute": Act(_mute, "Done. Everybody in the room was told."),
    "link": Act(
        lambda room, who, fields: invitations.renew_invitation(room, who),
        "There is a new invitation link. One that was there before is no good any more.",
    ),
    "no-link": Act(
        lambda room, who, fields: invitations.withdraw_invitation(room, who),
        "The invitation link is withdrawn. Whoever came in by it stays.",
    ),
    "leave": Act(lambda room, who, fields: members.leave(room, who), "You have left the room."),
}


def new_room(fields: QueryDict) -> dict[str, Any]:
    """What ``make_room`` is given by the form."""
    return {
        "title": fields.get("title", ""),
        "description": fields.get("description", ""),
        "kind": fields.get("kind", ""),
        "members": names_in(fields.get("members", "")),
    }
