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
from pathlib import Path
from typing import IO

from django.db import IntegrityError, transaction
from django.utils import timezone

from streams.conf import get_settings
from streams.errors import Busy, ChecksumMismatch, Conflict, InvalidInput, NotFound
from streams.models import File, Room, Visibility
from streams.publishing import Identity
from streams.storage.disk import check_space, copy_in, open_source, path_of
from streams.storage.names import clean_name, content_type_of, numbered

TRIES = 5  # two that finish a file of the same name at the same time
MAX_SAME_NAME = 10_000


def begin_file(
    who: Identity, name: str, size: int, *, visibility: str = Visibility.MEMBERS, room: Room | None = None
) -> File:
    """A file of which nothing is there yet; it expires unless it is gone on with. Raises TooLarge, StorageFull.

    ``name`` is cleaned, and may become another when the file is finished. A file of a room is private.
    """
    check_space(size)
    name = clean_name(name)
    file = File(
        name=name,
        size=size,
        content_type=content_type_of(name),
        visibility=visibility if room is None else Visibility.PRIVATE,
        room=room,
        owner=who.id,
        owner_name=who.name,
        expires_at=_expiry(),
    )
    path = path_of(file.pk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(exist_ok=False)
    file.save(force_insert=True)
    return file


def _expiry() -> datetime:
    return timezone.now() + timedelta(seconds=get_settings().upload_expires_s)


@contextmanager
def _claimed(file: File) -> Iterator[int]:
    """A descriptor for writing; raises Busy while another request holds one, NotFound once the bytes are gone."""
    try:
        descriptor = os.open(path_of(file.pk), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound("this upload is gone") from None
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
    ``finish_file``. Raises Conflict with the offset
    that is right, Busy, TooLarge, ChecksumMismatch, StorageFull: then nothing was added, and what was there stays.
    """
    with _claimed(file) as descriptor:
        now = File.objects.filter(pk=file.pk).values_list("received", flat=True).first()  # only under the claim
        if now is None:
            raise NotFound("this upload is gone")
        file.received = now
        if offset != file.received:
            raise Conflict(f"the upload stands at offset {file.received}, not {offset}")
        os.ftruncate(descriptor, offset)
        os.lseek(descriptor, offset, os.SEEK_SET)
        digest = hashlib.new(checksum[0]) if checksum else None
        try:
            seen = digest.update if digest is not None else bytes
            taken = copy_in(source, descriptor, limit=file.size - offset, seen=seen)
            if digest is not None and checksum is not None and digest.digest() != checksum[1]:
                raise ChecksumMismatch(f"the {checksum[0]} of these {taken} bytes is {digest.hexdigest()}")
            os.fsync(descriptor)
        except BaseException:
            os.ftruncate(descriptor, offset)
            raise
        file.received = offset + taken
        file.expires_at = _expiry()
        if (
            not File.objects.partial()
            .filter(pk=file.pk, received=offset)
            .update(received=file.received, expires_at=file.expires_at)
        ):
            raise NotFound("this upload is gone")
    return finish_file(file, replacing=replacing) if file.received == file.size else file


def finish_file(file: File, *, replacing: bool = False) -> File:
    """Make an upload with all its bytes a file that can be had, under a name that is free; again: nothing happens.

    ``replacing``: a file of that name and owner gives way. Raises Conflict if the bytes are not all there.
    """
    if file.received != file.size:
        raise Conflict(f"{file.received} of {file.size} bytes are there")
    wanted = file.name
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                old = File.objects.whole().filter(name=wanted, owner=file.owner).first() if replacing else None
                if old is not None:
                    File.objects.filter(pk=old.pk).delete()
                file.name, file.expires_at, file.created_at = _free_name(wanted, file), None, timezone.now()
                if old is not None:  # a date is told in seconds, and must tell two contents apart
                    file.created_at = max(file.created_at, old.created_at + timedelta(seconds=1))
                file.save(update_fields=["name", "expires_at", "created_at"])
        except IntegrityError:  # somebody finished one of that name just now
            continue
        if old is not None:
            _delete_bytes(old)
        return file
    raise Busy(f"many files named {wanted!r} are finished just now")


def _free_name(wanted: str, file: File) -> str:
    others = File.objects.whole().exclude(pk=file.pk)
    for number in range(1, MAX_SAME_NAME):
        name = wanted if number == 1 else numbered(wanted, number)
        if not others.filter(name=name).exists():
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


def drop_partial(file: File) -> bool:
    """Give an upload up; False if there was none any more, or it is a file by now."""
    if not File.objects.partial().filter(pk=file.pk).delete()[0]:
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
