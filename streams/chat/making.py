"""Making rooms: public and by invitation, by whoever has an account; and those of two people. Touches the database."""

import re
from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from streams.chat.changing import checked_description, checked_title
from streams.chat.members import add_member
from streams.chat.people import Person, account_named
from streams.chat.room_topics import ensure_topics
from streams.conf import get_settings
from streams.errors import Conflict, Forbidden, InvalidInput, LimitReached, NotSignedIn
from streams.models import Role, Room, RoomKind, Topic
from streams.publishing import Identity, counted
from streams.publishing.permissions import may_publish
from streams.wire.names import room_topics

MAX_SLUG_CHARS = 60
SLUG = re.compile(rf"[a-z0-9](?:[a-z0-9-]{{0,{MAX_SLUG_CHARS - 1}}})", re.ASCII)
RESERVED = ("new", "join")  # what stands at their place in paths
DIRECT = "direct-"  # how the slugs of direct rooms begin, and no other's
MAKES_ANY = "streams.add_room"  # the permission of the staff, who may make as many as they like


@transaction.atomic
def make_room(
    who: Identity,
    *,
    title: Any,
    description: Any = "",
    kind: Any = RoomKind.PUBLIC,
    slug: Any = None,
    members: Any = (),
) -> Room:
    """A new room of which ``who`` is the owner, and these users members; without a slug the title makes one.

    Raises NotSignedIn, Forbidden, InvalidInput, TooLarge, NotFound (no such user), Conflict (the slug is taken),
    LimitReached.
    """
    maker = _maker(who)
    if kind not in (RoomKind.PUBLIC, RoomKind.INVITATION):
        raise InvalidInput(f"kind {kind!r:.30} is none (public, invitation; or direct, with a user)")
    title, description, people = checked_title(title), checked_description(description), _people(members)
    get_user_model().objects.select_for_update().get(pk=maker.user_id or 0)  # or the limit won't hold
    _check_number(maker)
    slug = _free_slug(title) if slug is None else _checked_slug(slug)
    _check_scope(who, slug)
    room = _create(slug, title=title, description=description, kind=kind, by=maker)
    add_member(room, Person(maker.id, maker.name[:150], maker.user_id), Role.OWNER, who)
    for person in people:
        if person.id != maker.id:
            add_member(room, person, Role.MEMBER, who)
    return room


def direct_room(who: Identity, username: Any) -> tuple[Room, bool]:
    """The room of ``who`` and that user, and whether it had to be made: there is one for each two people.

    Raises NotSignedIn, Forbidden, NotFound, InvalidInput (with oneself).
    """
    maker, other = _maker(who), account_named(username)
    if other.user_id == maker.user_id:
        raise InvalidInput("a direct room is with somebody else, not with yourself")
    low, high = sorted([maker.user_id or 0, other.user_id or 0])
    slug = f"{DIRECT}{low}-{high}"
    _check_scope(who, slug)
    try:
        with transaction.atomic():
            room = Room.objects.filter(slug=slug).first()
            if room is not None:
                return room, False
            one = Person(maker.id, maker.name[:150], maker.user_id)
            title = f"{one.name[:38]}, {other.name[:38]}"
            room = _create(slug, title=title, description="", kind=RoomKind.DIRECT, by=maker)
            for person in (one, other):
                add_member(room, person, Role.MEMBER, who)
            return room, True
    except IntegrityError:  # both asked at once
        return Room.objects.get(slug=slug), False


def may_make(who: Identity) -> bool:
    """Whether ``who`` may make another room; what the page asks before it offers that."""
    try:
        _check_number(_maker(who))
    except (NotSignedIn, Forbidden, LimitReached):
        return False
    return True


def _create(slug: str, *, title: str, description: str, kind: str, by: Identity) -> Room:
    """Raises Conflict where the room, or a topic of its name, is there."""
    if Room.objects.filter(slug=slug).exists():
        raise Conflict(f"there is a room with the slug {slug!r}; choose another")
    if Topic.objects.filter(name__in=room_topics(slug)).exists():
        raise Conflict(f"there is a topic {room_topics(slug)[0]} that is no room's; choose another slug")
    topic = ensure_topics(slug, title=title, kind=kind)
    return Room.objects.create(
        slug=slug, title=title, description=description, kind=kind, topic=topic, created_by=by.id
    )


def _check_scope(who: Identity, slug: str) -> None:
    if who.token is not None and not may_publish(who=who, name=room_topics(slug)[0]):
        raise Forbidden(f"{who.name} may not publish to {room_topics(slug)[0]}, and so may not make that room")


def _maker(who: Identity) -> Identity:
    """The user who makes it, themselves or by a token of theirs."""
    maker = who.behind or who
    if maker.user_id is None:
        if who.kind == "token":
            raise Forbidden(f"the token {who.name} belongs to nobody, and so can't own a room")
        raise NotSignedIn("making a room needs an account")
    return maker


def _check_number(maker: Identity) -> None:
    if maker.has_permission(MAKES_ANY):
        return
    limit = get_settings().max_rooms_per_user
    count = Room.objects.filter(created_by=maker.id).exclude(kind=RoomKind.DIRECT).count()
    if count >= limit:
        raise counted(LimitReached(f"you have made {count} rooms (limit {limit})", retry_after_s=60))


def _people(members: Any) -> list[Person]:
    if isinstance(members, str) or not isinstance(members, Sequence):
        raise InvalidInput(f"members must be a list of user names, not {type(members).__name__}")
    limit = get_settings().max_room_members - 1
    if len(members) > limit:
        raise InvalidInput(f"{len(members)} members are named (limit {limit}, beside you)")
    return list({person.id: person for person in map(account_named, members)}.values())


def _checked_slug(slug: Any) -> str:
    if not isinstance(slug, str) or not SLUG.fullmatch(slug):
        raise InvalidInput(f"slug {slug!r:.80} is not allowed (1 to {MAX_SLUG_CHARS} of a-z, 0-9 and -)")
    if slug in RESERVED or slug.startswith(DIRECT):
        raise InvalidInput(f"slug {slug!r} is reserved")
    return slug


def _free_slug(title: str) -> str:
    """One that nothing has yet, made of the title."""
    base = slugify(title)[: MAX_SLUG_CHARS - 5].strip("-_").replace("_", "-") or "room"
    base = f"room-{base}"[: MAX_SLUG_CHARS - 5] if base in RESERVED or base.startswith(DIRECT) else base
    like = Topic.objects.filter(name__startswith=room_topics(base)[0]).values_list("name", flat=True)
    taken, slug, number = set(like), base, 1
    while room_topics(slug)[0] in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
