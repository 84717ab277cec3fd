"""Views that exist for the tests of this directory only."""

import asyncio
from collections.abc import AsyncGenerator

from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.http import HttpResponse
from django.urls import include, path

from streams.errors import (
    CloseReason,
    Forbidden,
    InvalidEvent,
    LimitReached,
    MethodNotAllowed,
    NoSuchTopic,
    NotSignedIn,
    StreamClosed,
    TooLarge,
    Unavailable,
)
from streams.http import StreamResponse
from streams.http.errors import answers_errors
from streams.models import Topic

seen: dict[str, object] = {}


async def body() -> AsyncGenerator[bytes, None]:
    """One chunk, then nothing until the client leaves."""
    try:
        yield b"first"
        await asyncio.sleep(3_600)
    finally:
        seen["finally in"] = asyncio.current_task()
        await asyncio.sleep(0)  # cleanup may wait
        seen["finally"] = True


async def stream(request):
    """A stream whose view asks the database in the request's own thread."""

    def ask():
        Topic.objects.count()
        seen["connection"] = connections["default"]
        return connection.connection is not None

    seen["connected"] = await sync_to_async(ask)()
    return StreamResponse(body(), content_type="text/plain")


async def endless(request):
    """A stream that never waits for anything but its client."""

    async def chunks() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                seen["sent"] = int(seen.get("sent", 0)) + 1
                yield b"x"
        finally:
            seen["finally"] = True

    return StreamResponse(chunks())


FAILURES = {
    "not-signed-in": NotSignedIn("who are you"),
    "forbidden": Forbidden("not you"),
    "missing": NoSuchTopic("no such topic"),
    "method": MethodNotAllowed("PUT", allow="GET, HEAD"),
    "limit": LimitReached("too fast", retry_after_s=7.4),
    "limit-soon": LimitReached("too fast", retry_after_s=0.01),
    "unavailable": Unavailable("no database"),
    "closed": StreamClosed(CloseReason.SHUTDOWN),
    "invalid": InvalidEvent("wrong type"),
    "large": TooLarge("too large"),
}


@answers_errors
async def fail(request, kind):
    """Raise one of the errors of the tree."""
    raise FAILURES[kind]


async def ok(request):
    """Answer."""
    return HttpResponse("ok")


urlpatterns = [
    path("stream", stream),
    path("endless", endless),
    path("fail/<str:kind>", fail),
    path("ok", ok),
    path("", include("project.urls")),
]

handler404 = "streams.http.errors.page_not_found"
