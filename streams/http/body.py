"""The body of a request as a file: Django has it on the disk already, so that nobody need have it in memory."""

from typing import IO, Any, cast

from django.http import HttpRequest


def attach_body(request: Any, file: IO[bytes]) -> None:
    """Let views find the file that Django has read the body into."""
    request.body_file = file


def body_of(request: HttpRequest) -> tuple[IO[bytes], int]:
    """The whole body from its beginning, and its length in bytes; not together with ``request.body``."""
    file = cast(IO[bytes], request.body_file)  # type: ignore[attr-defined]
    size = file.seek(0, 2)
    file.seek(0)
    return file, size
