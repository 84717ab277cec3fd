"""Sockets that are cut at any moment leave nothing behind: no task, no reader, no entry, no descriptor."""

import asyncio
import random
import socket
import struct
from contextlib import suppress

import pytest

from tests.harness.readers import Reader, reading
from tests.harness.site import SERVERS, Site
from tests.harness.sockets import handshake, masked_frame
from tests.harness.waiting import aeventually

SOCKETS, AT_ONCE = 500, 40
FILL = """
from streams.eventlog import append
from streams.wire.event import NewEvent
for _ in range(4):
    append("backlog", [NewEvent('"' + "x" * 4_000 + '"')] * 500)
"""
PATHS = (
    "/events/backlog?last_event_id=earliest",
    "/events?topic=backlog&topic=system&last_event_id=-100",
    "/events",
    "/events/nothing",
    "/ws/rooms/lobby?last_event_id=earliest",
)
OPERATIONS = (b'{"op":"subscribe","topic":"backlog","last_event_id":"earliest"}', b'{"op":"ping"}', b"{")


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    site = Site(request.param, folder, url, STREAMS_VITALS_EVERY_S="0.2", STREAMS_RING_LINGER_S="0.5").set_up()
    site.manage("shell", "-v0", "-c", FILL)
    yield site.start()
    site.kill()


async def come_and_go(site, headers, chance):
    """Dial, say more or less of a handshake and some operations, read more or less of what comes, and cut it."""
    said = handshake(site, chance.choice(PATHS), headers)
    said += b"".join(masked_frame(chance.choice(OPERATIONS)) for _ in range(chance.randrange(4)))
    if chance.random() < 0.3:
        said = said[: chance.randrange(len(said))]
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    if chance.random() < 0.7:  # a reset, as when a machine or a proxy goes down; else as when a process ends
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(plain, ("127.0.0.1", site.port))
        await loop.sock_sendall(plain, said)
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(chance.choice([0, 0.01, 0.1])):
                for _ in range(chance.randrange(200)):
                    await loop.sock_recv(plain, 4_096)
    finally:
        plain.close()


async def wave(site, headers, seed):
    """SOCKETS of them, AT_ONCE at a time."""
    chance, gate = random.Random(seed), asyncio.Semaphore(AT_ONCE)

    async def one():
        async with gate:
            await come_and_go(site, headers, chance)

    async with asyncio.TaskGroup() as group:
        for _ in range(SOCKETS):
            group.create_task(one())


def figures(site, vitals):
    """What the process holds, by its own account and from outside."""
    signs = vitals.events[-1].data
    return {
        "sockets": signs["connections"]["websocket"],
        "tasks": signs["tasks"],
        "descriptors": site.stats.num_fds(),
        "threads": site.stats.num_threads(),
    }


async def test_500_sockets_cut_at_random_moments_leave_nothing_behind(site):
    headers = await asyncio.to_thread(site.token, "--read", "*")
    async with reading(Reader(site.url, "system")) as vitals:
        await wave(site, headers, "warm-up")
        await aeventually(lambda: vitals.events and figures(site, vitals)["sockets"] == 0, limit_s=30)
        await settled(site, vitals)
        before = figures(site, vitals)
        log = len(site.log())
        await wave(site, headers, "wave")
        left = len(vitals.events)
        await aeventually(lambda: len(vitals.events) > left + 2, limit_s=30)
        names = ("sockets", "tasks", "descriptors")
        await aeventually(lambda: all(figures(site, vitals)[name] <= before[name] for name in names), limit_s=30)
        assert figures(site, vitals)["threads"] <= before["threads"] + 2
        assert "Traceback" not in site.log()[log:]


async def settled(site, vitals):
    """Wait until the figures have stood still for three readings."""
    seen = []

    def still():
        if not seen or vitals.events[-1].id != seen[-1][0]:
            seen.append((vitals.events[-1].id, figures(site, vitals)))
        return len(seen) >= 3 and seen[-1][1] == seen[-2][1] == seen[-3][1]

    await aeventually(still, limit_s=30)
