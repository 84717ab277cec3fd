"""``import``: a file becomes events of a topic."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from itertools import islice
from typing import Any

from streams.errors import InvalidInput, StreamsError
from streams.flow import TokenBucket
from streams.jobs.builtin.lines import CSV_SUFFIX, Item, Shape, count_lines, items
from streams.jobs.context import JobContext
from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Progress, job
from streams.publishing import Identity, check_publish
from streams.storage import file_to_read, open_file
from streams.wire.event import NewEvent, check_type

BATCH = 200  # events of one transaction
PARAMETERS = (
    Parameter("file", Type.FILE, "File", "NDJSON, a value a line; or .csv with a row of names", required=True),
    Parameter("topic", Type.TOPIC, "Into the topic", "made if it is missing", required=True),
    Parameter("type", Type.TEXT, "Type of the events", default="message"),
    Parameter("envelopes", Type.FLAG, "Lines are envelopes", "as an export writes them", default=False),
    Parameter("skip_bad", Type.FLAG, "Skip bad lines", "and count them, instead of stopping", default=False),
    Parameter("per_second", Type.NUMBER, "Events a second at most", "empty: as fast as it goes", least=0.01),
)


def check_import(who: Identity, *, file: str, topic: str, type: str, **_: Any) -> None:
    """Whoever may read the file and publish to the topic."""
    check_type(type)
    check_publish(who=who, name=topic)
    file_to_read(who, file)


@job("import", title="Import a file", parameters=PARAMETERS, check=check_import, resumable=True)
async def import_file(
    context: JobContext,
    *,
    file: str,
    topic: str,
    type: str,
    envelopes: bool,
    skip_bad: bool,
    per_second: float | None,
) -> AsyncGenerator[Progress, None]:
    """Publishes every line of a file to a topic, each of them once, however often the job is interrupted.

    An item is a line, the header of a CSV file left out. The key of an event is ``job:<id>/<line>``.
    """
    found = await context.run(file_to_read, context.who, file)
    before = context.resume_at
    result = {"published": 0, "skipped": 0, "_file_id": str(found.pk)} | (before.result or {})
    if result["_file_id"] != str(found.pk):
        raise InvalidInput(f"{file!r} is another file by now than the one that was begun with")
    headers = 1 if found.name.lower().endswith(CSV_SUFFIX) else 0
    with os.fdopen(open_file(found.pk), "rb") as source:
        total = max(0, await asyncio.to_thread(count_lines, source) - headers)
        source.seek(0)
        shape = Shape(type, envelopes, f"job:{context.id}")
        pages = _after(items(source, found.name, shape), before.done + headers)
        bucket = TokenBucket(per_second, 1) if per_second else None
        size = min(BATCH, max(1, int(per_second / 10))) if per_second else BATCH
        yield Progress(before.done, total, result)
        while page := await asyncio.to_thread(lambda: list(islice(pages, size))):
            events = _events(page, skip_bad=skip_bad)
            while bucket is not None and (wait_s := bucket.take(len(events))):  # noqa: ASYNC110
                await asyncio.sleep(wait_s)
            if events:
                await context.publish(topic, events)
            result = result | {
                "published": result["published"] + len(events),
                "skipped": result["skipped"] + len(page) - len(events),
            }
            yield Progress(page[-1].last - headers, total, result)
        yield Progress(total, total, result)


def _after(all_items: Iterator[Item], line: int) -> Iterator[Item]:
    return (item for item in all_items if item.last > line)


def _events(page: list[Item], *, skip_bad: bool) -> list[NewEvent]:
    """The events of a page; raises, naming the line, for a bad one that may not be skipped."""
    events = []
    for item in page:
        if isinstance(item.event, NewEvent):
            events.append(item.event)
        elif not skip_bad:
            raise _at(item.line, item.event)
    return events


def _at(line: int, error: StreamsError) -> StreamsError:
    return type(error)(f"line {line}: {error}")
