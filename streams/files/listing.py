"""The list of files: what a person may have, newest first, a page at a time."""

from dataclasses import dataclass
from typing import Any

from streams.conf import get_settings
from streams.errors import InvalidInput
from streams.models import File
from streams.models.file import MAX_NAME_BYTES
from streams.publishing import Identity
from streams.storage import owns, readable_files
from streams.wire.event import format_time

PAGE_FILES = 100
SCAN_FILES = 500  # rows asked for at once; those that one may not have are passed over
MAX_SCANS = 20
UNITS = ("kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of files; ``next_page``: what ``?page=`` takes for the next, None on the last."""

    files: list[File]
    next_page: str | None


def list_files(who: Identity, *, search: str = "", page: str = "") -> Listed:
    """The files that ``who`` may have and whose names hold ``search``; ``page`` as an earlier page gave it.

    Raises InvalidInput for a page that none gave.
    """
    rows = File.objects.whole().select_related("room__topic").order_by("-created_at", "-pk")
    if len(search) > MAX_NAME_BYTES or "\0" in search:
        return Listed([], None)  # no name is so long
    if search:
        rows = rows.filter(name__icontains=search)
    skipped = 0
    if page:
        if not (page.isascii() and page.isdigit() and len(page) < 10):
            raise InvalidInput(f"page {page!r:.60} is none that was given")
        skipped = int(page)
    found: list[File] = []
    for _ in range(MAX_SCANS):
        some = list(rows[skipped : skipped + SCAN_FILES])
        may = {file.pk for file in readable_files(who, some)}
        for place, file in enumerate(some, skipped + 1):
            if file.pk in may:
                found.append(file)
                if len(found) == PAGE_FILES:
                    more = place < skipped + len(some) or len(some) == SCAN_FILES
                    return Listed(found, str(place) if more else None)
        skipped += len(some)
        if len(some) < SCAN_FILES:
            return Listed(found, None)
    return Listed(found, str(skipped))


def unfinished(who: Identity) -> list[File]:
    """The uploads of ``who`` that can be gone on with, newest first."""
    return list(File.objects.partial().filter(owner=who.id).order_by("-created_at")[:PAGE_FILES]) if who.id else []


def as_json(file: File, who: Identity) -> dict[str, Any]:
    """``{"name", "url", "size", "content_type", "sha256", "visibility", "room", "owner", "mine", "created_at"}``."""
    return {
        "name": file.name,
        "url": file.url,
        "size": file.size,
        "content_type": file.content_type,
        "sha256": file.sha256 or None,
        "visibility": file.visibility,
        "room": None if file.room is None else file.room.slug,
        "owner": file.owner_name,
        "mine": owns(who, file),
        "created_at": format_time(file.created_at),
    }


def size_words(size: int) -> str:
    """``3.2 MB``; in powers of a thousand, as browsers and disks say it."""
    if size < 1_000:
        return f"{size} B"
    value, unit = size / 1_000, 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1_000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if value >= 99.5 else f"{value:.1f} {UNITS[unit]}"


def list_context(who: Identity, listed: Listed) -> dict[str, Any]:
    """What the page shows."""
    settings = get_settings()
    return {
        "files": [
            as_json(file, who)
            | {
                "size_words": size_words(file.size),
                "at": file.created_at,
                "mine": who.staff or owns(who, file),
                "kind": file.name.rpartition(".")[2][:4].upper() if "." in file.name else "",
                "room_title": None if file.room is None else file.room.title,
            }
            for file in listed.files
        ],
        "unfinished": [
            {
                "id": str(file.pk),
                "name": file.name,
                "size": file.size,
                "received": file.received,
                "words": f"{size_words(file.received)} of {size_words(file.size)}",
                "expires_at": file.expires_at,
            }
            for file in unfinished(who)
        ],
        "next_page": listed.next_page,
        "may_upload": who.may_upload,
        "known": who.known,
        "max_bytes": settings.max_file_bytes,
        "max_words": size_words(settings.max_file_bytes),
    }
