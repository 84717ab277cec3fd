"""Thousands of connections of mixed techniques, each as small as it can be, and what they were told."""

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.harness.readers import request_bytes

AT_ONCE = 100
TECHNIQUES = ("sse", "sse", "ndjson", "ndjson", "websocket", "longpoll")  # in this proportion
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "longpoll": "application/json"}


class Member(asyncio.Protocol):
    """One connection: all that it was sent as bytes, and when the server ended it (monotonic), else None."""

    def __init__(self, url: str, topic: str, technique: str, user_agent: str) -> None:
        self.technique, self.user_agent = technique, user_agent
        headers = {"User-Agent": user_agent}
        path = f"/events/{topic}"
        if technique == "websocket":
            headers |= UPGRADE | {"Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Origin": url}
        else:
            headers["Accept"] = ACCEPT[technique]
        if technique == "longpoll":
            path += "?timeout=60"
        self._request = request_bytes("GET", url, path, headers)
        self.received = bytearray()
        self.opened = asyncio.get_running_loop().create_future()
        self.ended_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._request)
        if self.technique == "longpoll":
            self.opened.set_result(True)  # nothing comes until there is something

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self.received += data
        if not self.opened.done() and (b"retry" in self.received or b"stream.open" in self.received):
            self.opened.set_result(True)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server has ended it, or the network."""
        self.ended_at = time.monotonic()
        if not self.opened.done():
            self.opened.set_exception(AssertionError(f"{self.technique} not opened: {bytes(self.received)!r:.300}"))


@asynccontextmanager
async def crowd(urls: Sequence[str], topic: str, count: int, *, name: str = "member") -> AsyncIterator[list[Member]]:
    """``count`` open connections, spread over ``urls``; the user agent of each is ``<name>-<number>/1``."""
    loop, gate = asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)
    members: list[Member] = []

    async def join(number: int) -> None:
        url = urls[number % len(urls)]
        technique = TECHNIQUES[number // len(urls) % len(TECHNIQUES)]
        member = Member(url, topic, technique, f"{name}-{number}/1")
        members.append(member)
        host, _, port = url.removeprefix("http://").partition(":")
        async with gate:
            await loop.create_connection(lambda: member, host, int(port))
            await asyncio.wait_for(member.opened, 30)

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(join(number))
        yield members
    finally:
        for member in members:
            if hasattr(member, "transport"):
                member.transport.abort()
