"""A TCP proxy in the test's loop that fails when it is told to, at any byte."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.harness.readers import dial

PIECE = 65_536
POLL_S = 0.02
RESET = struct.pack("ii", 1, 0)  # SO_LINGER for no time: closing drops what is unsent and says RST instead of FIN
Split = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> Iterable[bytes]:
    """As it came."""
    return [data]


def byte_by_byte(data: bytes) -> Iterable[bytes]:
    """A packet for each byte."""
    return (data[start : start + 1] for start in range(len(data)))


def arbitrarily(chance: random.Random, longest: int = 40) -> Split:
    """Packets of any length up to ``longest``."""

    def split(data: bytes) -> Iterable[bytes]:
        while data:
            size = chance.randint(1, longest)
            yield data[:size]
            data = data[size:]

    return split


class Link:
    """One connection through the proxy, and the ways in which it can fail."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client, self._server = client, server
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.severed = False  # one side is gone and the other does not know: what it says goes nowhere

    def cut(self) -> None:
        """Reset both sides (RST)."""
        _reset(self._client)
        _reset(self._server)
        self.release()

    def close(self) -> None:
        """Close both sides (FIN), as a proxy does that restarts; what it had passed on still arrives."""
        self._client.close()
        self._server.close()

    def stall(self) -> None:
        """Hold every byte, both ways, the last one (FIN) too."""
        self.flowing.clear()

    def release(self) -> None:
        """Let go of what is held."""
        self.flowing.set()

    def lose_server(self) -> None:
        """Reset the server's side; the client's stays open, and nobody tells it."""
        self.severed = True
        _reset(self._server)

    def lose_client(self) -> None:
        """Reset the client's side; the server's stays open, and nobody tells it."""
        self.severed = True
        _reset(self._client)


def _reset(side: asyncio.StreamWriter) -> None:
    if not side.is_closing():
        side.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    side.transport.abort()


@dataclass
class _Fuse:
    """What to do to the link that would carry the byte after the next ``left`` ones."""

    left: int
    action: Callable[[Link], None]
    burnt: asyncio.Future[Link]


class Proxy:
    """Passes bytes on to ``port`` until it is told otherwise; ``async with Proxy.to(site.port) as network``.

    links: the connections that are open; split: how bytes are cut into packets, both ways; refusing: whether
    connections are reset as they come, and how many were (``refused``).
    """

    def __init__(self, port: int, receive_buffer: int) -> None:
        self._target, self._receive_buffer = f"http://127.0.0.1:{port}", receive_buffer
        self._serving: set[asyncio.Task[None]] = set()
        self._fuses: dict[bool, _Fuse | None] = {True: None, False: None}
        self.links: list[Link] = []
        self.split: Split = whole
        self.refusing, self.refused = False, 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where a client finds the site through this proxy."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset every connection."""
        for link in list(self.links):
            link.cut()

    async def strike(self, action: Callable[[Link], None], *, after: int = 0, up: bool = False) -> Link:
        """Do ``action`` (``Link.cut``) when ``after`` more bytes have passed and the next one comes; to whose link.

        Counted are the bytes to clients, whichever connection carries them; with ``up``, those to the server.
        """
        burnt = asyncio.get_running_loop().create_future()
        self._fuses[up] = _Fuse(after, action, burnt)
        try:
            return await burnt
        finally:
            self._fuses[up] = None

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        if self.refusing:
            self.refused += 1
            _reset(client)
            return
        try:
            server_reader, server = await dial(self._target, receive_buffer=self._receive_buffer)
        except OSError:
            _reset(client)
            return
        link = Link(client, server)
        self.links.append(link)
        try:
            await asyncio.gather(
                self._pass(link, reader, server, up=True), self._pass(link, server_reader, client, up=False)
            )
        finally:
            self.links.remove(link)
            client.close()
            server.close()

    async def _pass(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(PIECE):
                for piece in self.split(data):
                    await self._carry(link, writer, piece, up=up)
        await link.flowing.wait()
        if not link.severed:
            writer.close()

    async def _carry(self, link: Link, writer: asyncio.StreamWriter, data: bytes, *, up: bool) -> None:
        while data:
            await link.flowing.wait()
            fuse = self._fuses[up]
            if fuse is not None and fuse.left == 0:
                self._fuses[up] = None
                fuse.action(link)
                if not fuse.burnt.done():
                    fuse.burnt.set_result(link)
                continue
            size = len(data) if fuse is None else min(fuse.left, len(data))
            if fuse is not None:
                fuse.left -= size
            if not link.severed:
                writer.write(data[:size])
                await writer.drain()
            data = data[size:]

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, *, receive_buffer: int = 0) -> AsyncIterator["Proxy"]:
        """A proxy in front of ``port`` for as long as the block runs; a small buffer lets a stall be felt at once."""
        proxy = cls(port, receive_buffer)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            while proxy._serving:
                proxy.cut()
                await asyncio.wait(proxy._serving, timeout=POLL_S)
