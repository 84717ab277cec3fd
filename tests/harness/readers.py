"""Clients of our own: server-sent events over a raw connection, and a reader that comes back as an EventSource does."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

RETRY_S = 0.05
PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Block:
    """What one block of the stream says; ``at`` is when it came (seconds since the epoch), data is None without any."""

    id: str | None
    type: str
    data: Any
    at: float


def parse_block(text: str, at: float) -> Block:
    """One block without its blank line; our server ends its lines with LF alone."""
    fields: dict[str, list[str]] = {}
    for line in text.split("\n"):
        if not line.startswith(":"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
    raw = "\n".join(fields["data"]) if "data" in fields else None
    data = None if raw is None else json.loads(raw) if raw[:1] in '{["0123456789-tfn' else raw
    return Block(fields.get("id", [None])[-1], fields.get("event", ["message"])[-1], data, at)


class Response:
    """An HTTP response, read from its connection as it comes; ``ended``: the server has said that it is whole."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.status = 0
        self.headers: dict[str, str] = {}
        self.ended = False

    async def read_head(self) -> "Response":
        """Read the status line and the headers; raises EOFError where the server closes before."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return self

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body's bytes; raises EOFError (IncompleteReadError) or OSError where it is cut."""
        if self.headers.get("transfer-encoding") != "chunked":
            yield await self._reader.readexactly(int(self.headers.get("content-length", "0")))
            self.ended = True
            return
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readuntil(b"\r\n")
        self.ended = True

    async def body(self) -> bytes:
        """All of it."""
        return b"".join([piece async for piece in self.pieces()])

    async def blocks(self) -> AsyncIterator[Block]:
        """The blocks of ``text/event-stream`` as they come, comments left out."""
        rest = b""
        async for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n\n")
            for text in whole:
                if text and not text.startswith(b":"):
                    yield parse_block(text.decode(), time.time())


async def dial(url: str, *, receive_buffer: int = 0) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A raw connection; a small receive buffer makes a client that stops reading felt at once."""
    address = urlsplit(url)
    plain = socket.socket()
    try:
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (address.hostname, address.port))
        return await asyncio.open_connection(sock=plain, limit=PIECE)
    except BaseException:
        plain.close()
        raise


def request_bytes(method: str, url: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """A request as it goes on the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def request(
    url: str,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    receive_buffer: int = 0,
) -> AsyncIterator[Response]:
    """Send a request and read the head of its response; the connection is closed with the block."""
    reader, writer = await dial(url, receive_buffer=receive_buffer)
    try:
        writer.write(request_bytes(method, url, path, headers, body))
        yield await Response(reader, writer).read_head()
    finally:
        await hang_up(writer)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever became of it."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


class Reader:
    """Reads a topic for ever as an EventSource does: keeps the last id that it saw, and comes back with it.

    ``events`` are those with data that are the topic's own; ``controls`` the server's (``stream.gap`` and the like).
    ``may_connect`` can be cleared to keep it away.
    """

    def __init__(self, url: str, topic: str, *, last_event_id: str = "", headers: dict[str, str] | None = None) -> None:
        self.url, self.topic, self.last_event_id = url, topic, last_event_id
        self.headers = headers or {}
        self.events: list[Block] = []
        self.controls: list[Block] = []
        self.openings: list[str | None] = []
        self.statuses: list[int] = []
        self.may_connect = asyncio.Event()
        self.may_connect.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self.may_connect.wait()
            with suppress(OSError, EOFError):
                await self._read_once()
            await asyncio.sleep(RETRY_S)

    async def _read_once(self) -> None:
        headers = self.headers | ({"Last-Event-ID": self.last_event_id} if self.last_event_id else {})
        async with request(self.url, f"/events/{self.topic}", headers=headers) as response:
            self.statuses.append(response.status)
            if response.status != 200:
                return
            opened = False
            async for block in response.blocks():
                self.last_event_id = block.id or self.last_event_id
                if block.type.startswith("stream."):
                    self.controls.append(block)
                elif block.data is not None:
                    self.events.append(block)
                elif not opened:
                    self.openings.append(block.id)
                opened = True

    def seqs(self) -> list[int]:
        """The sequence numbers of the events, as they came."""
        return [int(event.id.rpartition("-")[2]) for event in self.events if event.id]


@asynccontextmanager
async def reading(reader: Reader) -> AsyncIterator[Reader]:
    """Let a reader run beside the block."""
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
