"""Every WebSocket path, and the one consumer behind it."""

from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.urls import re_path

from streams.chat.room_socket import RoomSocket
from streams.diagnostics.echo_socket import EchoSocket
from streams.errors import NotFound
from streams.transports.websocket import TopicSocket


class NothingHere(AsyncWebsocketConsumer):
    """Tells a client that the path is wrong; a router without a match would raise, and log a traceback a try."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        """Accept, since a refused handshake has no reason, and close."""
        await self.accept()
        await self.close(NotFound.close_code)


def socket(consumer: Any) -> Any:
    """The ASGI application of a consumer, typed for ``re_path``."""
    return consumer.as_asgi()


websocket_urlpatterns = [
    re_path(r"^ws/rooms/(?P<slug>[-a-zA-Z0-9_]{1,60})$", socket(RoomSocket)),
    re_path(r"^events$", socket(TopicSocket)),
    re_path(r"^events/(?P<topic>(?s:.*))$", socket(TopicSocket)),
    re_path(r"^diagnostics/socket$", socket(EchoSocket)),
    re_path(r"", socket(NothingHere)),
]
