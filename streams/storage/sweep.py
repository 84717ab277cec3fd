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


def sweep(*, now: float | None = None) -> int:
    """Delete expired uploads, and the bytes that a process which died left behind; how many of both."""
    expired = [file for file in File.objects.expired(timezone.now())[:AT_ONCE] if drop_partial(file)]
    orphans = 0
    for some in _old_files(time.time() if now is None else now):
        known = set(File.objects.filter(pk__in=some).values_list("pk", flat=True))
        for identifier, path in some.items():
            if identifier not in known:
                path.unlink(missing_ok=True)
                orphans += 1
    if expired or orphans:
        logger.info("swept %d uploads that had expired and %d files that no row knew", len(expired), orphans)
    return len(expired) + orphans


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
