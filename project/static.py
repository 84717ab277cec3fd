"""Static files beside Django, not in its middleware: WhiteNoise is sync, and would put a thread into every request."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.wsgi import WsgiToAsgi
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from whitenoise import WhiteNoise

Application = Callable[..., Awaitable[None]]


def _not_found(_environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"no such static file\n"]


def _white_noise() -> WhiteNoise:
    """The collected files; in debug those of every app, as they are on the disk now."""
    if not settings.DEBUG:
        return WhiteNoise(_not_found, root=str(settings.STATIC_ROOT), prefix=settings.STATIC_URL)
    files = WhiteNoise(_not_found, autorefresh=True)
    for finder in get_finders():
        for storage in getattr(finder, "storages", {}).values():
            files.add_files(storage.location, prefix=settings.STATIC_URL)
    return files


class StaticFiles:
    """Answers paths under ``STATIC_URL``; all else goes to ``application``."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._files = WsgiToAsgi(_white_noise())  # type: ignore[no-untyped-call]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one HTTP request."""
        inner = self._files if scope["path"].startswith(settings.STATIC_URL) else self._application
        await inner(scope, receive, send)
