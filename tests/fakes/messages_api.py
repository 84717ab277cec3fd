"""A scripted Messages API on a real loopback socket: what the provider meets in the wild, on demand.

    POST {url}/v1/messages                 streamed or not
    POST {url}/v1/messages/count_tokens
    GET  {url}/v1/models

The scenario is named by the path (``base_url = {url}/fake/<scenario>``) or, stronger, by ``[[scenario]]`` in the last
user turn; without either it is ``normal``. Every request is recorded, with the moment its client left.
Run by hand: ``python -m tests.fakes.messages_api --port 9090 --pace 1``.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import re
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.messages_models import models_page, problems_of_thinking

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 502: "Bad Gateway"}
_ROLES = ("user", "assistant")


@dataclass
class Recorded:
    """A request as it came, and what became of its client; times are of the event loop's clock."""

    method: str
    path: str
    headers: dict[str, str]
    json: Any
    received_at: float
    left_at: float | None = None
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client closed its connection, before or after the answer's end."""
    answered: bool = False

    @property
    def scenario(self) -> str:
        """``[[name]]`` in the last user turn, else the path's, else ``normal``."""
        in_text = re.findall(r"\[\[([\w-]+)\]\]", self.last_user_text)
        in_path = re.match(r"/fake/([\w-]+)/", self.path)
        return str(in_text[-1] if in_text else in_path[1] if in_path else "normal")

    @property
    def last_user_text(self) -> str:
        """The text of the last turn of a user."""
        turns = self.json.get("messages") if isinstance(self.json, dict) else None
        texts = [_text(turn.get("content")) for turn in turns or [] if turn.get("role") == "user"]
        return texts[-1] if texts else ""


class Reply:
    """The answer to one request, as low down as a scenario wants: whole, by events, by bytes, or broken off."""

    def __init__(self, request: Recorded, writer: asyncio.StreamWriter, api: "FakeMessagesAPI") -> None:
        self.request = request
        self.api = api
        self._writer = writer
        self.keep_alive = True

    async def whole(self, status: int, body: object, **headers: str) -> None:
        """A response with a length; ``body`` is JSON, or text that is sent as HTML."""
        text, kind = (body, "text/html") if isinstance(body, str) else (json.dumps(body), "application/json")
        raw = text.encode()
        await self.raw(_head(status, {"content-type": kind, "content-length": str(len(raw)), **headers}) + raw)

    async def error(self, status: int, kind: str, message: str, details: object = None, **headers: str) -> None:
        """An error as the vendor words it; headers are written with ``_`` for ``-``."""
        body = {"type": "error", "error": {"type": kind, "message": message, "details": details}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await self.whole(status, {**body, "request_id": self.api.request_id}, **named)

    async def open(self, *, close: bool = False, **further: str) -> None:
        """Begin a stream of events."""
        self.keep_alive = not close
        headers = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}
        named = {name.replace("_", "-"): value for name, value in further.items()}
        await self.raw(_head(200, {**headers, **named, **({"connection": "close"} if close else {})}))

    async def event(self, kind: str, **fields: object) -> None:
        """One event, in a chunk and a write of its own."""
        await self.chunk(encode_event(kind, **fields))

    async def chunk(self, data: bytes, *, by_byte: bool = False) -> None:
        """Bytes of the body, in one chunk; ``by_byte`` writes each byte of it to the socket by itself."""
        coded = b"%x\r\n%b\r\n" % (len(data), data)
        for part in [coded[i : i + 1] for i in range(len(coded))] if by_byte else [coded]:
            await self.raw(part)
            if by_byte:
                await asyncio.sleep(0)

    async def end(self) -> None:
        """End the body as HTTP wants it."""
        await self.raw(b"0\r\n\r\n")

    async def cut(self) -> None:
        """FIN in the middle of the body."""
        self.keep_alive = False
        self._writer.close()

    async def reset(self) -> None:
        """RST in the middle of the body."""
        self.keep_alive = False
        linger_0 = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_0)
        self._writer.transport.abort()

    async def raw(self, data: bytes) -> None:
        """Bytes as they are; waits while the client doesn't read."""
        self._writer.write(data)
        await self._writer.drain()


