"""Who is in a room: inviting, roles, muting and removing, coming in and leaving.

Each act is one transaction: the member's row, the readers of the room's topics, and the event ``member`` that tells
everybody. It is done under the lock of the room's row, so that two owners can't each remove the other. All of it
touches the database.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from streams.chat.people import Person, account_named, person_of
from streams.chat.roles import check_commands, check_scope, told_time
from streams.chat.room_topics import open_to
from streams.conf import get_settings
from streams.connections.commands import command
from streams.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotFound
from streams.models import Member, Role, Room, RoomKind
from streams.publishing import Identity, counted, publish
from streams.wire.event import format_time

MAX_MUTE_MINUTES = 366 * 24 * 60
NO_INVITATION = "this invitation is no good any more; ask whoever sent it for another"
LEFT = "left"  # the role in the event of somebody who went by themselves

P = ParamSpec("P")
T = TypeVar("T")


def _in_the_room(act: Callable[Concatenate[Room, P], T]) -> Callable[Concatenate[Room, P], T]:
    """Do it in one transaction, under the lock of the room as it is by now. Raises NotFound if the room is gone."""

    @wraps(act)
    def locked(room: Room, *args: P.args, **kwargs: P.kwargs) -> T:
        with transaction.atomic():
            now = Room.objects.select_for_update().filter(pk=room.pk).first()
            if now is None:
                raise NotFound(f"the room {room.slug} is gone")
            return act(now, *args, **kwargs)

    return cast(Callable[Concatenate[Room, P], T], locked)


@_in_the_room
def invite(room: Room, by: Identity, *, username: Any, role: Any = None) -> Person:
    """The user of that name comes in; one who is there already stays what they are, unless ``role`` says otherwise.

    Raises Forbidden, NotFound, InvalidInput, Conflict, LimitReached.
    """
    _check_managed(room, by)
    wanted = _role(Role.MEMBER if role is None else role)
    person = account_named(username)
    row = room.members.filter(person=person.id).first()
    if role is None and row is not None and row.role != Role.REMOVED:
        return person
    _put(room, person, wanted, by)
    return person


@_in_the_room
def set_role(room: Room, by: Identity, *, person: Any, role: Any) -> None:
    """Make somebody an owner, a member, a reader, or shut them out (``removed``): what they read there ends at once.

    Raises Forbidden, NotFound, InvalidInput, Conflict (the last owner stays one), LimitReached.
    """
    _check_managed(room, by)
    _put(room, person_of(room, person), _role(role), by)


@_in_the_room
def mute(room: Room, by: Identity, *, person: Any, minutes: Any) -> None:
    """Let somebody read but not talk for so long; 0 ends it. Raises Forbidden, NotFound, InvalidInput, Conflict."""
    _check_managed(room, by)
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 <= minutes <= MAX_MUTE_MINUTES:
        raise InvalidInput(f"minutes must be a whole number from 0 to {MAX_MUTE_MINUTES}, not {minutes!r:.30}")
    found = person_of(room, person)
    row = room.members.filter(person=found.id).first()
    if row is None:
        if room.kind != RoomKind.PUBLIC:
            raise NotFound(f"{found.name} is no member of {room.title}")
        row = _new_row(room, found, Role.MEMBER)
    if row.role == Role.OWNER:
        raise Conflict(f"{row.name} is an owner, and owners can't be muted; give them another role first")
    row.muted_until = timezone.now() + timedelta(minutes=minutes) if minutes else None
    row.save()
    _tell(room, found, row.role, row, by)


@_in_the_room
def join(room: Room, who: Identity, *, secret: str) -> None:
    """Come in as a member, by the room's invitation. Raises Forbidden for whoever was removed, LimitReached, and
    NotFound if that is not its secret any more.
    """
    if room.kind != RoomKind.INVITATION or not secret or room.invitation != secret:
        raise NotFound(NO_INVITATION)
    row = room.members.filter(person=who.id).first()
    if row is not None and row.role == Role.REMOVED:
        raise Forbidden(f"you were removed from {room.title}; an owner of it can let you in again")
    if row is None:
        _put(room, Person(who.id, who.name, who.user_id), Role.MEMBER, who)


@_in_the_room
def leave(room: Room, who: Identity) -> None:
    """Go by oneself. Raises Forbidden for a token that only listens, Conflict where that would shed something, or leave
    the room without an owner.
    """
    check_scope(room, who)
    one = who.behind or who
    row = room.members.filter(person=one.id).first()
    if room.kind == RoomKind.DIRECT:
        raise Conflict("a direct room is of two people, and stays so")
    if row is None or row.role == Role.REMOVED or (room.kind == RoomKind.PUBLIC and row.role == Role.READER):
        raise Conflict(f"there is nothing in {room.title} that you could leave")
    if row.muted_until is not None and row.muted_until > timezone.now():
        raise Conflict(f"you are muted here until {told_time(row.muted_until)}; leave after that")
    _check_owner_stays(room, row)
    row.delete()
    if row.user_id is not None:
        open_to(room, row.user_id, may=False)
    person = Person(row.person, row.name, row.user_id)
    _tell(room, person, LEFT, None, who)
    if room.kind != RoomKind.PUBLIC:
        command("recheck", who=person.id)


def add_member(room: Room, person: Person, role: Role, by: Identity) -> None:
    """Put somebody into a room that is being made, in the caller's transaction. Raises LimitReached, InvalidInput."""
    _put(room, person, role, by)


