"""``clear``: a topic is emptied in bounded batches, then reset or deleted, however much was said in it."""

import time
from collections.abc import AsyncGenerator

from django.contrib.auth import get_user_model

from streams.errors import Forbidden, NoSuchTopic
from streams.eventlog import check_deletable, check_resettable, delete_topic, empty, reset
from streams.jobs.context import JobContext
from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Progress, job
from streams.models import Topic
from streams.publishing import Identity

TURN_S = 0.5  # at the database, whose threads others wait for too
RESET, DELETE = "reset", "delete"
PERMISSIONS = {RESET: "streams.reset_topic", DELETE: "streams.delete_topic"}


def check_clear(who: Identity, *, topic: str, then: str) -> None:
    """Users with the permission for that end; raises Forbidden, NoSuchTopic, Conflict."""
    user = None if who.user_id is None else get_user_model().objects.filter(pk=who.user_id).first()
    permission = PERMISSIONS[then]
    if user is None or not user.has_perm(permission):
        raise Forbidden(f"{who.name} may not {then} topics (the permission {permission})")
    found = Topic.objects.filter(name=topic).first()
    if found is None:
        raise NoSuchTopic(f"no topic {topic!r}")
    if then == DELETE:
        check_deletable(found)
    else:
        check_resettable(found)


@job(
    "clear",
    title="Clear a topic",
    parameters=[
        Parameter("topic", Type.TOPIC, "Topic", required=True),
        Parameter("then", Type.CHOICE, "Then", default=RESET, choices=(RESET, DELETE)),
    ],
    check=check_clear,
    resumable=True,
)
async def clear_topic(context: JobContext, *, topic: str, then: str) -> AsyncGenerator[Progress, None]:
    """Deletes all events of a topic, of a room what was said in it, then gives it a new epoch, or deletes it too."""
    before = context.resume_at.result or {}
    deleted, epoch = before.get("deleted", 0), before.get("_epoch") or await context.run(epoch_of, topic)
    while True:
        yield Progress(deleted, None, {"deleted": deleted, "_epoch": epoch})
        some, all_gone = await context.run(empty_for_a_turn, topic, epoch, then, TURN_S)
        deleted += some
        if all_gone or not some:
            break
    await context.run(finish, topic, epoch, then)
    yield Progress(deleted, deleted, {"deleted": deleted, "_epoch": epoch})


def epoch_of(name: str) -> str | None:
    """The epoch of the life that is to end; None of a topic that is gone."""
    return Topic.objects.filter(name=name).values_list("epoch", flat=True).first()


def empty_for_a_turn(name: str, epoch: str | None, then: str, seconds: float) -> tuple[int, bool]:
    """Delete what is of that life for about so long, as ``empty`` does: how many rows, and whether all are gone."""
    topic = Topic.objects.filter(name=name, epoch=epoch).first()
    if topic is None:
        return 0, True
    return empty(topic, keep_answers=then == RESET, until=time.monotonic() + seconds)


def finish(name: str, epoch: str | None, then: str) -> None:
    """Reset or delete what is nearly empty by now; a topic that has begun anew since stays as it is."""
    if Topic.objects.filter(name=name, epoch=epoch).exists():
        if then == RESET:
            reset(name)
        else:
            delete_topic(name)
