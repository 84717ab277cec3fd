"""The page, and the probes that it starts; each is of use to curl too.

/diagnostics/sse?count=10&every_ms=100      numbered events, with the headers of a real stream
/diagnostics/ndjson?count=10&every_ms=100   the same as lines of JSON
/diagnostics/idle?seconds=75                a stream that says nothing for so long
/diagnostics/request                        the request as it arrived here
/diagnostics/socket                         a WebSocket that echoes (echo_socket.py)
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render

from streams.diagnostics.bodies import Encode, encode_line, numbered_chunks, silence
from streams.diagnostics.places import places
from streams.errors import InvalidInput, MethodNotAllowed, NotFound
from streams.http import StreamResponse, nothing
from streams.http.errors import answers_errors
from streams.hub import Hub, current_hub
from streams.wire import sse

METHODS = "GET, HEAD"
MAX_COUNT, MAX_EVERY_MS = 20, 1_000
MAX_SILENCE_S = 75  # nginx and many others cut at 60
GRACE_S = 5.0  # what a probe may take beyond its own time before its place is free for others
SSE, NDJSON = "text/event-stream; charset=utf-8", "application/x-ndjson"
TOLD_BY_PROXIES = (
    "connection", "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
    "x-real-ip",
)  # fmt: skip


def diagnostics_page(request: HttpRequest) -> HttpResponseBase:
    """The page that runs the probes and says what they found."""
    return render(request, "streams/diagnostics/check.html", {"silence_s": MAX_SILENCE_S})


@answers_errors
async def diagnostics_probe(request: HttpRequest, name: str) -> HttpResponseBase:
    """The probe ``name``. Anybody may start one: it is short, and there are only so many places."""
    probe = PROBES.get(name)
    if probe is None:
        raise NotFound(f"no probe {name!r:.60} (there are: {', '.join(PROBES)})")
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=METHODS)
    hub = await current_hub()
    hub.check_open()
    return await probe(request, hub)


async def _sse(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    return _chunks(request, hub, sse.encode_data, SSE)


async def _ndjson(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    return _chunks(request, hub, encode_line, NDJSON)


def _chunks(request: HttpRequest, hub: Hub, encode: Encode, content_type: str) -> HttpResponseBase:
    count = _number(request, "count", default=10, most=MAX_COUNT)
    every_s = _number(request, "every_ms", default=100, most=MAX_EVERY_MS) / 1000
    body = numbered_chunks(hub, count=count, every_s=every_s, encode=encode)
    return _stream(request, body, content_type, lasting_s=count * every_s)


async def _idle(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    lasting_s = _number(request, "seconds", default=MAX_SILENCE_S, most=MAX_SILENCE_S)
    return _stream(request, silence(hub, lasting_s=lasting_s), SSE, lasting_s=lasting_s)


async def _request(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    """What arrived here, and what this process makes of it: to be compared with what the browser sent."""
    seen = {
        "http_version": getattr(request, "scope", {}).get("http_version", ""),
        "scheme": request.scheme,
        "host": request.headers.get("Host", ""),
        "client": request.META.get("REMOTE_ADDR", ""),
        "headers": {name: request.headers[name] for name in TOLD_BY_PROXIES if name in request.headers},
        "behind_proxy": settings.SECURE_PROXY_SSL_HEADER is not None,
        "heartbeat_s": hub.settings.heartbeat_s,
    }
    return JsonResponse(seen, headers={"Cache-Control": "no-store"}, json_dumps_params={"indent": 2})  # curl shows it


async def _socket(request: HttpRequest, hub: Hub) -> HttpResponseBase:
    version = getattr(request, "scope", {}).get("http_version", "")
    raise InvalidInput(
        f"this is a WebSocket's path, and the request came over HTTP/{version} without asking for an upgrade: "
        "a proxy must speak HTTP/1.1 and pass Upgrade and Connection on"
    )


def _stream(
    request: HttpRequest, body: AsyncGenerator[bytes, None], content_type: str, *, lasting_s: float
) -> HttpResponseBase:
    """A response as the real streams have it; to HEAD its headers. Raises LimitReached."""
    if request.method == "HEAD":
        return StreamResponse(nothing(), content_type=content_type)
    place = places.claim(lasting_s + GRACE_S)

    async def placed() -> AsyncGenerator[bytes, None]:
        with places.held(place):
            async with aclosing(body):
                async for chunk in body:
                    yield chunk

    return StreamResponse(placed(), content_type=content_type)


def _number(request: HttpRequest, name: str, *, default: int, most: int) -> int:
    text = request.GET.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= most):
        raise InvalidInput(f"{name} is {text!r:.20} (a whole number from 1 to {most})")
    return int(text)


PROBES: dict[str, Callable[[HttpRequest, Hub], Awaitable[HttpResponseBase]]] = {
    "sse": _sse,
    "ndjson": _ndjson,
    "idle": _idle,
    "request": _request,
    "socket": _socket,
}
