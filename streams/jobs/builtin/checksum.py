"""``checksum``: the SHA-256 of a file, which is then shown in the list of files."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from typing import IO
from urllib.parse import quote

from streams.jobs.context import JobContext
from streams.jobs.parameters import Parameter, Type
from streams.jobs.registry import Progress, job
from streams.models import File
from streams.publishing import Identity
from streams.storage import file_to_read, open_file

PIECE = 8_388_608


def check_checksum(who: Identity, *, file: str) -> None:
    """Whoever may read the file."""
    file_to_read(who, file)


@job(
    "checksum",
    title="Checksum of a file",
    parameters=[Parameter("file", Type.FILE, "File", required=True)],
    check=check_checksum,
    resumable=True,
)
async def checksum(context: JobContext, *, file: str) -> AsyncGenerator[Progress, None]:
    """Reckons the SHA-256 of a file, byte by byte, and keeps it beside the file.

    After an interruption it begins again: half a digest can't be kept.
    """
    found = await context.run(file_to_read, context.who, file)
    digest, done = hashlib.sha256(), 0
    with os.fdopen(open_file(found.pk), "rb") as source:
        yield Progress(0, found.size)
        while size := await asyncio.to_thread(_digest_piece, source, digest):
            done += size
            yield Progress(done, found.size)
    sha256 = digest.hexdigest()
    await context.run(File.objects.filter(pk=found.pk).update, sha256=sha256)
    yield Progress(done, found.size, {"text": found.name, "url": f"/files/{quote(found.name)}", "sha256": sha256})


def _digest_piece(source: IO[bytes], digest: "hashlib._Hash") -> int:
    piece = source.read(PIECE)
    digest.update(piece)
    return len(piece)
