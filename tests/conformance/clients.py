"""Strict clients, one for each technique: they keep all that they are told, and come back by their technique's rules.

Written against docs/wire.md and nothing of the server's code.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.harness.sse import EventSourceParser

RETRY_S = 0.02
SILENCE_S = 0.7
POLL_S = 1  # the shortest that a poll may wait, but for not at all
LOST = (OSError, EOFError, httpx.TransportError, websockets.WebSocketException)
FOREVER_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a topic's log."""

    id: str
    topic: str
    type: str
    data: Any


@dataclass(frozen=True, slots=True)
class Gap:
    """What ``stream.gap`` says of a topic."""

    topic: str
    requested: str
    resumed_at: str
    lost: int | None
    reason: str


@dataclass(eq=False, slots=True)
class Line:
    """One connection of a reader.

    asked, told: the position that the request named, and the one that the answer began with; ``status``: of HTTP.
    given_up: it was silent for too long, and another one is open.
    """

    asked: str
    told: str | None = None
    status: int = 0
    opened_at: float = field(default_factory=monotonic)
    heard_at: float = 0.0
    given_up: bool = False

    @property
    def quiet_for_s(self) -> float:
        """How long it has said nothing."""
        return monotonic() - (self.heard_at or self.opened_at)


class Reader(ABC):
    """Reads topics for ever: ``async with reading(reader)``.

    told: events and gaps in the order in which they came; closes, errors: the data of ``stream.close`` and
    ``stream.error``; close_codes: of WebSockets; lines: its connections; position: what it would come back with.
    It comes back after ``retry_s``. A connection that says nothing for ``silence_s`` is given up. With
    ``keeps_old_lines`` it is left open then, and what it still says goes to ``late``.
    """

    technique: ClassVar[str]

    def __init__(
        self,
        url: str,
        topics: Sequence[str],
        headers: dict[str, str],
        *,
        last_event_id: str = "earliest",
        silence_s: float = SILENCE_S,
    ) -> None:
        self.url, self.topics, self.headers, self.silence_s = url, list(topics), headers, silence_s
        self.position = last_event_id
        self.told: list[Event | Gap] = []
        self.late: list[Event | Gap] = []
        self.closes: list[dict[str, Any]] = []
        self.close_codes: list[int] = []
        self.errors: list[dict[str, Any]] = []
        self.lines: list[Line] = []
        self.keeps_old_lines = False
        self.retry_s = RETRY_S
        self.may_connect = asyncio.Event()
        self.may_connect.set()

    @property
    def events(self) -> list[Event]:
        """What was told, gaps left out."""
        return [entry for entry in self.told if isinstance(entry, Event)]

    @property
    def gaps(self) -> list[Gap]:
        """What was told, events left out."""
        return [entry for entry in self.told if isinstance(entry, Gap)]

    async def run(self) -> None:
        """Read until cancelled."""
        patience_s = self.silence_s
        async with asyncio.TaskGroup() as lines:
            while True:
                await self.may_connect.wait()
                line = Line(self.position)
                self.lines.append(line)
                talk = lines.create_task(self._talk(line))
                while not talk.done() and line.quiet_for_s < patience_s:
                    await asyncio.wait([talk], timeout=patience_s - line.quiet_for_s)
                line.given_up = True
                patience_s = self.silence_s if line.heard_at else patience_s * 2  # a busy server gets a chance
                if not self.keeps_old_lines:
                    talk.cancel()
                await asyncio.sleep(self.retry_s)

    async def _talk(self, line: Line) -> None:
        with suppress(*LOST):
            await self._converse(line)

    @abstractmethod
    async def _converse(self, line: Line) -> None:
        """Open one connection, ``take`` what it says until it ends; raises one of LOST."""

    def take(self, line: Line, frame: dict[str, Any]) -> None:
        """Understand one envelope, the server's own among them."""
        kind, data = frame["type"], frame["data"]
        if kind == "stream.open":
            line.told = data["last_event_id"]
        elif kind == "stream.close":
            self.closes.append(data)
        elif kind == "stream.error":
            self.errors.append(data)
        else:
            is_gap = kind == "stream.gap"
            entry = Gap(frame["topic"], **data) if is_gap else Event(frame["id"], frame["topic"], kind, data)
            (self.late if line.given_up else self.told).append(entry)

    @property
    def path(self) -> str:
        """One topic by its path, several by the query."""
        return f"/events/{self.topics[0]}" if len(self.topics) == 1 else "/events"

    def query(self, **more: str) -> str:
        """The topics, where the path has none, and whatever else."""
        topics = [] if len(self.topics) == 1 else [("topic", topic) for topic in self.topics]
        return urlencode([*topics, *((name, text) for name, text in more.items() if text)])


