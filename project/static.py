"""Static files beside Django, not in its middleware: WhiteNoise is sync, and would put a thread into every request."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from whitenoise import WhiteNoise

Application = Callable[..., Awaitable[None]]
Answer = tuple[int, Iterable[tuple[str, str]], bytes]


def _white_noise() -> WhiteNoise:
    """The collected files; in debug those of every app, as they are on the disk now."""
    if not settings.DEBUG:
        return WhiteNoise(None, root=str(settings.STATIC_ROOT), prefix=settings.STATIC_URL)
    files = WhiteNoise(None, autorefresh=True, max_age=0)
    storages = [storage for finder in get_finders() for storage in getattr(finder, "storages", {}).values()]
    for storage in reversed(storages):  # of the same name the first found counts, and here what was added last
        files.add_files(storage.location, prefix=settings.STATIC_URL)
    return files


class StaticFiles:
    """Answers paths under ``STATIC_URL``; all else goes to ``application``. Files are small, and read whole."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._files = _white_noise()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one HTTP request."""
        if not scope["path"].startswith(settings.STATIC_URL):
            await self._application(scope, receive, send)
            return
        status, headers, body = await asyncio.to_thread(self._answer, scope)
        headers = [*headers, ("X-Content-Type-Options", "nosniff")]
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, scope: dict[str, Any]) -> Answer:
        path, files = scope["path"], self._files
        found = files.find_file(path) if files.autorefresh else files.files.get(path)
        if found is None:
            return HTTPStatus.NOT_FOUND, [("Content-Type", "text/plain")], b"no such static file\n"
        environ = {
            f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
            for name, value in scope["headers"]
        }
        response = found.get_response(scope["method"], environ)
        if response.file is None:
            return response.status, response.headers, b""
        with response.file as file:
            return response.status, response.headers, file.read()