Scenario = Callable[[Reply], Awaitable[None]]


class FakeMessagesAPI:
    """``async with FakeMessagesAPI() as api: ClaudeProvider(..., base_url=api.url("slow"))``.

    pace_s: what slow scenarios wait between events. models_page: entries of one page of the list of models at most.
    tokens: what ``count_tokens`` answers; None: one for each word. ``requests`` holds all that came, oldest first.
    """

    request_id = "req_011CSHoEeqs5C35K2UUqR7Fy"

    def __init__(self, *, port: int = 0, pace_s: float = 0.02) -> None:
        self.pace_s = pace_s
        self.models_page = 1_000
        self.tokens: int | None = None
        self.requests: list[Recorded] = []
        self.seen: Counter[str] = Counter()
        self.connections = 0
        self._port = port
        self._tasks: set[asyncio.Task[Any]] = set()
        self._came = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, scenario: str | None = None) -> str:
        """A base_url: of one scenario, or of the API at large."""
        return f"http://127.0.0.1:{self._port}" + (f"/fake/{scenario}" if scenario else "")

    async def request(self, number: int = 1) -> Recorded:
        """The first, second… request, once it has come; bound the wait with a timeout."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.requests) >= number)
            return self.requests[number - 1]

    async def _record(self, request: Recorded) -> None:
        async with self._came:
            self.requests.append(request)
            self._came.notify_all()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._requests_of(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _requests_of(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other; the byte that is awaited meanwhile tells when the client leaves."""
        first = await reader.read(1)
        while first:
            request = await _read_request(first, reader)
            await self._record(request)
            reply = Reply(request, writer, self)
            ahead = asyncio.ensure_future(_read_ahead(reader))
            answer = asyncio.ensure_future(self._answer(reply))
            try:
                await asyncio.wait({ahead, answer}, return_when=asyncio.FIRST_COMPLETED)
                if ahead.done() and not ahead.result():
                    answer.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await answer
                    request.answered = True
                first = await ahead if reply.keep_alive else b""
            finally:
                answer.cancel()
                ahead.cancel()
            if not first:
                request.left_at = asyncio.get_running_loop().time()
                request.left.set()

    async def _answer(self, reply: Reply) -> None:
        from tests.fakes.messages_parts import default_message
        from tests.fakes.messages_scenarios import SCENARIOS

        request = reply.request
        url = urlsplit(request.path)
        path = url.path.removeprefix(f"/fake/{_path_scenario(request.path)}")
        if refusal := _refusal_of(request, path):
            return await reply.error(*refusal)
        scenario = SCENARIOS.get(request.scenario)
        if path == "/v1/models" and not (scenario and scenario.before_stream):
            return await reply.whole(200, models_page(dict(parse_qsl(url.query)), most=self.models_page))
        if path == "/v1/messages/count_tokens" and not (scenario and scenario.before_stream):
            counted = len(json.dumps(request.json["messages"]).split())
            return await reply.whole(200, {"input_tokens": counted if self.tokens is None else self.tokens})
        if scenario is None:
            return await reply.error(
                400, "invalid_request_error", f"no scenario {request.scenario!r} (see messages_scenarios.py)"
            )
        self.seen[request.scenario] += 1
        if scenario.before_stream or request.json.get("stream"):
            return await scenario.play(reply)
        return await reply.whole(200, default_message(request), request_id=self.request_id)


