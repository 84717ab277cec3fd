"""Filling a topic."""

from streams.eventlog import Appended, append
from streams.models import Topic
from streams.wire.event import NewEvent


def fill(count: int, name: str = "orders") -> Appended:
    """A public topic with ``count`` events: 1, 2, 3…"""
    Topic.objects.get_or_create(name=name, defaults={"visibility": "public"})
    return append(name, [NewEvent(str(number)) for number in range(1, count + 1)])
