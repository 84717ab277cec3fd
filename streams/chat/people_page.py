"""What the page of a room's settings shows: the people, what one may do to them, and what answers cost.

Touches the database.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone

from streams.chat.budget import Asker, limits_of
from streams.chat.changing import MAX_SYSTEM_CHARS
from streams.chat.people import KINDS
from streams.chat.presence import present_in
from streams.chat.roles import Place, check_talk, commands_room, place_of
from streams.chat.room_forms import MUTES
from streams.errors import StreamsError
from streams.models import Member, Role, Room, RoomKind
from streams.publishing import Identity

SHOWN = 200
ROLES = ((Role.OWNER, "Owner"), (Role.MEMBER, "Member"), (Role.READER, "Reader"))


def people_context(room: Room, who: Identity, *, find: str) -> dict[str, Any]:
    """Everything but the models and the invitation's link; find: a part of the names that are shown."""
    place, commands = place_of(room, who), commands_room(room, who)
    rows = Member.objects.filter(room=room)
    if not commands:
        rows = rows.within()
    everybody = rows.count()
    if find:
        rows = rows.filter(name__icontains=find.replace("\0", ""))
    people = [_shown(row, who) for row in rows.order_by("name", "pk")[:SHOWN]]
    people.sort(key=lambda one: (one["removed"], one["role"] != Role.OWNER))
    return {
        "room": room,
        "kind": _kind_told(room),
        "direct": room.kind == RoomKind.DIRECT,
        "by_invitation": room.kind == RoomKind.INVITATION,
        "commands": commands,
        "manages": commands and room.kind != RoomKind.DIRECT,
        "changes": commands or (room.kind == RoomKind.DIRECT and _talks(room, who)),
        "may_leave": _may_leave(room, place),
        "place": place,
        "people": people,
        "everybody": everybody,
        "find": find,
        "more": len(people) == SHOWN,
        "passing": _passing(room, commands),
        "roles": [(role.value, label) for role, label in ROLES],
        "mutes": MUTES.items(),
        "limits": [(limit, limit.spent_usd) for limit in limits_of(room, Asker(who.id))] if commands else [],
        "max_system_chars": MAX_SYSTEM_CHARS,
    }


def _shown(row: Member, who: Identity) -> dict[str, Any]:
    return {
        "id": row.person,
        "name": row.name,
        "role": row.role,
        "kind": KINDS.get(row.person[:1], "user"),
        "you": row.person in who.ids,
        "removed": row.role == Role.REMOVED,
        "muted_until": _ahead(row.muted_until),
        "joined_at": row.joined_at,
    }


def _ahead(moment: datetime | None) -> datetime | None:
    return moment if moment is not None and moment > timezone.now() else None


def _passing(room: Room, commands: bool) -> list[dict[str, str]]:
    """Those who are in a public room now and are none of its members: an owner can mute or remove them too."""
    if not commands or room.kind != RoomKind.PUBLIC:
        return []
    here: list[dict[str, str]] = present_in(room.slug)["people"]
    known = set(room.members.filter(person__in=[one["id"] for one in here]).values_list("person", flat=True))
    return [one for one in here if one["id"] not in known]


def _talks(room: Room, who: Identity) -> bool:
    try:
        check_talk(room, who)
    except StreamsError:
        return False
    return True


def _may_leave(room: Room, place: Place) -> bool:
    """Whether the page offers it; ``members.leave`` decides."""
    leaves = {RoomKind.PUBLIC: (Role.OWNER,), RoomKind.INVITATION: (Role.OWNER, Role.MEMBER, Role.READER)}
    return place.muted_until is None and place.role in leaves.get(RoomKind(room.kind), ())


def _kind_told(room: Room) -> str:
    told = {
        RoomKind.PUBLIC: "A public room: whoever is signed in may come in.",
        RoomKind.INVITATION: "A room by invitation: its members see it, and nobody else.",
        RoomKind.DIRECT: "The two of you, and nobody else.",
    }
    return told[RoomKind(room.kind)]