def encode_event(kind: str, **fields: object) -> bytes:
    """An event as the API writes it: the ``event`` line, one line of JSON, a blank line."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()


def _refusal_of(request: Recorded, path: str) -> tuple[int, str, str] | None:
    """What the real API refuses before any model is asked: status, type, text."""
    if not (request.headers.get("authorization", "").startswith("Bearer ") or request.headers.get("x-api-key")):
        return 401, "authentication_error", "x-api-key header is required"
    if "anthropic-version" not in request.headers:
        return 400, "invalid_request_error", "anthropic-version: header is required"
    if path == "/v1/models":
        return None
    if path not in ("/v1/messages", "/v1/messages/count_tokens"):
        return 404, "not_found_error", "Not found"
    if not isinstance(request.json, dict):
        return 400, "invalid_request_error", "The request body is not valid JSON"
    problem = next(_problems_of(request.json, needs_max_tokens=path == "/v1/messages"), None)
    return (400, "invalid_request_error", problem) if problem else None


def _problems_of(body: dict[str, Any], *, needs_max_tokens: bool) -> Iterator[str]:
    """What is wrong with a body, as the API words it."""
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            yield f"{name}: Extra inputs are not permitted"
    for name in ("model", "messages", *(["max_tokens"] if needs_max_tokens else [])):
        if name not in body:
            yield f"{name}: Field required"
    yield from _problems_of_turns(body.get("messages") or [])
    yield from problems_of_thinking(body)


def _problems_of_turns(turns: list[dict[str, Any]]) -> Iterator[str]:
    if not turns:
        yield "messages: at least one message is required"
        return
    for i, turn in enumerate(turns):
        if turn.get("role") not in _ROLES:
            yield f"messages.{i}.role: Input should be 'user' or 'assistant'"
        yield from (f"messages.{i}.content.{problem}" for problem in _problems_of_blocks(turn))
        if not _text(turn.get("content")).strip():
            yield f"messages.{i}: all messages must have non-empty content"
    if turns[0]["role"] != "user":
        yield 'messages: first message must use the "user" role'
    if turns[-1]["role"] != "user":
        yield "This model does not support assistant message prefill. The conversation must end with a user message."


def _problems_of_blocks(turn: dict[str, Any]) -> Iterator[str]:
    blocks = turn.get("content")
    for j, block in enumerate(blocks if isinstance(blocks, list) else []):
        if block.get("type") == "text":
            if not block.get("text", "").strip():
                yield f"{j}.text: text content blocks must be non-empty"
        elif block.get("type") != "image" or turn.get("role") != "user":
            yield f"{j}: Input tag {block.get('type')!r} does not match any of the expected tags"
        elif not _is_image(block.get("source", {})):
            yield f"{j}.image.source.base64.data: Could not process image"


def _is_image(source: dict[str, Any]) -> bool:
    """Whether the bytes begin as their type says."""
    begins = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8", "image/webp": b"RIFF"}
    try:
        raw = base64.b64decode(source.get("data", ""), validate=True)
    except ValueError:
        return False
    return raw.startswith(begins.get(source.get("media_type", ""), b"\0"))


def _text(content: object) -> str:
    if isinstance(content, list):
        return "".join(str(block.get("text", "")) for block in content)
    return content if isinstance(content, str) else ""


def _path_scenario(path: str) -> str:
    found = re.match(r"/fake/([\w-]+)/", path)
    return found[1] if found else ""


def _head(status: int, headers: dict[str, str]) -> bytes:
    named = {"request-id": FakeMessagesAPI.request_id, **headers}
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}", *(f"{k}: {v}" for k, v in named.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _read_request(first: bytes, reader: asyncio.StreamReader) -> Recorded:
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    try:
        value = json.loads(body) if body else None
    except ValueError:
        value = None
    return Recorded(method, path, headers, value, asyncio.get_running_loop().time())


async def _read_ahead(reader: asyncio.StreamReader) -> bytes:
    """The first byte of the next request; empty when the client has left, politely or not."""
    try:
        return await reader.read(1)
    except ConnectionError:
        return b""


async def _run(port: int, pace_s: float) -> None:
    async with FakeMessagesAPI(port=port, pace_s=pace_s) as api:
        print(api.url(), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A scripted Messages API.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.02, help="seconds between the events of slow scenarios")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(options.port, options.pace))