class HttpReader(Reader):
    """What the techniques over HTTP share."""

    accept: ClassVar[str]

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        headers = self.headers | {"Accept": self.accept}
        async with httpx.AsyncClient(headers=headers, timeout=None, trust_env=False, verify=False) as client:
            yield client

    async def _pieces(self, line: Line) -> AsyncGenerator[bytes, None]:
        """The body's bytes as they come, from where the line is to begin."""
        headers = {"Last-Event-ID": line.asked} if line.asked else {}
        async with (
            self._client() as client,
            client.stream("GET", f"{self.url}{self.path}?{self.query()}", headers=headers) as answer,
        ):
            line.status = answer.status_code
            if line.status == 200:
                async for piece in answer.aiter_raw():
                    line.heard_at = monotonic()
                    yield piece


class SseReader(HttpReader):
    """An ``EventSource`` by the letter of the standard."""

    technique, accept = "sse", "text/event-stream"

    async def _converse(self, line: Line) -> None:
        parser = EventSourceParser()
        parser.last_event_id = line.asked  # the event source's own: it stays until a block moves it
        async with aclosing(self._pieces(line)) as pieces:
            async for piece in pieces:
                for message in parser.feed(piece):
                    self.take(line, self._frame(message.type, message.json, message.last_event_id))
                if not line.given_up:
                    self.position = parser.last_event_id

    def _frame(self, kind: str, data: Any, last_event_id: str) -> dict[str, Any]:
        """The envelope; of one topic the stream carries only its data."""
        if len(self.topics) == 1:
            return {"id": last_event_id, "topic": self.topics[0], "type": kind, "data": data}
        assert data["type"] == kind
        if "id" in data:
            joint = dict(zip(self.topics, last_event_id.split(","), strict=True))
            assert joint[data["topic"]] == data["id"]
        return data


class EnvelopeReader(Reader):
    """What NDJSON and WebSocket share: the position is the newest id of each topic."""

    def take(self, line: Line, frame: dict[str, Any]) -> None:
        """As any reader, and move."""
        super().take(line, frame)
        if line.given_up:
            return
        if frame["type"] == "stream.open":
            self._ids = dict(zip(self.topics, frame["data"]["last_event_id"].split(","), strict=True))
            assert [frame.get("topic")] == self.topics or frame["topics"] == self.topics
        elif frame["type"] == "stream.gap":
            self._ids[frame["topic"]] = frame["data"]["resumed_at"]
        elif "id" in frame:
            self._ids[frame["topic"]] = frame["id"]
        self.position = ",".join(self._ids.values())


class NdjsonReader(HttpReader, EnvelopeReader):
    """A program that reads lines."""

    technique, accept = "ndjson", "application/x-ndjson"

    async def _converse(self, line: Line) -> None:
        rest = b""
        async with aclosing(self._pieces(line)) as pieces:
            async for piece in pieces:
                *lines, rest = (rest + piece).split(b"\n")
                for text in filter(None, lines):
                    self.take(line, json.loads(text))


