"""Somebody in a room: history, then events over either way, folded into what is shown; cut and refreshed at will."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import websockets

from tests.harness.readers import RETRY_S, request

Envelope = dict[str, Any]


class RoomState:
    """Texts by message and by answer, and how each answer ended; ``position`` is that of the log."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.begin({"items": [], "position": ""})

    def begin(self, page: dict[str, Any]) -> None:
        """Stand where a page of history does, and forget all before."""
        self.position: str = page["position"]
        self.messages = {item["seq"]: item["text"] for item in page["items"] if item["kind"] == "message"}
        answers = [item for item in page["items"] if item["kind"] == "generation"]
        self.answers = {item["generation"]: item["text"] for item in answers}
        self.ends = {item["generation"]: item["status"] for item in answers if item["status"] not in OPEN}

    def take(self, event: Envelope) -> None:
        """One event; none may come twice, or before an older one."""
        if event["topic"] != self.topic:
            return
        assert seq(event["id"]) > seq(self.position), (event["id"], self.position)
        self.position = event["id"]
        kind, data = event["type"], event["data"]
        if kind == "message":
            self.messages[seq(event["id"])] = data["text"]
        elif kind == "generation.start":
            self.answers[data["generation"]] = ""
        elif kind == "generation.delta":
            self.answers[data["generation"]] += data["text"]
        elif kind == "generation.end":
            self._end(**data)

    def _end(self, *, generation: str, status: str, length: int, sha256: str, text: str | None, **_: Any) -> None:
        if text is not None:
            self.answers[generation] = text
        whole = self.answers[generation]
        assert (len(whole), hashlib.sha256(whole.encode()).hexdigest()) == (length, sha256), generation
        self.ends[generation] = status

    @property
    def shown(self) -> tuple[dict[int, str], dict[str, str], dict[str, str]]:
        """All that two people must see alike."""
        return self.messages, self.answers, self.ends


OPEN = ("queued", "running", "retrying")


def seq(event_id: str) -> int:
    """The place in the log."""
    return int(event_id.rpartition("-")[2] or 0)


def fold(topic: str, events: Iterable[Envelope]) -> RoomState:
    """The state that events alone lead to, from the beginning of the log."""
    state = RoomState(topic)
    for event in events:
        state.take(event)
    return state


class RoomReader:
    """``over``: ``websocket`` or ``sse``. Comes back at its position whenever it is cut, for as long as it runs."""

    def __init__(self, url: str, slug: str, headers: dict[str, str], over: str) -> None:
        self.url, self.slug, self.headers, self.over = url, slug, headers, over
        self.state = RoomState(f"room:{slug}")
        self.opened = asyncio.Event()
        self.openings = 0
        self._gone: asyncio.Event | None = None
        self._fresh = True

    def refresh(self) -> None:
        """Load the page again: the connection ends and the state is forgotten."""
        self._fresh = True
        if self._gone is not None:
            self._gone.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            self._gone = gone = asyncio.Event()
            reading, leaving = asyncio.create_task(self._read()), asyncio.create_task(gone.wait())
            try:
                await asyncio.wait([reading, leaving], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (reading, leaving):
                    task.cancel()
                await asyncio.wait([reading, leaving])
            if not reading.cancelled():
                reading.result()
            await asyncio.sleep(RETRY_S)

    async def _read(self) -> None:
        with suppress(OSError, EOFError, websockets.WebSocketException):
            if self._fresh:
                async with request(self.url, f"/rooms/{self.slug}/history", headers=self.headers) as response:
                    self.state.begin(json.loads(await response.body()))
                self._fresh = False
            frames = self._socket() if self.over == "websocket" else self._stream()
            async with aclosing(frames):
                async for frame in frames:
                    if frame["type"].startswith("stream."):
                        assert frame["type"] != "stream.gap", frame
                    else:
                        self.state.take(frame)

    def _is_open(self) -> None:
        self.openings += 1
        self.opened.set()

    async def _socket(self) -> AsyncIterator[Envelope]:
        path = f"/ws/rooms/{self.slug}?last_event_id={self.state.position}"
        address = self.url.replace("http", "ws", 1) + path
        options: dict[str, Any] = {"additional_headers": self.headers, "proxy": None, "compression": None}
        async with websockets.connect(address, open_timeout=30, ping_interval=None, **options) as socket:
            self._is_open()
            async for frame in socket:
                yield json.loads(frame)

    async def _stream(self) -> AsyncIterator[Envelope]:
        topic = self.state.topic
        path = f"/events?topic={topic}&topic={topic}:live&last_event_id={self.state.position},"
        async with request(self.url, path, headers=self.headers | {"Accept": "text/event-stream"}) as response:
            self._is_open()
            async for block in response.blocks():
                if block.data is not None:
                    yield block.data


@asynccontextmanager
async def in_rooms(readers: Iterable[RoomReader]) -> AsyncIterator[None]:
    """Let them read beside the block, which begins when each has opened; what one meets that is wrong ends it."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for reader in readers:
            tasks.append(group.create_task(reader.run()))
            await reader.opened.wait()
        yield
        for task in tasks:
            task.cancel()
