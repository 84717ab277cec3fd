"""Reset: a log begins anew; delete: a topic goes with its log, and with what was said in it if it is a room's.

Any number of events, messages and answers is emptied in bounded batches first: then little is left to do in the one
transaction that ends it, and nobody who writes waits for long.
"""

import time
from collections.abc import Callable
from functools import partial
from math import inf

from django.db import transaction

from streams.conf import get_settings
from streams.errors import Conflict
from streams.eventlog.trim import trim
from streams.models import Generation, Member, Message, Reaction, Room, Topic
from streams.models.generation import OPEN
from streams.models.topic import new_epoch
from streams.wire.names import is_own, room_of

REST_S = 0.02  # after each batch: on SQLite who waits to write stands in no line, but asks again every 0.1 s
NOWHERE = dict.fromkeys(("topic", "start_seq", "end_seq", "message_seq"))
WORDLESS = NOWHERE | dict.fromkeys(("question", "text", "thinking", "html"), "") | {"html_chars": 0}


def empty(topic: Topic, *, keep_answers: bool, until: float = inf) -> tuple[int, bool]:
    """Delete what the topic's life at hand has of events, messages and answers, oldest first.

    keep_answers: what they cost is kept, without a word of them. How many rows, and whether all are gone; no batch is
    begun after ``until`` (by the monotonic clock). Each is a transaction of its own.
    """
    deleted = trim(topic, keep=0, until=until)
    for forget in (_forget_messages, partial(_forget_answers, keep=keep_answers)):
        while time.monotonic() < until and (some := _forget_batch(topic, forget)):
            deleted += some
            time.sleep(REST_S)
    return deleted, time.monotonic() < until


@transaction.atomic
def _forget_batch(topic: Topic, forget: Callable[[Topic, int], int]) -> int:
    """Under the topic's lock: one that were reset in between would lose what was said since."""
    if not Topic.objects.select_for_update().filter(pk=topic.pk, epoch=topic.epoch).exists():
        return 0
    return forget(topic, get_settings().trim_batch)


def _forget_messages(topic: Topic, size: int) -> int:
    keys = list(Message.objects.filter(topic=topic).order_by("seq").values_list("pk", flat=True)[:size])
    database = topic._state.db
    Reaction.objects.filter(message__in=keys)._raw_delete(using=database)  # no other table refers to them
    Message.objects.filter(pk__in=keys)._raw_delete(using=database)  # reactions, which are gone, were all that did
    return len(keys)


def _forget_answers(topic: Topic, size: int, *, keep: bool) -> int:
    """Those that have ended; one that is being written still needs its place."""
    ended = Generation.objects.filter(topic=topic).exclude(status__in=OPEN).order_by("start_seq")
    some = Generation.objects.filter(pk__in=list(ended.values_list("pk", flat=True)[:size]))
    return some.update(**WORDLESS) if keep else some.delete()[0]


@transaction.atomic
def reset(name: str) -> str:
    """Empty a topic and give it a new epoch, which is returned: every reader is told of the gap.

    Its numbers begin anew, so what was said in a room goes too. Raises Conflict while an answer is written there.
    """
    topic = Topic.objects.select_for_update().get(name=name)
    check_resettable(topic)
    Generation.objects.filter(topic=topic).update(**WORDLESS)
    _forget_messages(topic, Message.objects.filter(topic=topic).count())
    Member.objects.filter(room__topic=topic).update(read_seq=0)
    topic.events.all()._raw_delete(using=topic._state.db)  # no other table refers to them
    topic.epoch, topic.head = new_epoch(), 0
    topic.save(update_fields=["epoch", "head"])
    return topic.epoch


@transaction.atomic
def delete_topic(name: str) -> None:
    """Delete a topic with its events, at once: every reader is told. Raises Conflict for one that is needed."""
    topic = Topic.objects.select_for_update().get(name=name)
    check_deletable(topic)
    topic.events.all()._raw_delete(using=topic._state.db)  # no other table refers to them
    topic.delete()


def check_resettable(topic: Topic) -> None:
    """Raise Conflict while an answer is written in the topic's room."""
    if Generation.objects.filter(topic=topic, status__in=OPEN).exists():
        raise Conflict(f"an answer is being written in {topic.name}: stop it first, or wait for its end")


def check_deletable(topic: Topic) -> None:
    """Raise Conflict for the topics of a room, and for those that the server itself publishes to."""
    if (slug := room_of(topic.name)) is not None and Room.objects.filter(slug=slug).exists():
        raise Conflict(f"{topic.name} is a topic of a room; delete the room, or reset the topic")
    if is_own(topic.name):
        raise Conflict(f"the server itself publishes to {topic.name}; it may be reset")
