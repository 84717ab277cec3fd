"""The application: Django for HTTP, Channels for WebSockets, static files, and the process's beginning and end."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

import django

django.setup(set_prefix=False)  # what follows needs its models

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter

from project.django_application import DjangoApplication
from project.static import StaticFiles
from streams import process
from streams.connections import serving
from streams.hub import Hub
from streams.logs.access import Recorded
from streams.routing import websocket_urlpatterns

gc.collect()
gc.freeze()  # what is loaded stays: each full collection would go through it, and keep the event loop for 70 ms

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def lifespan(_scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Begin before the first request and drain after the last; source: the ASGI lifespan specification."""
    await receive()
    hub = await process.begin()
    with _told_early(hub):
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await process.drain()
    await send({"type": "lifespan.shutdown.complete"})


@contextmanager
def _told_early(hub: Hub) -> Iterator[None]:
    """End answers and streams when the signal comes, and only then let the server's own handler have it.

    uvicorn says ``lifespan.shutdown`` when all connections are gone, which endless streams never are by themselves;
    and it closes every WebSocket at once, before anybody could be told why. Our Daphne would stop listening before a
    load balancer knows. A second signal is the server's alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous: dict[int, Any] = {}

    async def tell(number: int) -> None:
        try:
            async with asyncio.timeout(process.telling_s(hub.settings)):
                await process.tell_all()
        finally:
            if len(told) == 1:
                previous[number](number, None)

    def heed(number: int, frame: Any) -> None:
        told.append(number)
        if hub.closing is not None or len(told) > 1:
            previous[number](number, frame)
        else:
            hub.draining = True
            loop.call_soon_threadsafe(hub.tasks.run, "tell all of the end", partial(tell, number))

    told: list[int] = []
    for number in map(int, (signal.SIGTERM, signal.SIGINT)):
        handler = signal.getsignal(number)
        if callable(handler):
            previous[number] = handler
            signal.signal(number, heed)
    try:
        yield
    finally:
        for number, handler in previous.items():
            if signal.getsignal(number) is heed:
                signal.signal(number, handler)


router = ProtocolTypeRouter(
    {
        "http": StaticFiles(DjangoApplication()),
        "websocket": AuthMiddlewareStack(URLRouter(websocket_urlpatterns)),
        "lifespan": lifespan,
    }
)


async def _serve(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """One request or socket; where the server has no lifespan, the first begins the process."""
    await process.begin()
    await router(scope, receive, send)


recorded = Recorded(_serve)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        await router(scope, receive, send)
        return
    with serving(send, scope):
        await recorded(scope, receive, send)
