"""A reader that loses its right and reads nothing: it can't be told, so it is let go of."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager

import pytest
import websockets

from tests.harness.readers import request
from tests.harness.site import SERVERS, Site
from tests.harness.sockets import connected
from tests.harness.waiting import aeventually, settled

SMALL_BUFFER = 4_096
FILL = """
from streams.eventlog import append
from streams.wire.event import NewEvent
for _ in range(80):
    append("big", [NewEvent('"' + "x" * 200_000 + '"')])
"""
REVOKE = "UPDATE streams_token SET revoked_at = '2020-01-01' WHERE id = (SELECT max(id) FROM streams_token)"
PATH = "/events/big?last_event_id=earliest"


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}", STREAMS_RECHECK_S="0.2").set_up()
    site.manage("shell", "-v0", "-c", FILL)
    yield site.start()
    site.kill()


def revoke(site):
    """What an operator does in the admin to the newest token."""
    with sqlite3.connect(site.folder / "site.sqlite3", timeout=20) as database:
        assert database.execute(REVOKE).rowcount == 1
    database.close()


@asynccontextmanager
async def stalled(site, technique, headers):
    """A connection of that technique that reads its head and no more: its own port, and how to read what is left."""
    if technique == "websocket":
        async with connected(site, PATH, headers, receive_buffer=SMALL_BUFFER, max_queue=1) as socket:
            await socket.opened()

            async def rest():
                with pytest.raises(websockets.ConnectionClosed) as closed:
                    while True:
                        assert (await socket.frame())["type"] != "stream.close"
                return closed.value.rcvd

            yield socket.connection.local_address[1], rest
        return
    accept = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}[technique]
    headers = headers | {"Accept": accept}
    async with request(site.url, PATH, headers=headers, receive_buffer=SMALL_BUFFER) as response:
        assert response.status == 200

        async def rest():
            with pytest.raises((EOFError, OSError)):
                async for piece in response.pieces():
                    assert b"stream.close" not in piece

        yield response.writer.get_extra_info("sockname")[1], rest


@pytest.mark.parametrize("technique", ["sse", "websocket"])
async def test_a_reader_that_reads_nothing_and_loses_its_right_is_gone_soon(site, technique):
    headers = await asyncio.to_thread(site.token, "--read", "*")
    async with stalled(site, technique, headers) as (port, rest):
        await settled(lambda: site.stats.cpu_times().user)  # the network has swallowed what it can

        def held():
            return any(kept.raddr and kept.raddr.port == port for kept in site.stats.net_connections("tcp"))

        assert held()
        await asyncio.to_thread(revoke, site)
        await aeventually(lambda: not held(), limit_s=15)
        assert await rest() is None  # nothing that could be taken for an end
    await aeventually(lambda: "which did not read that it ends: unauthorized" in site.log())
    assert "Traceback" not in site.log()
