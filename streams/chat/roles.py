"""What somebody is in a room, and what they may do there. All of it touches the database."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from streams.errors import Forbidden, NotSignedIn
from streams.models import Member, Role, Room, RoomKind
from streams.publishing import Identity
from streams.publishing.permissions import may_publish
from streams.publishing.tokens import allows
from streams.wire.names import room_topics

RANKS = (Role.REMOVED, Role.READER, Role.MEMBER, Role.OWNER)
MANAGES = "streams.change_room"  # the permission with which the staff does what owners may


@dataclass(frozen=True, slots=True)
class Place:
    """What somebody is in a room; role None: nothing, and it is not public. muted_until: not before now."""

    role: Role | None
    muted_until: datetime | None = None


def place_of(room: Room, who: Identity) -> Place:
    """The place of ``who``; a token has that of its user, and may itself be held to less."""
    rows = {row.person: row for row in Member.objects.filter(room_id=room.pk, person__in=who.ids)} if who.is_one else {}
    person = who.behind or who
    role = Role(rows[person.id].role) if person.id in rows else _without_a_row(room, who)
    if role is not None:
        role = min([role, *(Role(row.role) for row in rows.values())], key=RANKS.index)
    ends = [row.muted_until for row in rows.values() if row.muted_until is not None]
    muted_until = max(ends, default=None)
    return Place(role, muted_until if muted_until is not None and muted_until > timezone.now() else None)


def is_public(room: Room) -> bool:
    """Whether it is by now: ``room`` may be as old as a socket. Not one that is gone."""
    return Room.objects.filter(pk=room.pk, kind=RoomKind.PUBLIC).exists()


def _without_a_row(room: Room, who: Identity) -> Role | None:
    if is_public(room):
        return Role.MEMBER
    token, log = who.token, room_topics(room.slug)[0]
    named = token is not None and who.behind is None and allows(token.publish, log, exactly=True)
    return Role.MEMBER if named else None


def role_of(room: Room, who: Identity) -> Role | None:
    """The role of ``who`` in the room; None: no part in one that is not public."""
    return place_of(room, who).role


def only_listens(room: Room, who: Identity) -> bool:
    """Whether this is a token without the room in its publish scope: it reads there, and does nothing else."""
    return who.token is not None and not may_publish(who=who, name=room_topics(room.slug)[0])


def check_scope(room: Room, who: Identity) -> None:
    """Raise Forbidden for a token that only listens."""
    if only_listens(room, who):
        raise Forbidden(f"{who.name} may read here but not talk")


def check_talk(room: Room, who: Identity) -> None:
    """Raise NotSignedIn or Forbidden unless ``who`` may talk in a room it may read.

    Guests need the name that the room's page gave them; a token needs the room in its publish scope.
    """
    place = _place_within(room, who)
    if place.role == Role.READER:
        raise Forbidden("you may read here but not talk")
    if place.muted_until is not None:
        raise Forbidden(f"you are muted here until {told_time(place.muted_until)}")


def check_take_back(room: Room, who: Identity) -> None:
    """Raise as ``check_talk`` unless ``who`` may take back its own words: the muted and readers may, too."""
    _place_within(room, who)


def _place_within(room: Room, who: Identity) -> Place:
    if who.kind == "nobody":
        raise NotSignedIn("sign in, or send a bearer token, to talk here")
    if who.kind == "guest" and not who.by_cookie:
        raise NotSignedIn("open the room's page first: it gives you a name")
    place = place_of(room, who)
    check_scope(room, who)
    if place.role is None:
        raise Forbidden("you may read here but not talk")
    if place.role == Role.REMOVED:
        raise Forbidden("you were removed from this room")
    return place


def told_time(moment: datetime) -> str:
    """A time as texts for people have it, in UTC; a mute is told to the minute, and not too early."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def commands_room(room: Room, who: Identity) -> bool:
    """Whether ``who`` may do what owners may: an owner, by a token only within its publish scope; or the staff."""
    if only_listens(room, who):
        return False
    return role_of(room, who) == Role.OWNER or who.has_permission(MANAGES)


def check_commands(room: Room, who: Identity) -> None:
    """Raise Forbidden unless ``who`` may do what owners may."""
    if not commands_room(room, who):
        raise Forbidden(f"only an owner of {room.title} may do that")
