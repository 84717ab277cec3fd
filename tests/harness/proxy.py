"""A TCP proxy in the test's loop that can be told to fail."""

import asyncio
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes bytes on to ``port`` until it is told otherwise."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.refusing = False
        self.port = 0

    @property
    def url(self) -> str:
        """Where a browser finds the site through this proxy."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, upstream}
        try:
            await asyncio.gather(self._pass(reader, upstream), self._pass(upstream_reader, writer))
        finally:
            self._writers -= {writer, upstream}

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.close()

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int):
        """A proxy in front of ``port`` for as long as the block runs."""
        proxy = cls(port)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            proxy.cut()
            await asyncio.sleep(0)
