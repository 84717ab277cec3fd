"""Compact: events whose sum a later one can hold are deleted, and that one is given the sum.

Their numbers are then missing between events that are kept. That is no gap to a reader who stands among them: what it
has not seen of them is in the event behind. Numbers only go missing so; where a log begins is moved by trimming alone.
"""

from collections.abc import Callable, Collection, Sequence
from json import loads
from typing import Any

from django.db import transaction

from streams.models import Event, Topic

READ_AT_ONCE = 500
DELETED_AT_ONCE = 500


def find_pieces(
    topic_id: int, *, after: int, before: int, types: Collection[str], belongs: Callable[[Any], bool]
) -> list[int]:
    """The rows of the events between two numbers that have one of ``types``, and data of which ``belongs`` is true."""
    events = Event.objects.of(topic_id).after(after).filter(seq__lt=before, type__in=types)
    rows = events.values_list("pk", "data").iterator(chunk_size=READ_AT_ONCE)
    return [pk for pk, data in rows if belongs(loads(data))]


@transaction.atomic
def compact(into: Event, data: str, pieces: Sequence[int]) -> bool:
    """Give ``into`` its new ``data`` and delete the rows ``pieces``, which lie before it.

    False, and nothing is done, if ``into`` is no more what it was: the log was trimmed or reset, or this was done.
    Joins the caller's transaction, under the topic's lock, as all that changes a log.
    """
    Topic.objects.select_for_update().filter(pk=into.topic_id).first()
    if Event.objects.filter(pk=into.pk, data=into.data).update(data=data) != 1:
        return False
    for begin in range(0, len(pieces), DELETED_AT_ONCE):
        Event.objects.filter(pk__in=pieces[begin : begin + DELETED_AT_ONCE]).delete()
    return True
