"""The life of a file: begun, taken in piece by piece, finished, deleted. Each step survives the end of the process.

The row counts the bytes that are safe. A step that breaks off leaves bytes behind that count, which the next one cuts
off; so a piece is there or it is not, and a checksum is of what was sent.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import IO

from django.db import IntegrityError, transaction
from django.utils import timezone

from streams.conf import get_settings
from streams.errors import Busy, ChecksumMismatch, Conflict, InvalidInput, LimitReached, NotFound
from streams.models import File, Room, Visibility
from streams.models.file import FileQuerySet
from streams.publishing import Identity
from streams.storage.disk import check_space, copy_in, open_source, path_of
from streams.storage.names import clean_name, content_type_of, numbered

TRIES = 50  # of many that finish a file of the same name at the same time
MAX_SAME_NAME = 10_000
MAX_OWNER_CHARS = 150
UNTOUCHED_S = 3_600.0  # an upload of which no byte comes has claimed room for nothing
GONE = "this upload is gone"


def begin_file(
    who: Identity, name: str, size: int, *, visibility: str = Visibility.MEMBERS, room: Room | None = None
) -> File:
    """A file of which nothing is there yet; it expires unless it is gone on with. Raises TooLarge, StorageFull.

    ``name`` is cleaned, and may become another when the file is finished. A file of a room is private. Raises
    LimitReached too: ``max_open_uploads`` of one owner.
    """
    _check_open_uploads(who)
    check_space(size)
    name = clean_name(name)
    file = File(
        name=name,
        size=size,
        content_type=content_type_of(name),
        visibility=visibility if room is None else Visibility.PRIVATE,
        room=room,
        owner=who.id,
        owner_name=who.name[:MAX_OWNER_CHARS],
        expires_at=_expiry(at_most_s=UNTOUCHED_S),
    )
    path = path_of(file.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(exist_ok=False)
    try:
        file.save(force_insert=True)
    except BaseException:
        _delete_bytes(file)
        raise
    return file


def _check_open_uploads(who: Identity) -> None:
    """Each has claimed its room on the disk, which others then have not."""
    count, limit = File.objects.partial().filter(owner=who.id).count(), get_settings().max_open_uploads
    if count >= limit:
        raise LimitReached(f"{count} of your uploads are not finished (limit {limit})", retry_after_s=60)


def _expiry(*, at_most_s: float = inf) -> datetime:
    return timezone.now() + timedelta(seconds=min(get_settings().upload_expires_s, at_most_s))


@contextmanager
def _claimed(file: File) -> Iterator[int]:
    """A descriptor for writing; raises Busy while another request holds one, NotFound once the bytes are gone."""
    try:
        descriptor = os.open(path_of(file.pk), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound(GONE) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, whichever way that ends
        except BlockingIOError:
            raise Busy("another request is sending to this upload") from None
        yield descriptor
    finally:
        os.close(descriptor)


def take_bytes(
    file: File,
    offset: int,
    source: IO[bytes],
    *,
    checksum: tuple[str, bytes] | None = None,
    replacing: bool = False,
) -> File:
    """Add what ``source`` has behind the first ``offset`` bytes; the file as it is now, finished if that was the rest.

    ``checksum``: the name of an algorithm of ``hashlib`` and the digest of what comes; ``replacing``: as in
    ``finish_file``. Raises Conflict with the offset that is right, Busy, TooLarge, ChecksumMismatch, StorageFull: then
    nothing was added, and what was there stays.
    """
    with _claimed(file) as descriptor:
        now = File.objects.select_related("room").filter(pk=file.pk).first()  # only under the claim
        if now is None:
            raise NotFound(GONE)
        if offset != now.received:
            raise Conflict(f"the upload stands at offset {now.received}, not {offset}")
        taken = _write(descriptor, offset, source, limit=now.size - offset, checksum=checksum)
        if now.is_whole:
            return now
        now.received, now.expires_at = offset + taken, _expiry()
        moved = File.objects.partial().filter(pk=now.pk)
        if not moved.update(received=now.received, expires_at=now.expires_at):
            raise NotFound(GONE)
        return finish_file(now, replacing=replacing) if now.received == now.size else now


def _write(descriptor: int, offset: int, source: IO[bytes], *, limit: int, checksum: tuple[str, bytes] | None) -> int:
    """Put the bytes behind ``offset``, all or none; how many."""
    os.ftruncate(descriptor, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    digest = hashlib.new(checksum[0]) if checksum else None
    try:
        taken = copy_in(source, descriptor, limit=limit, seen=digest.update if digest is not None else bytes)
        if digest is not None and checksum is not None and digest.digest() != checksum[1]:
            raise ChecksumMismatch(f"the {checksum[0]} of these {taken} bytes is {digest.hexdigest()}")
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, offset)
        raise
    return taken


def finish_file(file: File, *, replacing: bool = False) -> File:
    """Make an upload with all its bytes a file that can be had, under a name that is free.

    ``replacing``: a file of that name and owner gives way. Raises Conflict if the bytes are not all there, Busy if
    others finish files of that name all the time, NotFound.
    """
    if file.received != file.size:
        raise Conflict(f"{file.received} of {file.size} bytes are there")
    wanted = file.name
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                old = _give_way(wanted, file.owner) if replacing else None
                file.name, file.expires_at, file.created_at = _free_name(wanted, file), None, timezone.now()
                if replacing and file.name != wanted and _of(wanted, file.owner).exists():
                    raise IntegrityError  # another one of ours was quicker, and is to give way too
                fields = {"name": file.name, "expires_at": None, "created_at": file.created_at}
                if not File.objects.partial().filter(pk=file.pk).update(**fields):
                    raise NotFound(GONE)
        except IntegrityError:  # somebody finished one of that name just now
            continue
        if old is not None:
            _delete_bytes(old)
        return file
    raise Busy(f"many files named {wanted!r} are finished just now")


def _of(name: str, owner: str) -> FileQuerySet:
    return File.objects.whole().filter(name=name, owner=owner)


def _give_way(name: str, owner: str) -> File | None:
    """Delete the row of that name and owner; raises IntegrityError if another did so at the same time."""
    old = _of(name, owner).first()
    if old is not None and not File.objects.filter(pk=old.pk).delete()[0]:
        raise IntegrityError
    return old


def _free_name(wanted: str, file: File) -> str:
    """``wanted``, or the first ``wanted (n)`` that nobody has: asked in two queries, however many there are."""
    others = File.objects.whole().exclude(pk=file.pk)
    if not others.filter(name=wanted).exists():
        return wanted
    stem = numbered(wanted, MAX_SAME_NAME).partition(f" ({MAX_SAME_NAME})")[0]  # as short as the longest leaves it
    taken = set(others.filter(name__startswith=stem).values_list("name", flat=True))
    for number in range(2, MAX_SAME_NAME):
        if (name := numbered(wanted, number)) not in taken:
            return name
    raise Conflict(f"there are {MAX_SAME_NAME} files named {wanted!r}")


def add_file(who: Identity, path: Path, name: str | None = None, *, visibility: str = Visibility.MEMBERS) -> File:
    """Copy a file of this machine in. Raises NotFound, InvalidInput (no regular file), TooLarge, StorageFull."""
    with open(open_source(path), "rb") as source:
        size = os.fstat(source.fileno()).st_size
        file = begin_file(who, name or path.name, size, visibility=visibility)
        try:
            whole = take_bytes(file, 0, source)
            if not whole.is_whole:
                raise InvalidInput(f"{path} has shrunk while it was read: {whole.received} of {size} bytes")
            return whole
        except BaseException:
            drop_partial(file)
            raise


def drop_partial(file: File, *, expired: bool = False) -> bool:
    """Give an upload up, or only if it has expired; False if there was none any more, or it is a file by now."""
    which = File.objects.expired(timezone.now()) if expired else File.objects.partial()
    if not which.filter(pk=file.pk).delete()[0]:
        return False
    _delete_bytes(file)
    return True


def delete_file(file: File) -> bool:
    """Delete it; whoever is having it now gets it to its end. False if somebody else was first."""
    if not File.objects.filter(pk=file.pk).delete()[0]:
        return False
    _delete_bytes(file)
    return True


def _delete_bytes(file: File) -> None:
    with suppress(FileNotFoundError):
        path_of(file.pk).unlink()
