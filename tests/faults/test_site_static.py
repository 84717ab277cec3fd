"""A client that asks for static files and stops reading them waits alone."""

import asyncio
import json

import httpx
from websockets.asyncio.client import connect

from tests.harness.readers import dial, hang_up, request_bytes

LARGE = "/static/admin/js/vendor/xregexp/xregexp.js"
TIMES, CLIENTS = 60, 20  # 20 MB each: more than any socket buffer takes
THREADS = 8  # what the pool of the loop has here; not one a client


async def test_clients_that_stop_reading_static_files_keep_nobody_else_waiting(site):
    token = await asyncio.to_thread(site.token, "--read", "*")
    threads = site.stats.num_threads()
    dialled = [await dial(site.url, receive_buffer=4_096) for _ in range(CLIENTS)]
    try:
        for _, writer in dialled:
            writer.write(request_bytes("GET", site.url, LARGE) * TIMES)
        heads = [await reader.readuntil(b"\r\n\r\n") for reader, _ in dialled]
        assert all(b" 200 " in head for head in heads)
        async with asyncio.timeout(10), httpx.AsyncClient(base_url=site.url) as client:
            for _ in range(3):
                assert len((await client.get(LARGE)).content) > 200_000
            assert (await client.get("/login/")).status_code == 200
            async with connect(f"{site.ws_url}/ws/rooms/lobby", additional_headers=token) as socket:
                assert json.loads(await socket.recv())["type"] == "stream.open"
        assert site.stats.num_threads() <= threads + THREADS
    finally:
        for _, writer in dialled:
            await hang_up(writer)