def _put(room: Room, person: Person, role: Role, by: Identity) -> None:
    if person.user_id is None and (role == Role.OWNER or room.kind != RoomKind.PUBLIC):
        what = "own a room" if role == Role.OWNER else "be in a room that is not public"
        raise InvalidInput(f"{person.name} has no account here, and so can't {what}")
    row = room.members.filter(person=person.id).first()
    if row is None or row.role == Role.REMOVED:
        if role != Role.REMOVED:
            _check_there_is_place(room)
        row = row or _new_row(room, person, role)
    elif role != Role.OWNER:
        _check_owner_stays(room, row)
    row.role, row.name = role, person.name
    row.save()
    if person.user_id is not None:
        open_to(room, person.user_id, may=role != Role.REMOVED)
    _tell(room, person, role, row, by)
    if role == Role.REMOVED:
        command("recheck", who=person.id)


def _new_row(room: Room, person: Person, role: Role) -> Member:
    """Not saved yet; what was said before somebody came is not unread to them."""
    row = Member(room=room, person=person.id, name=person.name, role=role, read_seq=room.topic.head)
    row.user = get_user_model().objects.filter(pk=person.user_id).first() if person.user_id is not None else None
    return row


def _tell(room: Room, person: Person, role: str, row: Member | None, by: Identity) -> None:
    muted_until = None if row is None or row.muted_until is None else format_time(row.muted_until)
    told = {"person": person.as_json(), "role": role, "muted_until": muted_until, "by": by.as_author()}
    publish(f"room:{room.slug}", told, type="member")


def _check_managed(room: Room, by: Identity) -> None:
    check_commands(room, by)
    if room.kind == RoomKind.DIRECT:
        raise Conflict("a direct room is of two people, and stays so")


def _check_owner_stays(room: Room, row: Member) -> None:
    if row.role == Role.OWNER and not room.members.filter(role=Role.OWNER).exclude(pk=row.pk).exists():
        raise Conflict(f"{row.name} is the last owner of {room.title}; make somebody else an owner first")


def _check_there_is_place(room: Room) -> None:
    if room.kind == RoomKind.PUBLIC:  # whoever reads there has a row
        return
    limit, count = get_settings().max_room_members, room.members.within().count()
    if count >= limit:
        raise counted(LimitReached(f"{room.title} has {count} members (limit {limit})"))


def _role(role: Any) -> Role:
    if role not in Role.values:
        raise InvalidInput(f"role {role!r:.30} is none ({', '.join(Role.values)})")
    return Role(role)
