"""Who is meant by ``@name`` in a text: people of the room, by the names that they have there."""

import re
from collections.abc import Iterable
from itertools import islice

from streams.chat.presence import people_said
from streams.models import Member, Message, Role, Room

MAX_MENTIONS = 20
MAX_SIGNS = 100  # that are looked at: each is compared with the names of all, of whom there may be thousands
MEMBERS = 5_000  # whose names are tried
SPEAKERS = 1_000  # of the newest messages, whose authors are tried too
MODEL = "claude"  # is asked by its name, not mentioned
_AT = re.compile(r"(?<![\w@])@(?=\w)")
_WORD = re.compile(r"\w")

Mention = dict[str, str]


def mentioned(text: str, people: Iterable[tuple[str, str]]) -> list[Mention]:
    """``[{"id", "name"}]`` of those ``people`` (id, name) whom ``text`` names, each once, in its order.

    Letters count alike whatever their case; where several names fit, the longest is meant.
    """
    names = sorted(((name.casefold(), who, name) for who, name in people if name), key=lambda one: -len(one[0]))
    found: dict[str, Mention] = {}
    for at in islice(_AT.finditer(text), MAX_SIGNS):
        behind = text[at.end() : at.end() + 200].casefold()
        for name, who, shown in names:
            if behind.startswith(name) and not _WORD.match(behind, len(name)):
                found.setdefault(who, {"id": who, "name": shown})
                break
        if len(found) == MAX_MENTIONS:
            break
    return list(found.values())


def people_of(room: Room) -> list[tuple[str, str]]:
    """Who may be mentioned, as (id, name): its members, who is here, who has spoken lately. Touches the database."""
    members = Member.objects.filter(room_id=room.pk)
    roles = list(members.values_list("person", "name", "role")[:MEMBERS])
    gone = {person for person, _, role in roles if role == Role.REMOVED}
    spoken = Message.objects.of(room.topic_id).values_list("author_id", "author_name")[:SPEAKERS]
    people = dict(reversed(list(spoken))) | people_said(room.slug) | {person: name for person, name, _ in roles}
    return [(who, name) for who, name in people.items() if who not in gone and name.casefold() != MODEL]


def mentions_in(room: Room, text: str) -> list[Mention]:
    """The mentions of a text that is said in the room; asks the database only where there may be one."""
    return mentioned(text, people_of(room)) if _AT.search(text) else []
