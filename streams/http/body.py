"""The body of a request as a file: Django has it on the disk already, so that nobody need have it in memory."""

from typing import IO, cast

from django.http import HttpRequest

BODY = "streams.body"  # where the application keeps it in the scope


def body_of(request: HttpRequest) -> tuple[IO[bytes], int]:
    """The whole body from its beginning, and its length in bytes; not together with ``request.body``."""
    file = cast(IO[bytes], request.scope[BODY])  # type: ignore[attr-defined]
    size = file.seek(0, 2)
    file.seek(0)
    return file, size
