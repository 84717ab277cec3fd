"""Views that fail, for the tests of this directory only."""

import logging

from django.http import HttpResponse
from django.urls import include, path

from streams.errors import Unavailable
from streams.http import StreamResponse
from streams.http.errors import answers_errors
from streams.hub import current_hub

logger = logging.getLogger("tests.views")


async def broken(request):
    """Fail."""
    raise LookupError("no such word")


def broken_in_a_thread(request):
    """Fail, in the thread that Django runs sync views in."""
    raise LookupError("no such word")


@answers_errors
async def refused(request):
    """Raise an error of the tree, after a word in the log from a thread of the database."""
    await (await current_hub()).gateway.run(logger.warning, "from the gateway")
    raise Unavailable("no database")


async def half(request):
    """A stream that breaks."""

    async def body():
        yield b"half"
        raise LookupError("the other half")

    return StreamResponse(body(), content_type="text/event-stream; charset=utf-8")


async def ok(request):
    """Answer."""
    return HttpResponse("ok")


urlpatterns = [
    path("broken", broken),
    path("broken-in-a-thread", broken_in_a_thread),
    path("refused", refused),
    path("half", half),
    path("ok", ok),
    path("", include("project.urls")),
]

handler404 = "streams.http.errors.page_not_found"
handler500 = "streams.http.errors.server_error"
