"""Commands from one process to all: events of the private topic ``system:commands``, which every process follows.

    end     {"ids" | "who" | "address", "reason"}       end these connections
    notice  {"ids" | "who" | "address" | "all", "text"} tell them something
    bans    {}                                          the bans have changed
    recheck {"who"}                                     somebody's rights have changed
    changed {"topic"}                                   events of its log read otherwise now
    drain   {"process"}                                 that process ends

A topic, so that a command is heard at once where the doorbell rings, within a second where it does not, and not lost
while a process waits for its database.
"""

import json
import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing
from datetime import timedelta
from typing import Any

from django.utils import timezone

from streams.connections.connection import Connection
from streams.connections.own_topics import ensure_own_topics
from streams.connections.recheck import check_once, load
from streams.connections.registry import registry
from streams.errors import CloseReason, StreamClosed
from streams.hub import Hub, follow, open_reader
from streams.logs import process_name
from streams.publishing import publish
from streams.wire.last_event_id import parse_last_event_id
from streams.wire.names import COMMANDS

logger = logging.getLogger(__name__)

TOPIC = COMMANDS
STALE = timedelta(seconds=60)  # a command that comes so late is not what anybody wants any more
Command = dict[str, Any]


def command(kind: str, **command: Any) -> None:
    """Send a command, as a part of the caller's transaction. From sync code; raises as ``publish``."""
    ensure_own_topics()
    publish(TOPIC, command, type=kind)


def _meant(command: Command) -> Iterable[Connection]:
    """The connections of this process that a command is about."""
    if "ids" in command:
        return [one for connection_id in command["ids"] if (one := registry.get(connection_id)) is not None]
    who, address = command.get("who"), command.get("address")
    everybody = bool(command.get("all"))
    return [
        one
        for one in registry
        if everybody or (who and who in one.who.ids) or (address and one.peer.address == address)
    ]


def _end(command: Command) -> None:
    for connection in _meant(command):
        connection.end(CloseReason(command["reason"]))


def _notice(command: Command) -> None:
    for connection in _meant(command):
        connection.notify(command["text"])


async def _perform(hub: Hub, kind: str, command: Command, on_drain: Callable[[], None]) -> None:
    if kind == "end":
        _end(command)
    elif kind == "notice":
        _notice(command)
    elif kind == "bans":
        await load(hub)
    elif kind == "recheck":
        await check_once(hub, command["who"])
    elif kind == "changed":
        hub.forget_events(command["topic"])
    elif kind == "drain" and command["process"] == process_name():
        on_drain()


async def keep_commanded(hub: Hub, on_drain: Callable[[], None]) -> None:
    """Do what the commands say, for ever; raises Unavailable (run it supervised)."""
    await hub.gateway.run(ensure_own_topics)
    try:
        async with open_reader(hub) as reader:
            await reader.subscribe(TOPIC, parse_last_event_id(None))
            await load(hub)
            async with aclosing(follow(reader)) as batches:
                async for batch in batches:
                    if batch.gap is not None:
                        await load(hub)
                    for event in batch.events:
                        if event.type == "bans" or timezone.now() - event.created_at < STALE:
                            logger.info("command %s %s", event.type, event.data)
                            await _perform(hub, event.type, json.loads(event.data), on_drain)
    except StreamClosed:
        pass  # the process ends, or the topic was deleted: then it is made again
