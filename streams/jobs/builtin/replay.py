"""``replay``: what a topic keeps happens again in another one, at the pace of then."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from streams.errors import InvalidInput
from streams.jobs.builtin.pages import bounds, kept_events
from streams.jobs.context import JobContext
from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Progress, job
from streams.publishing import Identity, check_publish, topic_to_read
from streams.wire.event import LogEvent, NewEvent

TOGETHER_S = 0.02  # events of the replay that are nearer to each other share a transaction
MAX_TOGETHER = 200
PARAMETERS = (
    Parameter("topic", Type.TOPIC, "Topic", required=True),
    Parameter("into", Type.TOPIC, "Into the topic", "made if it is missing", required=True),
    Parameter("speed", Type.NUMBER, "Speed", "2: twice as fast as it was", default=1, least=0.01, most=1_000_000),
    Parameter("max_pause_s", Type.NUMBER, "Longest pause (s)", "longer silence is cut", default=60, least=0),
)


def check_replay(who: Identity, *, topic: str, into: str, **_: Any) -> None:
    """Whoever may read the one topic and publish to the other."""
    if topic == into:
        raise InvalidInput(f"into must be another topic than {topic!r}")
    topic_to_read(who, topic)
    check_publish(who=who, name=into)


@job("replay", title="Replay a topic", parameters=PARAMETERS, check=check_replay, resumable=True)
async def replay(
    context: JobContext, *, topic: str, into: str, speed: float, max_pause_s: float
) -> AsyncGenerator[Progress, None]:
    """Publishes the events that a topic keeps to another one again, with the pauses that were between them.

    The key of an event is ``job:<id>/<seq>``. After an interruption it goes on behind the last event that was saved.
    """
    head, first = await bounds(context, topic)
    before = context.resume_at
    result = {"_epoch": head.epoch, "_seq": first - 1} | (before.result or {})
    if result["_epoch"] != head.epoch:
        raise InvalidInput(f"the log of {topic!r} began anew since the replay began")
    done, after = before.done, max(result["_seq"], first - 1)
    total = done + head.seq - after
    pace = _Pace(speed, max_pause_s)
    yield Progress(done, total, result)
    async with aclosing(kept_events(context, head, topic, after)) as pages:
        async for page in pages:
            for events in pace.groups(page):
                await asyncio.sleep(pace.pause_before(events[0]))
                await context.publish(into, [_again(context, event) for event in events])
                pace.passed(events[-1])
                done += len(events)
                yield Progress(done, total, result | {"_seq": events[-1].seq})
    yield Progress(done, done, result | {"_seq": head.seq})  # fewer than numbers, if some were compacted


def _again(context: JobContext, event: LogEvent) -> NewEvent:
    return NewEvent(event.data, event.type, f"job:{context.id}/{event.seq}")


class _Pace:
    """When the next event is due: by a clock that runs with the events, so that publishing takes no extra time."""

    def __init__(self, speed: float, max_pause_s: float) -> None:
        self._speed, self._max_pause_s = speed, max_pause_s
        self._loop = asyncio.get_running_loop()
        self._last: LogEvent | None = None
        self._due = self._loop.time()

    def _apart(self, one: LogEvent, other: LogEvent) -> float:
        return max(0.0, (other.created_at - one.created_at).total_seconds() / self._speed)

    def groups(self, page: tuple[LogEvent, ...]) -> list[list[LogEvent]]:
        """Those that come at about the same time, together."""
        groups: list[list[LogEvent]] = []
        for event in page:
            last = groups[-1] if groups else None
            if last and len(last) < MAX_TOGETHER and self._apart(last[0], event) < TOGETHER_S:
                last.append(event)
            else:
                groups.append([event])
        return groups

    def pause_before(self, event: LogEvent) -> float:
        """The seconds to wait until it is due."""
        if self._last is not None:
            self._due += min(self._max_pause_s, self._apart(self._last, event))
        return max(0.0, self._due - self._loop.time())

    def passed(self, event: LogEvent) -> None:
        """It was published; one that comes late moves those behind it, instead of chasing them."""
        self._last = event
        self._due = max(self._due, self._loop.time() - 1)
