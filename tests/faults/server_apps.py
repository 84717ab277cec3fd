"""Raw ASGI applications that tests serve; each path is one behaviour, ``GET /facts`` tells what happened inside.

Environment: APP_LIFESPAN = "fail" refuses to start, "raise" doesn't know the scope, "slow" takes a second to start.
APP_DRAIN = "ignore" never tells its streams of the shutdown.
"""

import asyncio
import gc
import json
import os
from collections import Counter
from contextlib import suppress

CHUNK = bytes(65_536)
events = Counter()
going_down = asyncio.Event()


async def app(scope, receive, send):
    kind = scope["type"]
    if kind == "lifespan":
        await lifespan(scope, receive, send)
    elif kind == "websocket":
        await SOCKETS[scope["path"]](receive, send)
    else:
        await PAGES[scope["path"]](scope, receive, send)


async def lifespan(scope, receive, send):
    mode = os.environ.get("APP_LIFESPAN", "")
    if mode == "raise":
        raise ValueError("no lifespan here")
    await receive()
    if mode == "fail":
        await send({"type": "lifespan.startup.failed", "message": "the cellar is flooded"})
        return
    if mode == "slow":
        await asyncio.sleep(1)
    scope["state"]["started"] = True
    await send({"type": "lifespan.startup.complete"})
    try:
        await receive()
        if os.environ.get("APP_DRAIN") != "ignore":
            going_down.set()
        await send({"type": "lifespan.shutdown.complete"})
    finally:
        print("lifespan over", flush=True)


async def start(send, *headers):
    await send({"type": "http.response.start", "status": 200, "headers": list(headers)})


async def write(send, body, more=True):
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def page(send, body):
    await start(send, (b"content-length", str(len(body)).encode()))
    await write(send, body, more=False)


async def disconnected(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def until_client_leaves(receive, work):
    """Run ``work`` as Django's handler runs a view: in a task that http.disconnect ends, and nothing else does."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(disconnected(receive))
    await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    for task in (working, leaving):
        task.cancel()
    await asyncio.wait({working, leaving})


async def facts(scope, receive, send):
    """What this process has seen; the server's connections are found by the garbage collector."""
    servers = [thing for thing in gc.get_objects() if type(thing).__name__ == "StreamingServer"]
    tracked = len(servers[0].connections) if servers else None
    await page(send, json.dumps({**events, "tracked": tracked, "state": scope.get("state")}).encode())


async def hello(scope, receive, send):
    await page(send, b"hello")


async def length(scope, receive, send):
    """The length of the request's body."""
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message["body"]), message["more_body"]
    await page(send, str(size).encode())


async def client(scope, receive, send):
    await page(send, scope["client"][0].encode())


async def megabyte(scope, receive, send):
    await page(send, bytes(1_000_000))
    events["megabytes"] += 1


async def dated(scope, receive, send):
    await start(send, (b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"content-length", b"0"))
    await write(send, b"", more=False)


async def flood(scope, receive, send):
    """256 MB, as fast as the client takes them."""
    await start(send)

    async def pour():
        try:
            for _ in range(4096):
                await write(send, CHUNK)
                events["sent"] += 1
            await write(send, b"", more=False)
        finally:
            events["flood over"] += 1
            print("flood over", flush=True)

    await until_client_leaves(receive, pour())


async def deaf_flood(scope, receive, send):
    """A flood by an application that never listens for the disconnect."""
    await start(send)
    try:
        while True:
            await write(send, CHUNK)
    finally:
        events["deaf flood over"] += 1


async def quiet(scope, receive, send):
    """A stream that says one thing and waits; ends with a last word at shutdown."""
    await start(send)
    await write(send, b"begin\n")
    events["quiet open"] += 1

    async def wait():
        try:
            await going_down.wait()
            await write(send, b"end\n", more=False)
        finally:
            events["quiet over"] += 1
            print("quiet over", flush=True)

    await until_client_leaves(receive, wait())


async def deaf_quiet(scope, receive, send):
    """The same, but it hears neither the client nor the shutdown."""
    await start(send)
    await write(send, b"begin\n")
    try:
        await asyncio.Event().wait()
    finally:
        print("deaf quiet over", flush=True)


async def broken_body(scope, receive, send):
    await start(send)
    await write(send, b"half\n")
    raise LookupError(f"the other half {scope['query_string'].decode()}")


async def broken_undelimited(scope, receive, send):
    await start(send)
    await write(send, CHUNK * 4)
    raise LookupError("the other half")


async def broken_before(scope, receive, send):
    await start(send)
    raise LookupError("no first byte")


async def unfinished(scope, receive, send):
    await start(send)
    await write(send, b"half\n")


async def unstarted(scope, receive, send):
    pass


async def socket_flood(receive, send):
    """256 MB of frames, as fast as the client takes them."""
    await receive()
    await send({"type": "websocket.accept"})

    async def pour():
        try:
            for _ in range(4096):
                await send({"type": "websocket.send", "bytes": CHUNK})
                events["sent"] += 1
        finally:
            events["socket flood over"] += 1

    async def leave():
        while (await receive())["type"] != "websocket.disconnect":
            pass

    tasks = {asyncio.ensure_future(pour()), asyncio.ensure_future(leave())}
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def socket_deaf(receive, send):
    """Accepts, then receives nothing until ``/listen`` is asked for."""
    await receive()
    await send({"type": "websocket.accept"})
    await listen_now.wait()
    while (await receive())["type"] != "websocket.disconnect":
        events["received"] += 1


listen_now = asyncio.Event()


async def listen(scope, receive, send):
    listen_now.set()
    await page(send, b"")


async def socket_quiet(receive, send):
    """Echoes until the shutdown, then closes with 1012."""
    await receive()
    await send({"type": "websocket.accept"})

    async def echo():
        while (message := await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": message["text"]})

    echoing = asyncio.ensure_future(echo())
    events["socket open"] += 1
    try:
        await asyncio.wait({echoing, asyncio.ensure_future(going_down.wait())}, return_when=asyncio.FIRST_COMPLETED)
        await send({"type": "websocket.close", "code": 1012, "reason": "going down"})
        with suppress(asyncio.CancelledError):
            await echoing
    finally:
        print("socket over", flush=True)


async def socket_stubborn(receive, send):
    """Hears nothing of a shutdown."""
    await receive()
    await send({"type": "websocket.accept"})
    try:
        await asyncio.Event().wait()
    finally:
        print("stubborn socket over", flush=True)


async def socket_broken(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    raise LookupError("no such word")


async def socket_refused(receive, send):
    await receive()
    raise LookupError("no accept")


async def socket_done(receive, send):
    """Returns without closing."""
    await receive()
    await send({"type": "websocket.accept"})


PAGES = {
    "/facts": facts,
    "/hello": hello,
    "/length": length,
    "/client": client,
    "/megabyte": megabyte,
    "/dated": dated,
    "/flood": flood,
    "/deaf-flood": deaf_flood,
    "/quiet": quiet,
    "/deaf-quiet": deaf_quiet,
    "/broken-body": broken_body,
    "/broken-undelimited": broken_undelimited,
    "/broken-before": broken_before,
    "/unfinished": unfinished,
    "/unstarted": unstarted,
    "/listen": listen,
}
SOCKETS = {
    "/flood": socket_flood,
    "/deaf": socket_deaf,
    "/quiet": socket_quiet,
    "/stubborn": socket_stubborn,
    "/broken": socket_broken,
    "/refused": socket_refused,
    "/done": socket_done,
}
