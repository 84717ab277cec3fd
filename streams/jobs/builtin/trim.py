"""``trim``: what the retention of topics no longer covers is deleted now, or all but a number of events."""

import time
from collections.abc import AsyncGenerator

from streams.errors import Forbidden, InvalidInput
from streams.eventlog import trim
from streams.jobs.context import JobContext
from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Progress, job
from streams.models import Topic
from streams.publishing import Identity

TURN_S = 0.5  # at the database, whose threads others wait for too
PERMISSION = "streams.trim_topic"


def check_trim(who: Identity, *, topic: str | None, keep: int | None = None) -> None:
    """Users who may trim topics."""
    if keep is not None and topic is None:
        raise InvalidInput("how many events to keep is said of one topic")
    if not who.has_permission(PERMISSION):
        raise Forbidden(f"{who.name} may not trim topics (the permission {PERMISSION})")


@job(
    "trim",
    title="Trim topics",
    parameters=[
        Parameter("topic", Type.TOPIC, "Topic", "empty: all topics"),
        Parameter("keep", Type.WHOLE, "Events to keep", "empty: as the retention says"),
    ],
    check=check_trim,
    resumable=True,
)
async def trim_topics(
    context: JobContext, *, topic: str | None, keep: int | None = None
) -> AsyncGenerator[Progress, None]:
    """Deletes the events that topics need not keep any longer, which the server does by itself little by little."""
    topics = Topic.objects.order_by("pk") if topic is None else Topic.objects.filter(name=topic)
    names = await context.run(lambda: list(topics.values_list("pk", "name")))
    deleted = 0
    yield Progress(0, len(names), {"deleted": 0})
    for done, (topic_id, _) in enumerate(names, 1):
        while some := await context.run(_trim_for_a_turn, topic_id, keep):
            deleted += some
            yield Progress(done - 1, len(names), {"deleted": deleted})
        yield Progress(done, len(names), {"deleted": deleted})


def _trim_for_a_turn(topic_id: int, keep: int | None) -> int:
    topic = Topic.objects.filter(pk=topic_id).first()
    return 0 if topic is None else trim(topic, keep=keep, until=time.monotonic() + TURN_S)
