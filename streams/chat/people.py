"""The people of a room, by the ids and names under which others know them. All of it touches the database."""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model

from streams.errors import InvalidInput, NotFound
from streams.models import LiveConnection, Message, Room
from streams.wire.names import room_topics

PERSON_ID = re.compile(r"(u|g|t):([0-9a-z]{1,40})", re.ASCII)
KINDS = {"u": "user", "g": "guest", "t": "token"}


@dataclass(frozen=True, slots=True)
class Person:
    """id: an Identity's; user_id: None of those who have no account."""

    id: str
    name: str
    user_id: int | None = None

    def as_json(self) -> dict[str, str]:
        """``{"id", "name", "kind"}``, as authors are told."""
        return {"id": self.id, "name": self.name, "kind": KINDS[self.id[0]]}


def of_user(user: Any) -> Person:
    """The person behind an account."""
    return Person(f"u:{user.pk}", (user.get_full_name() or user.get_username())[:150], user.pk)


def account_named(username: Any) -> Person:
    """Whoever has that user name. Raises InvalidInput, NotFound."""
    if not isinstance(username, str) or not username.strip() or "\0" in username or len(username) > 150:
        raise InvalidInput(f"user must be the name of a user, not {username!r:.60}")
    name = username.strip().removeprefix("@")
    active = get_user_model().objects.filter(is_active=True)
    user = active.filter(username=name).first() or active.filter(username__iexact=name).first()
    if user is None:
        raise NotFound(f"no user {name!r:.160}")
    return of_user(user)


def person_of(room: Room, person: Any) -> Person:
    """Whoever has that id, if they were seen in the room: the names of others are not for its owners to find out.

    Raises InvalidInput, NotFound.
    """
    found = PERSON_ID.fullmatch(person) if isinstance(person, str) else None
    if found is None:
        raise InvalidInput(f"person must be an id such as 'u:7', not {person!r:.60}")
    kind, key = found[1], found[2]
    name = _name_seen(room, person)
    if name is not None and kind != "u":
        return Person(person, name)
    user = get_user_model().objects.filter(pk=int(key)).first() if name and key.isdigit() and len(key) < 10 else None
    if user is None:
        raise NotFound(f"nobody with the id {person!r:.60} was in {room.title}")
    return of_user(user)


def _name_seen(room: Room, person: str) -> str | None:
    """The name that somebody left here: as a member, by what they said, or by reading."""
    if (row := room.members.filter(person=person).first()) is not None:
        return row.name
    said = Message.objects.filter(topic_id=room.topic_id, author_id=person).order_by("-seq").first()
    if said is not None:
        return said.author_name
    reads = LiveConnection.objects.reading(room_topics(room.slug)[0]).filter(who_id=person).first()
    return None if reads is None else reads.who_name