class PollReader(HttpReader):
    """One request after the other, each with the position that the last answer gave."""

    technique, accept = "longpoll", "application/json"

    def __init__(self, *args: Any, silence_s: float = POLL_S + SILENCE_S, **rest: Any) -> None:
        super().__init__(*args, silence_s=silence_s, **rest)
        self.poll_s = POLL_S

    async def _converse(self, line: Line) -> None:
        async with self._client() as client:
            while not line.given_up:
                query = self.query(timeout=str(self.poll_s), last_event_id=self.position)
                answer = await client.get(f"{self.url}{self.path}?{query}")
                line.heard_at, line.status = monotonic(), answer.status_code
                if line.status != 200:
                    return
                body = answer.json()
                for gap in body["gaps"] if "gaps" in body else [body["gap"]]:
                    if gap:
                        where = {"topic": self.topics[0]} | gap
                        self.take(line, {"type": "stream.gap", "topic": where.pop("topic"), "data": where})
                for envelope in body["events"]:
                    self.take(line, envelope)
                if not line.given_up:
                    self.position = body["last_event_id"]


class SocketReader(EnvelopeReader):
    """A WebSocket; silence is tested by an operation, as a page has to that can't see pings."""

    technique = "websocket"

    def _url(self, line: Line) -> str:
        query = self.query(last_event_id=line.asked)
        return f"{self.url.replace('http', 'ws', 1)}{self.path}?{query}"

    async def _converse(self, line: Line) -> None:
        options = {"ping_interval": None, "close_timeout": 0.1, "max_size": None, "proxy": None}
        async with connect(self._url(line), additional_headers=self.headers, **options) as socket:
            await self._greet(socket)
            try:
                while True:
                    await self._listen(line, socket)
            except websockets.ConnectionClosed as closed:
                if closed.rcvd is not None:
                    self.close_codes.append(closed.rcvd.code)

    async def _greet(self, socket: ClientConnection) -> None:
        """Say what the URL has not said."""

    async def _listen(self, line: Line, socket: ClientConnection) -> None:
        try:
            async with asyncio.timeout(min(self.silence_s / 3, FOREVER_S)):
                text = await socket.recv()
        except TimeoutError:
            await socket.send('{"op":"ping","ref":0}')
            return
        line.heard_at = monotonic()
        frame = json.loads(text)
        if "type" in frame:
            self.take(line, frame)
        else:
            self.answered(line, frame)

    def answered(self, line: Line, frame: dict[str, Any]) -> None:
        """An operation was answered."""
        assert frame["op"] == "ack", frame


class SubscribingReader(SocketReader):
    """A WebSocket that is opened without topics and subscribes to each of them by an operation."""

    technique = "websocket that subscribes"

    def __init__(self, *args: Any, last_event_id: str = "earliest", **rest: Any) -> None:
        super().__init__(*args, last_event_id=last_event_id, **rest)
        self._ids = dict.fromkeys(self.topics, last_event_id)

    def _url(self, line: Line) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/events"

    def take(self, line: Line, frame: dict[str, Any]) -> None:
        """The opening tells of no topics."""
        if frame["type"] != "stream.open":
            super().take(line, frame)

    async def _greet(self, socket: ClientConnection) -> None:
        for ref, topic in enumerate(self.topics, 1):
            operation = {"op": "subscribe", "ref": ref, "topic": topic, "last_event_id": self._ids[topic]}
            await socket.send(json.dumps(operation))

    def answered(self, line: Line, frame: dict[str, Any]) -> None:
        """The topic's position comes before its events."""
        super().answered(line, frame)
        if "topic" in frame and not line.given_up:
            self._ids[frame["topic"]] = frame["last_event_id"]


TECHNIQUES: dict[str, type[Reader]] = {
    one.technique: one for one in (SseReader, NdjsonReader, PollReader, SocketReader)
}


@asynccontextmanager
async def together(*tasks: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let ``tasks`` run beside the block, and no longer; the first failure of either ends both and is raised bare."""
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(task) for task in tasks]
            yield
            for task in running:
                task.cancel()
    except ExceptionGroup as failures:
        failure: Exception = failures
        while isinstance(failure, ExceptionGroup):
            failure = failure.exceptions[0]
        raise failure from None


def reading(*readers: Reader) -> AbstractAsyncContextManager[None]:
    """Let readers run beside the block; a client that meets what it can't understand ends the block."""
    return together(*(reader.run() for reader in readers))
