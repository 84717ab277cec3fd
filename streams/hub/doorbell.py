"""The doorbell: tells every process that a topic has moved. May be lost, late or out of order: nothing depends on it.

Within a process it is a call. Between processes it goes over the channel layer, with the events as a courtesy where
they are small; the in-memory layer reaches no other process, so there the comparison of heads does the work.
"""

import asyncio
import logging
import secrets
import weakref
from datetime import datetime
from typing import TYPE_CHECKING, Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from streams.hub.ring import Announcement
from streams.wire.event import LogEvent

if TYPE_CHECKING:
    from streams.hub.hub import Hub

logger = logging.getLogger(__name__)

GROUP = "streams.doorbell"
COURTESY_BYTES = 65_536
OUTBOX = 256  # messages, each with COURTESY_BYTES of data at most
SEND_TIMEOUT_S = 2.0
TRIAL = "?"  # no topic has this name: who hears it, and did not send it, has nothing to do

running_hubs: "weakref.WeakSet[Hub]" = weakref.WeakSet()


def announce(announcement: Announcement) -> None:
    """Ring from any thread, after the commit: the hubs of this process at once, other processes when it works."""
    hubs = list(running_hubs)
    for hub in hubs:
        try:
            hub.loop.call_soon_threadsafe(hub.publish, announcement)
        except RuntimeError:  # its loop was closed and it was not: it has no readers
            running_hubs.discard(hub)
    if not hubs and not isinstance(get_channel_layer(), InMemoryChannelLayer):
        try:
            async_to_sync(_send_once)(announcement)
        except Exception as error:
            logger.warning("doorbell not rung (readers follow within a second): %s", error)


async def _send_once(announcement: Announcement) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await get_channel_layer().group_send(GROUP, encode(announcement))


def encode(announcement: Announcement) -> dict[str, Any]:
    """The message on the channel layer; events are left out where they would make it large."""
    events = announcement.events
    if sum(len(event.data) for event in events) > COURTESY_BYTES:
        events = ()
    return {
        "type": "doorbell.ring",
        "topic": announcement.topic,
        "epoch": announcement.epoch,
        "head": announcement.head,
        "events": [[event.seq, event.type, event.data, event.created_at.isoformat()] for event in events],
    }


def decode(message: dict[str, Any]) -> Announcement:
    """The announcement that ``encode`` made a message of."""
    topic, epoch = message["topic"], message["epoch"]
    events = tuple(
        LogEvent(topic, epoch, seq, event_type, data, datetime.fromisoformat(created_at))
        for seq, event_type, data, created_at in message["events"]
    )
    return Announcement(topic, epoch, message["head"], events)


class Doorbell:
    """The wire to other processes: a bounded outbox, so that a layer that hangs delays nobody, and a listener."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(OUTBOX)
        self.reaches_others = not isinstance(get_channel_layer(), InMemoryChannelLayer)
        self._trials: dict[str, asyncio.Future[None]] = {}

    def ring(self, announcement: Announcement) -> None:
        """Send soon, or drop it if the layer has hung for so long that the outbox is full."""
        if self.reaches_others and not self._outbox.full():
            self._outbox.put_nowait(encode(announcement))

    async def send(self) -> None:
        """Carry the outbox to the layer, for ever."""
        layer = get_channel_layer()
        while True:
            message = await self._outbox.get()
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await layer.group_send(GROUP, message)

    async def listen(self) -> None:
        """Hear the other processes, for ever."""
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        while True:
            announcement = decode(await layer.receive(channel))
            if announcement.topic == TRIAL:
                self._heard(announcement.epoch)
            else:
                self._hub.hear(announcement)

    async def try_out(self) -> None:
        """Ring for nobody, and return when it was heard here: the whole way that every other ring takes.

        Raises whatever the layer does. Waits without end where a ring is lost: bound it.
        """
        trial = secrets.token_hex(8)
        self._trials[trial] = heard = self._hub.loop.create_future()
        try:
            await get_channel_layer().group_send(GROUP, encode(Announcement(TRIAL, trial, 0, ())))
            await heard
        finally:
            del self._trials[trial]

    def _heard(self, trial: str) -> None:
        heard = self._trials.get(trial)
        if heard is not None and not heard.done():
            heard.set_result(None)
