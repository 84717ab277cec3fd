"""SIGTERM: everyone is told, everything ends whole, and after the restart everyone goes on where they were."""

import asyncio
import json
import signal
import time
from contextlib import AsyncExitStack, asynccontextmanager

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.harness.readers import Reader, dial, hang_up, reading, request
from tests.harness.waiting import aeventually

EXIT_S = 10.0
CLEAN = {"daphne": (0,), "uvicorn": (0, -signal.SIGTERM)}  # uvicorn raises the signal again once all is done
COOKIE = "sessionid"
GOODBYE = ("stream.close", {"reason": "shutdown", "reconnect": True})
HALF_SENT = (b"GET /events/orders HT", b"POST /events/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhal")


async def guest(site):
    """The cookie of a guest, as a browser gets it with the room's page."""
    async with request(site.url, "/") as page:
        cookies = page.headers["set-cookie"]
        await page.body()
    assert cookies.startswith(f"{COOKIE}=")
    return {"Cookie": cookies.partition(";")[0]}


@asynccontextmanager
async def ask(site, message):
    """``POST /chat``: the response, whose stream has begun."""
    headers = await asyncio.to_thread(site.token, "--chat") | {"Content-Type": "application/json"}
    body = json.dumps({"message": message}).encode()
    async with request(site.url, "/chat", method="POST", headers=headers, body=body) as response:
        assert response.status == 200
        yield response


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


async def test_sigterm_tells_everyone_and_the_next_start_goes_on(make_site, server, sqlite_url):
    site = await asyncio.to_thread(make_site, server, sqlite_url, STREAMS_DRAIN_ANSWERS_S="0.5")
    await asyncio.to_thread(site.start)
    site.manage("publish", "orders", "1")
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        enter = stack.enter_async_context
        streams = [await enter(request(site.url, "/events/orders?last_event_id=earliest")) for _ in range(3)]
        survivor = await enter(reading(Reader(site.url, "orders", last_event_id="earliest")))
        in_room = await enter(reading(Reader(site.url, "room:lobby", last_event_id="earliest")))
        who, room = await guest(site), f"{site.ws_url}/ws/rooms/lobby"
        sockets = [await enter(connect(room, origin=site.url, additional_headers=who)) for _ in range(2)]
        await say(sockets[0], "@claude /demo long", "one")
        chat = await enter(ask(site, "/demo long"))
        for start in HALF_SENT:
            _, half = await dial(site.url)
            stack.push_async_callback(hang_up, half)
            half.write(start)
        await aeventually(lambda: survivor.events and any(e.type == "generation.delta" for e in in_room.events))
        told = asyncio.gather(*map(collect, [*(one.blocks() for one in [*streams, chat]), *sockets]))

        begun = time.monotonic()
        assert await asyncio.to_thread(site.terminate) in CLEAN[site.server]
        assert time.monotonic() - begun < EXIT_S
        *blocks, spoken, first, second = await told

        assert [(seen[-1].type, seen[-1].data) for seen in blocks] == [GOODBYE] * 3
        assert (spoken[-1].type, spoken[-1].data["error"]["type"]) == ("error", "interrupted")
        assert all(stream.ended for stream in [*streams, chat])
        for socket, seen in ((sockets[0], first), (sockets[1], second)):
            last = json.loads(seen[-1])
            assert (last["type"], last["data"]) == GOODBYE
            assert socket.close_code == 1012
        assert site.server == "uvicorn" or "Traceback" not in site.log()  # uvicorn logs the half-sent request
        await check_that_all_goes_on(site, survivor, in_room)


async def check_that_all_goes_on(site, survivor, in_room):
    """Start again: the readers that came back have lost nothing, and the room's answer has ended once."""
    await asyncio.to_thread(site.start)
    site.manage("publish", "orders", "2")
    await aeventually(lambda: [event.data for event in survivor.events] == [1, 2])
    assert not [block for block in survivor.controls if block.type != "stream.close"]
    ends = await aeventually(lambda: [event.data for event in in_room.events if event.type == "generation.end"])
    text = "".join(event.data["text"] for event in in_room.events if event.type == "generation.delta")
    assert (ends[0]["status"], ends[0]["length"], len(ends)) == ("interrupted", len(text), 1)
    assert ends[0]["error"]["retryable"] is True
    assert in_room.seqs() == list(range(1, len(in_room.events) + 1))


async def test_sigterm_ends_a_chat_whose_model_says_nothing(make_site, server, sqlite_url):
    asked = asyncio.Event()

    async def silent_model(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await reader.read()
        finally:
            writer.close()

    async with await asyncio.start_server(silent_model, "127.0.0.1", 0) as model, asyncio.timeout(60):
        address = f"http://127.0.0.1:{model.sockets[0].getsockname()[1]}"
        env = {"ANTHROPIC_API_KEY": "none", "ANTHROPIC_BASE_URL": address, "STREAMS_DRAIN_ANSWERS_S": "1"}
        site = await asyncio.to_thread(make_site, server, sqlite_url, **env)
        await asyncio.to_thread(site.start)
        async with ask(site, "hello") as chat:
            await asked.wait()
            begun = time.monotonic()
            assert await asyncio.to_thread(site.terminate) in CLEAN[server]
            assert time.monotonic() - begun < EXIT_S / 2
            (told,) = await collect(chat.blocks())
            assert (told.type, told.data["error"]["type"], chat.ended) == ("error", "interrupted", True)
