"""Asking again who reads and whether they may, by rights and bans: a stream outlives the moment of its opening."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable

from streams.connections.bans import load_bans
from streams.connections.connection import Connection
from streams.connections.registry import registry
from streams.errors import CloseReason, StreamsError
from streams.hub import Hub
from streams.publishing import Identity, still_readable

logger = logging.getLogger(__name__)

AT_ONCE = 50  # readers of one turn at the database, which others wait for too


def _lost(readers: Iterable[tuple[Identity, set[str]]]) -> list[tuple[Identity, set[str] | None]]:
    """Those who lost something: the topics that they may no longer read, or None for the right to be here at all."""
    answers = ((who, names, still_readable(who, names)) for who, names in readers)
    return [(who, None if may is None else names - may) for who, names, may in answers if names != may]


async def keep_checked(hub: Hub) -> None:
    """Every ``recheck_s`` seconds, for ever: end the connections of those who lost the right to what they read.

    Readers that came as the same person by the same session or token are asked for once. Raises Unavailable (run it
    supervised); until the database answers again, nobody is turned out.
    """
    while True:
        await asyncio.sleep(hub.settings.recheck_s)
        await check_once(hub)
        await load(hub)  # the bans: what told of one may have been lost with a log that was reset


async def load(hub: Hub) -> None:
    """Hold the bans that are in the database, and end the connections of those who are banned. Raises Unavailable."""
    registry.bans.hold(await hub.gateway.run(load_bans))
    for connection in registry:
        try:
            registry.bans.check(connection.who.ids, connection.peer.address)
        except StreamsError:
            connection.end(CloseReason.KICKED)


async def check_once(hub: Hub, person: str | None = None) -> int:
    """One round, over everybody or over one person (an Identity's id); how many connections it ended."""
    connections: dict[Identity, list[Connection]] = defaultdict(list)
    for connection in registry:
        if person is None or person in connection.who.ids:
            connections[connection.who].append(connection)
    readers = [(who, {name for one in theirs for name in one.topics}) for who, theirs in connections.items()]
    ended = 0
    for start in range(0, len(readers), AT_ONCE):
        for who, lost in await hub.gateway.run(_lost, readers[start : start + AT_ONCE]):
            for connection in connections[who]:
                if lost is None or lost.intersection(connection.topics):
                    ended += 1
                    connection.end(CloseReason.UNAUTHORIZED)
    if ended:
        logger.info("ended %d streams whose readers lost the right to them", ended)
    return ended
