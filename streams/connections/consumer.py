"""What every WebSocket consumer of this site is, before it is anything else."""

from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer


class Consumer(AsyncWebsocketConsumer):
    """A consumer that waits at no channel: what is read comes from the hub."""

    channel_layer_alias = ""

    async def dispatch(self, message: dict[str, Any]) -> None:
        """As in Channels, but not by way of the one thread that all sync code shares: the gateway has its own."""
        await getattr(self, get_handler_name(message))(message)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The client has left."""
        raise StopConsumer
