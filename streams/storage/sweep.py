"""Sweeping: uploads that nobody goes on with, and bytes that no row knows."""

import asyncio
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from streams.conf import get_settings
from streams.hub import Hub
from streams.models import File
from streams.storage.disk import root
from streams.storage.files import drop_partial

logger = logging.getLogger(__name__)
EVERY_S = 600.0
YOUNG_S = 3_600.0  # bytes are written before their row is committed, and deleted after it
AT_ONCE = 500
FEW = 10  # orphans are the rare end of a killed process; when they are many, something else is wrong


def sweep(*, now: float | None = None) -> int:
    """Delete expired uploads, and the bytes that a process which died left behind; how many of both."""
    expired = [file for file in File.objects.expired(timezone.now())[:AT_ONCE] if drop_partial(file, expired=True)]
    orphans, known = _orphans(time.time() if now is None else now)
    if len(orphans) > known + FEW:
        logger.error("%d files have no row and %d have: is this their database? All are kept", len(orphans), known)
        orphans = []
    for path in orphans:
        path.unlink(missing_ok=True)
    if expired or orphans:
        logger.info("swept %d uploads that had expired and %d files that no row knew", len(expired), len(orphans))
    return len(expired) + len(orphans)


def _orphans(now: float) -> tuple[list[Path], int]:
    """The old files that no row knows, and how many are known."""
    orphans, known = [], 0
    for some in _old_files(now):
        rows = set(File.objects.filter(pk__in=some).values_list("pk", flat=True))
        known += len(rows)
        orphans += [path for identifier, path in some.items() if identifier not in rows]
    return orphans, known


def _old_files(now: float) -> Iterator[dict[UUID, Path]]:
    """All but the young files of the folder, some at a time, by their ids; what is not named by an id is not ours."""
    some: dict[UUID, Path] = {}
    for path in root().glob("??/" + "?" * 32):
        try:
            identifier, changed_at = UUID(path.name), path.lstat().st_mtime
        except (ValueError, FileNotFoundError):
            continue
        if changed_at < now - YOUNG_S:
            some[identifier] = path
        if len(some) == AT_ONCE:
            yield some
            some = {}
    if some:
        yield some


async def keep_swept(hub: Hub) -> None:
    """Every ten minutes, for ever; raises Unavailable (run it supervised)."""
    while True:
        await asyncio.sleep(min(EVERY_S, get_settings().upload_expires_s / 2))
        await hub.gateway.run(sweep)
