"""``export``: the events of a topic become a file in the list of files."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from streams.jobs.builtin.pages import bounds, kept_events
from streams.jobs.context import JobContext
from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Progress, job
from streams.models import File, Visibility
from streams.publishing import Identity, topic_to_read
from streams.storage import begin_file, check_space, check_upload, drop_partial, take_bytes
from streams.wire.event import LogEvent, encode_envelope, format_time

SLICE_BYTES = 8_388_608  # of one transaction
COLUMNS = ("id", "time", "type", "data")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would reckon with; source: OWASP ASVS 1.2.10
PARAMETERS = (
    Parameter("topic", Type.TOPIC, "Topic", required=True),
    Parameter("format", Type.CHOICE, "Format", default="ndjson", choices=("ndjson", "csv")),
    Parameter("name", Type.TEXT, "Name of the file", "one of yours with that name gives way"),
    Parameter(
        "visibility",
        Type.CHOICE,
        "Who may have the file",
        default=str(Visibility.PRIVATE),
        choices=(str(Visibility.PRIVATE), str(Visibility.MEMBERS), str(Visibility.PUBLIC)),
    ),
)


def check_export(who: Identity, *, topic: str, **_: Any) -> None:
    """Whoever may read the topic and add files."""
    topic_to_read(who, topic)
    check_upload(who)


@job("export", title="Export a topic", parameters=PARAMETERS, check=check_export, resumable=True)
async def export(
    context: JobContext, *, topic: str, format: str, name: str | None, visibility: str
) -> AsyncGenerator[Progress, None]:
    """Writes the events that a topic keeps into a file: an envelope a line, or CSV.

    The file is whole or not there. After an interruption it begins again, and has the events of then.
    """
    head, first = await bounds(context, topic)
    total = head.seq + 1 - first
    done, size = 0, 0
    name = name or f"{topic.replace(':', '-')}-{context.id[:8]}.{format}"
    path = await asyncio.to_thread(context.scratch)
    try:
        await asyncio.to_thread(_begin, path, format)
        yield Progress(0, total)
        async with aclosing(kept_events(context, head, topic, first - 1)) as pages:
            async for events in pages:
                size = await asyncio.to_thread(_write, path, format, events)
                await context.run(check_space, size)
                done += len(events)
                yield Progress(done, total)
        file = await _add(context, path, name, visibility)
    finally:
        path.unlink(missing_ok=True)
    yield Progress(done, done, {"text": file.name, "url": f"/files/{quote(file.name)}", "bytes": file.size})


def _begin(path: Path, format: str) -> None:
    path.write_bytes(_rows([COLUMNS]) if format == "csv" else b"")


def _write(path: Path, format: str, events: Iterable[LogEvent]) -> int:
    """Write them behind what is there; how many bytes there are then."""
    with path.open("ab") as file:
        if format == "csv":
            file.write(
                _rows((event.id, format_time(event.created_at), _safe(event.type), event.data) for event in events)
            )
        else:
            file.writelines(encode_envelope(event) + b"\n" for event in events)
        return file.tell()


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _safe(word: str) -> str:
    return f"'{word}" if word.startswith(FORMULA) else word


async def _add(context: JobContext, path: Path, name: str, visibility: str) -> File:
    """Copy it into the list of files, a slice at a time; the same file of an earlier run gives way."""
    size = (await asyncio.to_thread(path.stat)).st_size
    file = await context.run(begin_file, context.who, name, size, visibility=visibility)
    try:
        with path.open("rb") as source:
            while not file.is_whole:
                piece = io.BytesIO(await asyncio.to_thread(source.read, SLICE_BYTES))
                file = await context.run(take_bytes, file, file.received, piece, replacing=True)
    except BaseException:
        await asyncio.shield(context.run(drop_partial, file))
        raise
    return file
