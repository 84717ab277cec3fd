"""Files that go with a message: looked at when it is said, read when a model is told of it.

An image is what begins like one, text is what is UTF-8 without a zero byte; the names' endings say nothing.
"""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from os import close, read
from typing import Any

from streams.chat.provider import Attached
from streams.conf import get_settings
from streams.errors import InvalidInput, NotFound, TooLarge
from streams.models import File, Room, Visibility
from streams.publishing import Identity
from streams.storage.disk import open_file
from streams.storage.rights import readable_files

IMAGE_BEGINS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
MAX_SHOWN = 60  # characters of a name that was sent
LONGEST_CHARACTER = 4  # bytes of UTF-8


def check_attachments(who: Identity, room: Room, names: Sequence[str]) -> list[dict[str, Any]]:
    """``[{"name", "size", "content_type"}]`` of files that ``who`` may have and a model can be told of.

    Raises InvalidInput (none that ``who`` may have, or of a kind that no model reads), TooLarge: each names the file,
    the limit and the value. Reads the disk.
    """
    found = _found(who, room, names) if names else {}
    described, chars = [], 0
    for name in names:
        if name not in found:
            raise InvalidInput(f"no file {name[:MAX_SHOWN]!r} that you may have")
        media_type, length = _look_at(found[name])
        chars += length
        described.append({"name": name, "size": found[name].size, "content_type": media_type})
    if chars > (limit := get_settings().attachment_chars):
        raise TooLarge(f"the attached text has {chars} characters (limit {limit})")
    return described


def read_attached(room: Room, author_id: str, files: Iterable[Mapping[str, Any]]) -> tuple[Attached, ...]:
    """The contents, without those that are gone, or are another file of that name by now."""
    files = list(files)
    rows = File.objects.whole().filter(name__in=[file["name"] for file in files])
    found = {row.name: row for row in rows if _told_here(row, room, author_id)}
    attached = []
    for file in files:
        row = found.get(str(file["name"]))
        if row is None or row.size != file["size"]:
            continue
        try:
            content = _bytes_of(row, row.size)
        except NotFound:  # deleted just now
            continue
        if str(file["content_type"]).startswith("image/"):
            attached.append(Attached(row.name, str(file["content_type"]), content))
        else:
            attached.append(Attached(row.name, str(file["content_type"]), content.decode("utf-8", "replace")))
    return tuple(attached)


def _found(who: Identity, room: Room, names: Sequence[str]) -> dict[str, File]:
    rows = File.objects.whole().select_related("room__topic").filter(name__in=names)
    return {row.name: row for row in readable_files(who, rows) if _told_here(row, room, who.id)}


def _told_here(row: File, room: Room, author_id: str) -> bool:
    """Whether a file is for all to see or of the author or the room: a name may be another file's after a deletion."""
    return row.room_id == room.pk or row.owner == author_id or row.visibility != Visibility.PRIVATE


def _look_at(file: File) -> tuple[str, int]:
    """The type by the bytes, and the characters of a text (0 of an image)."""
    settings = get_settings()
    kind = image_type(_bytes_of(file, 16))
    if kind is not None:
        if file.size > (limit := settings.attachment_image_bytes):
            raise TooLarge(f"the image {file.name!r:.{MAX_SHOWN}} has {file.size} bytes (limit {limit})")
        return kind, 0
    if file.size > settings.attachment_chars * LONGEST_CHARACTER:
        text = (
            f"{file.name!r:.{MAX_SHOWN}} has {file.size} bytes (limit {settings.attachment_chars} characters of text)"
        )
        raise TooLarge(text)
    try:
        text = codecs.decode(_bytes_of(file, file.size), "utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        which = f"{file.name!r:.{MAX_SHOWN}}"
        raise InvalidInput(f"{which} is neither text in UTF-8 nor an image (PNG, JPEG, GIF, WebP): no model reads it")
    return (file.content_type if file.content_type.startswith("text/") else "text/plain"), len(text)


def image_type(head: bytes) -> str | None:
    """The type of an image that the vendor takes, by how it begins; None for anything else."""
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for begin, kind in IMAGE_BEGINS.items() if head.startswith(begin)), None)


def _bytes_of(file: File, size: int) -> bytes:
    descriptor = open_file(file.pk)
    try:
        pieces = []
        while size > 0 and (piece := read(descriptor, size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)
    finally:
        close(descriptor)
