"""``GET|HEAD /files/<name>``: the bytes of a file, or of a part of it, read ahead of the socket by one chunk."""

import asyncio
import io
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from time import time

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from streams.connections import Connection, current_peer, registry
from streams.errors import NotFound, PreconditionFailed, RangeNotSatisfiable
from streams.flow import piped
from streams.http import StreamResponse, nothing
from streams.http.disposition import attachment
from streams.http.errors import error_response
from streams.http.parts import Part, Validators, asked_part
from streams.hub import Hub
from streams.models import File
from streams.publishing import Identity
from streams.storage import open_file
from streams.storage.disk import relative_path

logger = logging.getLogger(__name__)
TECHNIQUE = "file"
SHORT_BYTES = 4_194_304  # up to here a download is a request like any other
Find = Callable[[], tuple[Identity, File]]
FILE_HEADERS = {
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",  # a browser takes it for what we say it is,
    "Content-Security-Policy": "sandbox; default-src 'none'",  # and if it shows it, it runs nothing of it
    "Cache-Control": "private, no-cache",  # rights end: a cache asks again, and is answered 304
}


class FileShrank(Exception):
    """The bytes end before the announced length; the connection is cut, so that nobody takes them for the whole."""


async def answer_with_file(request: HttpRequest, hub: Hub, find: Find) -> HttpResponseBase:
    """The whole, a part, or why not, as ``asked_part`` says; where nginx is told where it lies, nginx answers that.

    ``find`` asks the database who asks, and which file it is; again, if that one was replaced before it could be
    opened. A long one is a live connection for as long as it takes. Raises what ``find`` raises, LimitReached, NotFound
    and InvalidInput where what lies there is no regular file (any more).
    """
    who, file = await hub.gateway.run(find)
    headers = FILE_HEADERS | {"Content-Type": file.content_type, "Content-Disposition": attachment(file.name)}
    if prefix := hub.settings.accel_prefix:
        return HttpResponse(headers=headers | {"X-Accel-Redirect": f"{prefix.rstrip('/')}/{relative_path(file.pk)}"})
    file, opened = await _opened(hub, file, find)
    began = int(file.created_at.timestamp())
    validators = Validators(f'"{file.pk.hex}"', began if time() >= began + 1 else None)
    try:
        size = os.fstat(opened.fileno()).st_size
        part = asked_part(request.method or "", request.headers, validators, size)
        response = _answer(request, who, file, part, opened, chunk_bytes=hub.settings.file_chunk_bytes)
    except BaseException:
        opened.close()
        raise
    told = validators.as_headers() | part.as_headers()
    told |= headers if part.status in (200, 206) else {"Cache-Control": FILE_HEADERS["Cache-Control"]}
    for name, value in told.items():
        response.headers[name] = value
    response._resource_closers.append(opened.close)  # type: ignore[attr-defined]  # also if no byte is ever asked for
    return response


async def _opened(hub: Hub, file: File, find: Find) -> tuple[File, io.FileIO]:
    """The bytes of the file, or of the one that took its place in between."""
    while True:
        try:
            return file, await asyncio.to_thread(_open, file)
        except NotFound:
            _, again = await hub.gateway.run(find)
            if again.pk == file.pk:
                raise
            file = again


def _open(file: File) -> io.FileIO:
    return io.FileIO(open_file(file.pk))


def _answer(
    request: HttpRequest, who: Identity, file: File, part: Part, opened: io.FileIO, *, chunk_bytes: int
) -> HttpResponseBase:
    if part.status == 412:
        return error_response(PreconditionFailed(f"{file.name!r} is not (any more) what the request wants"))
    if part.status == 416:
        wanted = request.headers.get("Range", "")
        return error_response(RangeNotSatisfiable(f"Range {wanted:.60} begins behind the end: {part.size} bytes"))
    if part.status == 304:
        return StreamingHttpResponse(nothing(), status=304)
    if request.method == "HEAD" or not part.length:
        return HttpResponse(status=part.status)
    body = piped(_read(opened, part, chunk_bytes), chunk_bytes, size=len)
    if part.length > SHORT_BYTES:
        registry.check_room(who, current_peer().address)
        body = _connected(body, who)
    return StreamResponse(body, status=part.status)


async def _connected(body: AsyncGenerator[bytes, None], who: Identity) -> AsyncGenerator[bytes, None]:
    """The same, as a live connection."""
    with registry.opened(Connection(TECHNIQUE, who)) as connection:
        async with aclosing(body):
            async for chunk in body:
                yield chunk
                connection.sent(len(chunk))


async def _read(opened: io.FileIO, part: Part, chunk_bytes: int) -> AsyncGenerator[bytes, None]:
    """The bytes of ``part``, each chunk read in a thread. Raises FileShrank."""
    with opened:
        at = part.start
        while at < part.end:
            chunk = await asyncio.to_thread(os.pread, opened.fileno(), min(chunk_bytes, part.end - at), at)
            if not chunk:
                raise FileShrank(f"{at} bytes are there of {part.size} that were announced")
            at += len(chunk)
            yield chunk
