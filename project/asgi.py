"""The application: Django for HTTP, Channels for WebSockets, static files, and the process's beginning and end."""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # sets Django up: what follows needs its models

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter

from project.static import StaticFiles
from streams import process
from streams.hub import Hub
from streams.routing import websocket_urlpatterns

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
    """End answers and streams as soon as the signal comes.

    uvicorn says ``lifespan.shutdown`` only when all connections are gone, which endless streams never are by
    themselves. The server's own handlers run as ever.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def tell(number: int, frame: Any) -> None:
        loop.call_soon_threadsafe(process.tell_at_once, hub)
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    wrapped = [number for number, handler in previous.items() if callable(handler)]
    for number in wrapped:
        signal.signal(number, tell)
    try:
        yield
    finally:
        for number in wrapped:
            if signal.getsignal(number) is tell:
                signal.signal(number, previous[number])


router = ProtocolTypeRouter(
    {
        "http": StaticFiles(django_application),
        "websocket": AuthMiddlewareStack(URLRouter(websocket_urlpatterns)),
        "lifespan": lifespan,
    }
)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application; where the server has no lifespan, the first connection begins the process."""
    if scope["type"] != "lifespan":
        await process.begin()
    await router(scope, receive, send)
