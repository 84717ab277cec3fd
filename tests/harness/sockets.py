"""Clients of our sockets: a real one, that sends and reads at its own pace, and the bytes of a raw one."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import websockets

from tests.harness.site import Site

LIMIT_S = 30.0
Frame = dict[str, Any]


class Socket:
    """An open connection. ``passed`` are the frames that came while another one was waited for."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.passed: list[Frame] = []
        self._refs = count(1)

    async def send(self, **operation: Any) -> None:
        """Send an operation, and wait for nothing."""
        await self.connection.send(json.dumps(operation))

    async def send_raw(self, frame: str | bytes) -> None:
        """Send what may be no operation at all."""
        await self.connection.send(frame)

    async def frame(self) -> Frame:
        """The next frame, whatever it is; raises ConnectionClosed."""
        async with asyncio.timeout(LIMIT_S):
            return json.loads(await self.connection.recv())

    async def get(self, wanted: Callable[[Frame], bool]) -> Frame:
        """The next frame that ``wanted`` is true of."""
        while not wanted(frame := await self.frame()):
            self.passed.append(frame)
        return frame

    async def ask(self, **operation: Any) -> Frame:
        """Send an operation under a new ref; its answer."""
        ref = f"ask-{next(self._refs)}"
        await self.send(ref=ref, **operation)
        return await self.get(answer_to(ref))

    async def opened(self) -> Frame:
        """``stream.open``, which comes before all else."""
        frame = await self.frame()
        assert frame["type"] == "stream.open", frame
        return frame

    async def events(self, number: int) -> list[Frame]:
        """The next ``number`` envelopes; nothing else may come between them."""
        frames = [await self.frame() for _ in range(number)]
        assert all("id" in frame and "topic" in frame for frame in frames), frames
        return frames

    async def end(self) -> tuple[list[Frame], int | None]:
        """All frames to the end, and the close code that the server sent (None: it sent none)."""
        frames = []
        try:
            while True:
                frames.append(await self.frame())
        except websockets.ConnectionClosed as closed:
            return frames, None if closed.rcvd is None else closed.rcvd.code


@asynccontextmanager
async def connected(
    site: Site,
    path: str,
    headers: dict[str, str] | None = None,
    *,
    receive_buffer: int = 0,
    max_queue: int = 16,
    **options: Any,
) -> AsyncIterator[Socket]:
    """A socket to ``path``; it says its Origin unless ``headers`` hold a token.

    A small receive buffer and queue make a client that stops reading felt at once. Aborted with the block, since a
    client that does not read can't say goodbye.
    """
    address = urlsplit(site.url)
    if "origin" not in options and "Authorization" not in (headers or {}):
        options["origin"] = site.url
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (address.hostname, address.port))
    connection = await websockets.connect(
        site.ws_url + path,
        sock=plain,
        additional_headers=headers,
        proxy=None,
        compression=None,
        max_size=None,
        open_timeout=LIMIT_S,
        ping_interval=None,
        max_queue=max_queue,
        **options,
    )
    try:
        yield Socket(connection)
    finally:
        connection.transport.abort()
        await connection.wait_closed()


def answer_to(ref: Any) -> Callable[[Frame], bool]:
    """Whether a frame is the ack or the error of that operation."""
    return lambda frame: frame.get("op") in ("ack", "error") and frame["ref"] == ref


def of_type(name: str) -> Callable[[Frame], bool]:
    """Whether a frame is an event of that type."""
    return lambda frame: frame.get("type") == name


def seqs(frames: list[Frame], topic: str | None = None) -> list[int]:
    """The sequence numbers of the envelopes among ``frames``, of one topic or of all."""
    ids = [frame["id"] for frame in frames if "topic" in frame and "id" in frame and topic in (None, frame["topic"])]
    return [int(one.rpartition("-")[2]) for one in ids]


def handshake(site: Site, path: str, headers: dict[str, str], *, version: int = 13) -> bytes:
    """What a client says first, as it goes on the wire."""
    lines = {
        "Host": f"127.0.0.1:{site.port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": str(version),
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    text = "".join(f"{name}: {value}\r\n" for name, value in (lines | headers).items())
    return f"GET {path} HTTP/1.1\r\n{text}\r\n".encode()


def masked_frame(payload: bytes, *, opcode: int = 1) -> bytes:
    """A whole frame of a client as it goes on the wire (1: text, 9: ping), masked with zeros; up to 65,535 bytes."""
    length = struct.pack("!B", 0x80 | len(payload)) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload))
    return bytes([0x80 | opcode]) + length + bytes(4) + payload
