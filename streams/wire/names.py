"""The names of topics, and the patterns that tokens use."""

import re

from streams.errors import InvalidTopicName

MAX_TOPIC_CHARS = 128
VITALS = "system"
OPERATION = "system:operation"
COMMANDS = "system:commands"
ROOM, LIVE = "room:", ":live"
OF_PEOPLE = (OPERATION, COMMANDS)  # tell who is connected, from where, and how each of them does
_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
_PATTERN = re.compile(r"[A-Za-z0-9._:*-]{1,128}", re.ASCII)


def check_topic_name(name: str) -> str:
    """``name`` itself; raises InvalidTopicName telling the limit and the value."""
    if len(name) > MAX_TOPIC_CHARS:
        raise InvalidTopicName(f"topic name has {len(name)} characters (limit {MAX_TOPIC_CHARS})")
    if not _TOPIC.fullmatch(name):
        raise InvalidTopicName(
            f"topic name {name!r} is not allowed (letters, digits and . _ : - only, beginning with a letter or digit)"
        )
    return name


def check_pattern(pattern: str) -> str:
    """``pattern`` itself; raises InvalidTopicName where it has a character that no topic and no ``*`` has."""
    if not _PATTERN.fullmatch(pattern):
        raise InvalidTopicName(f"topic pattern {pattern!r} is not allowed (letters, digits and . _ : - * only)")
    return pattern


def matches(pattern: str, name: str) -> bool:
    """Whether ``*`` (any run of characters, colons too) makes ``pattern`` into ``name``.

    Each piece but the last is taken where it first fits; that is never worse, and many stars cost no backtracking.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return name == first
    *middle, last = rest
    if not name.startswith(first):
        return False
    at = len(first)
    for piece in middle:
        found = name.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(name) - at >= len(last) and name.endswith(last)


def room_topics(slug: str) -> tuple[str, str]:
    """The two topics of a room: its log, and what passes there and need not be kept."""
    return f"{ROOM}{slug}", f"{ROOM}{slug}{LIVE}"


def room_of(topic: str) -> str | None:
    """The slug of the room that the topic is of; None of any other topic."""
    if not topic.startswith(ROOM):
        return None
    slug = topic[len(ROOM) :].removesuffix(LIVE)
    return None if not slug or ":" in slug else slug


def room_refusal(topic: str) -> str:
    """Why nobody publishes to the topic of a room."""
    slug = room_of(topic) or "<slug>"
    return f"what happens in a room is told by its operations: say it over /ws/rooms/{slug} or POST /rooms/{slug}/ops"


def is_own(topic: str) -> bool:
    """Whether the topic is one that the server itself writes: ``system``, ``system:…``."""
    return topic == "system" or topic.startswith("system:")
