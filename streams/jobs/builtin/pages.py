"""The events that a topic keeps, a page at a time, up to where it stood at the beginning."""

from collections.abc import AsyncGenerator

from streams.eventlog import Head, read_bounds, read_page
from streams.jobs.context import JobContext
from streams.wire.event import LogEvent

PAGE_EVENTS = 500
PAGE_BYTES = 1_048_576


async def kept_events(
    context: JobContext, head: Head, topic: str, after: int
) -> AsyncGenerator[tuple[LogEvent, ...], None]:
    """Pages of the events behind ``after`` and not behind ``head``; raises NoSuchTopic, Unavailable.

    What is trimmed meanwhile is left out; a log that begins anew ends it. Consume under ``aclosing``.
    """
    while after < head.seq:
        limits = {"max_events": PAGE_EVENTS, "max_bytes": PAGE_BYTES}
        page = await context.run(read_page, topic, head.topic_id, after, **limits)
        if page.head.epoch != head.epoch:
            return
        events = tuple(event for event in page.events if event.seq <= head.seq)
        if not events:
            return
        after = events[-1].seq
        yield events


async def bounds(context: JobContext, topic: str) -> tuple[Head, int]:
    """The head of a topic, and the oldest event that it keeps; raises NoSuchTopic."""
    return await context.run(read_bounds, topic)
