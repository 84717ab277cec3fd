"""SIGTERM: everyone is told, everything ends whole, and after the restart everyone goes on where they were."""

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.harness.readers import Reader, dial, hang_up, reading, request
from tests.harness.waiting import aeventually

EXIT_S = 10.0
CLEAN = {"daphne": (0,), "uvicorn": (0, -signal.SIGTERM)}  # uvicorn raises the signal again once all is done
COOKIE = "sessionid"


async def guest(site):
    """The cookie of a guest, as a browser gets it with the room's page."""
    async with request(site.url, "/") as page:
        cookies = page.headers["set-cookie"]
        await page.body()
    assert cookies.startswith(f"{COOKIE}=")
    return {"Cookie": cookies.partition(";")[0]}


async def collect(frames):
    """Everything that comes before the end of a stream or a socket."""
    seen = []
    try:
        async for frame in frames:
            seen.append(frame)
    except ConnectionClosed:
        pass
    return seen


async def say(socket, text, client_id):
    """Say it in the room of the socket, and wait for the acknowledgement."""
    await socket.send(json.dumps({"op": "say", "ref": client_id, "text": text, "client_id": client_id}))
    while (frame := json.loads(await socket.recv())).get("ref") != client_id:
        pass
    assert frame["op"] == "ack", frame


async def test_sigterm_tells_everyone_and_the_next_start_goes_on(site):
    who = await guest(site)
    writer = await asyncio.to_thread(site.token, "--publish", "*", "--chat")
    site.manage("publish", "orders", "1")
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        streams = [
            await stack.enter_async_context(request(site.url, "/events/orders?last_event_id=earliest"))
            for _ in range(3)
        ]
        survivor = await stack.enter_async_context(reading(Reader(site.url, "orders", last_event_id="earliest")))
        in_room = await stack.enter_async_context(reading(Reader(site.url, "room:lobby", last_event_id="earliest")))
        sockets = [
            await stack.enter_async_context(
                connect(f"{site.ws_url}/ws/rooms/lobby", origin=site.url, additional_headers=who)
            )
            for _ in range(2)
        ]
        await say(sockets[0], "@claude /demo long", "one")
        body = json.dumps({"message": "/demo long"}).encode()
        chat = await stack.enter_async_context(
            request(site.url, "/chat", method="POST", headers=writer | {"Content-Type": "application/json"}, body=body)
        )
        assert chat.status == 200
        for start in (
            b"GET /events/orders HT",
            b"POST /events/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhal",
        ):
            _, half = await dial(site.url)
            stack.push_async_callback(hang_up, half)
            half.write(start)
        await aeventually(lambda: survivor.events and any(e.type == "generation.delta" for e in in_room.events))
        told = asyncio.gather(
            *(collect(one.blocks()) for one in [*streams, chat]), *(collect(socket) for socket in sockets)
        )

        begun = time.monotonic()
        assert await asyncio.to_thread(site.terminate) in CLEAN[site.server]
        assert time.monotonic() - begun < EXIT_S
        *blocks, spoken, first, second = await told

        for stream, seen in zip(streams, blocks, strict=True):
            assert (seen[-1].type, seen[-1].data) == ("stream.close", {"reason": "shutdown", "reconnect": True})
            assert stream.ended
        assert spoken[-1].type == "error", spoken[-3:]
        assert spoken[-1].data["error"]["retryable"] is True
        assert chat.ended
        for socket, seen in ((sockets[0], first), (sockets[1], second)):
            last = json.loads(seen[-1])
            assert (last["type"], last["data"]) == ("stream.close", {"reason": "shutdown", "reconnect": True})
            assert socket.close_code == 1012
        assert "Traceback" not in site.log()

        await asyncio.to_thread(site.start)
        site.manage("publish", "orders", "2")
        await aeventually(lambda: [event.data for event in survivor.events] == [1, 2])
        assert not [block for block in survivor.controls if block.type != "stream.close"]
        ends = await aeventually(lambda: [e.data for e in in_room.events if e.type == "generation.end"])
        text = "".join(event.data["text"] for event in in_room.events if event.type == "generation.delta")
        assert (ends[0]["status"], ends[0]["length"], len(ends)) == ("interrupted", len(text), 1)
        assert ends[0]["error"]["retryable"] is True
        assert in_room.seqs() == list(range(1, len(in_room.events) + 1))
