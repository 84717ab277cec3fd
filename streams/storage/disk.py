"""The bytes: where they lie, how they are opened, and how much room there is."""

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

from django.conf import settings as django_settings
from django.db.models import F, Sum

from streams.conf import get_settings
from streams.errors import InvalidInput, NotFound, StorageFull, TooLarge
from streams.models import File

COPY_BYTES = 1_048_576
_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a link leads elsewhere, a FIFO would wait for ever


def root() -> Path:
    """The folder of all files: ``MEDIA_ROOT/files``, which belongs to nobody else."""
    return Path(django_settings.MEDIA_ROOT, "files")


def relative_path(file_id: UUID) -> str:
    """Below ``root``: by the first two letters, since a folder of a million names is slow on some disks."""
    return f"{file_id.hex[:2]}/{file_id.hex}"


def path_of(file_id: UUID) -> Path:
    """Where the bytes of a file are."""
    return root() / relative_path(file_id)


def open_file(file_id: UUID) -> int:
    """A descriptor of the bytes, for reading; the caller closes it. Raises NotFound unless it is a regular file."""
    return _open_regular(path_of(file_id), _READ)


def open_source(path: Path) -> int:
    """A descriptor of somebody's own file; unlike ours it may be a link. Raises NotFound, InvalidInput."""
    return _open_regular(path, _READ & ~os.O_NOFOLLOW)


def _open_regular(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NotFound(f"the bytes can't be opened: {reason}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInput(f"{path} is no regular file")
    return descriptor


def check_space(size: int) -> None:
    """Raise TooLarge or StorageFull unless a file of ``size`` bytes may be begun; open uploads have claimed theirs."""
    settings = get_settings()
    if size > settings.max_file_bytes:
        raise TooLarge(f"the file has {size} bytes (limit {settings.max_file_bytes})")
    root().mkdir(parents=True, exist_ok=True)
    claimed = File.objects.partial().aggregate(bytes=Sum(F("size") - F("received")))["bytes"] or 0
    room = shutil.disk_usage(root()).free - settings.free_disk_bytes - claimed
    if size > room:
        raise StorageFull(f"the file has {size} bytes, and the disk has room for {max(0, room)} more")


@contextmanager
def telling_full() -> Iterator[None]:
    """A disk that is full is told as StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("the disk is full") from error
        raise


def copy_in(source: IO[bytes], descriptor: int, *, limit: int, seen: Callable[[bytes], object] = bytes) -> int:
    """Write what ``source`` has to where ``descriptor`` stands, at most ``limit`` bytes; how many.

    ``seen`` is called with each piece. Raises TooLarge, with the limit written, if there is more; StorageFull.
    """
    written = 0
    while piece := source.read(COPY_BYTES):
        if written + len(piece) > limit:
            raise TooLarge(f"there are more bytes than the {limit} that were announced")
        seen(piece)
        with telling_full():
            written += _write_all(descriptor, piece)
    return written


def _write_all(descriptor: int, piece: bytes) -> int:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return len(piece)
