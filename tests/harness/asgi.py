"""HTTP against the application in the test's own loop: no socket, but every message that a server would exchange."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import httpx

from project.django_application import DjangoApplication
from tests.harness.sse import EventSourceParser, Message

LIMIT_S = 20.0
WINDOW = 16  # messages that a client which does not read lets pass


@cache
def django_application() -> DjangoApplication:
    """Django as ``project.asgi`` serves it, without the tasks of a serving process."""
    return DjangoApplication()


class Exchange:
    """One request and its answer: ``async with Exchange("GET", "/events/orders") as answer``.

    Entering waits for the status; leaving is what a client does that closes its connection. As long as nobody reads,
    the application's ``send`` waits once WINDOW messages are on their way.
    """

    def __init__(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        app: Any = None,
    ) -> None:
        self._app = app or django_application()
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": urlencode(query).encode(),
            "root_path": "",
            "headers": [
                (name.encode(), value.encode("latin-1"))
                for name, value in ({"host": "testserver"} | _lower_case(headers or {})).items()
            ],
            "client": ("127.0.0.1", 40_000),
            "server": ("testserver", 80),
        }
        if body and "content-length" not in _lower_case(headers or {}):
            self.scope["headers"].append((b"content-length", str(len(body)).encode()))
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbox.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WINDOW)
        self._whole = False
        self.status = 0
        self.headers: dict[str, str] = {}

    async def _send(self, message: dict[str, Any]) -> None:
        await self._outbox.put(message)

    async def __aenter__(self) -> "Exchange":
        self.task = asyncio.create_task(self._app(self.scope, self._inbox.get, self._send), name="exchange")
        start = await self._next()
        assert start["type"] == "http.response.start", start
        self.status = start["status"]
        for name, value in start["headers"]:
            self.headers[name.decode().lower()] = value.decode("latin-1")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Close the connection, and wait until the application is done with it."""
        self._inbox.put_nowait({"type": "http.disconnect"})
        async with asyncio.timeout(LIMIT_S):
            await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.result()

    async def _next(self) -> dict[str, Any]:
        if not self._outbox.empty():
            return self._outbox.get_nowait()
        getting = asyncio.ensure_future(self._outbox.get())
        async with asyncio.timeout(LIMIT_S):
            await asyncio.wait([getting, self.task], return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        getting.cancel()
        self.task.result()
        raise AssertionError("the application ended without an end to its answer")

    def full(self) -> bool:
        """Whether so much goes unread that the application waits."""
        return self._outbox.full()

    async def chunk(self) -> bytes | None:
        """The next bytes of the body; None at its end."""
        if self._whole:
            return None
        message = await self._next()
        self._whole = not message.get("more_body")
        return message.get("body") or (None if self._whole else b"")

    async def body(self) -> bytes:
        """All of the body, to its end."""
        chunks = []
        while (chunk := await self.chunk()) is not None:
            chunks.append(chunk)
        return b"".join(chunks)

    async def json(self) -> Any:
        """The whole body, read as JSON."""
        return json.loads(await self.body())


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class Transport(httpx.AsyncBaseTransport):
    """Lets httpx ask an application: ``httpx.AsyncClient(transport=Transport(app), base_url="http://testserver")``.

    Unlike ``httpx.ASGITransport``, which answers when the application has ended and so never answers with a stream,
    this one answers with the head, then with each chunk as it is sent. Closing the response closes the connection.
    """

    def __init__(self, app: Any = None) -> None:
        self._app = app or django_application()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; return when the head of the answer is there."""
        exchange = Exchange(
            request.method,
            request.url.path,
            query=parse_qsl(request.url.query.decode(), keep_blank_values=True),
            headers=request.headers,
            body=await request.aread(),
            app=self._app,
        )
        await exchange.__aenter__()
        return httpx.Response(exchange.status, headers=exchange.headers, stream=_Body(exchange))


class _Body(httpx.AsyncByteStream):
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._exchange.chunk()) is not None:
            yield chunk

    async def aclose(self) -> None:
        await self._exchange.leave()


class EventStream(Exchange):
    """A GET of server-sent events, read as a browser does; ``parser`` tells ids, retry times and comments."""

    def __init__(
        self, path: str, *, accept: str = "text/event-stream", headers: Mapping[str, str] | None = None, **rest: Any
    ):
        super().__init__("GET", path, headers={"Accept": accept, **(headers or {})}, **rest)
        self.parser = EventSourceParser()
        self._ready: list[Message] = []
        self.ended = False

    async def __aenter__(self) -> "EventStream":
        await super().__aenter__()
        return self

    async def read(self) -> None:
        """Take one more chunk."""
        chunk = await self.chunk()
        if chunk is None:
            self.ended = True
        else:
            self._ready += self.parser.feed(chunk)

    async def opened(self) -> "EventStream":
        """Wait for the opening block, after which nothing is missed."""
        while self.parser.retry_ms is None:
            await self.read()
        return self

    async def message(self) -> Message | None:
        """The next message; None at the end of the stream."""
        while not self._ready and not self.ended:
            await self.read()
        return self._ready.pop(0) if self._ready else None

    async def messages(self, count: int) -> list[Message]:
        """The next ``count`` messages; fewer if the stream ends before."""
        found = []
        while len(found) < count and (message := await self.message()) is not None:
            found.append(message)
        return found


async def request(method: str, path: str, **rest: Any) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and whole body of an answer that ends."""
    exchange = Exchange(method, path, **rest)
    async with exchange:
        body = await exchange.body()
    return exchange.status, exchange.headers, body


async def post_json(path: str, value: Any, **headers: str) -> tuple[int, dict[str, str], Any]:
    """POST a value as JSON; the answer's body is read as JSON."""
    headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    status, answered, body = await request("POST", path, headers=headers, body=json.dumps(value).encode())
    return status, answered, json.loads(body)
