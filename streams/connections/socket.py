"""A WebSocket that reads topics and takes operations: what the sockets of topics and of rooms share.

Down go the envelopes of the topics' logs, up come operations, each answered under its own ``ref``:

{"op": "…", "ref": n, …}  -> {"op": "ack", "ref": n, …}
a refused one             -> {"op": "error", "ref": n, "error": {…}}
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import asdict
from typing import Any, ClassVar

from channels.exceptions import StopConsumer

from streams.connections.connection import Connection
from streams.connections.consumer import Consumer
from streams.connections.peer import current_peer
from streams.connections.registry import ClientLeft, connected_reader
from streams.errors import FrameTooLarge, InvalidInput, LimitReached, NotSignedIn, StreamClosed, StreamsError
from streams.flow import TokenBucket
from streams.http.origin import check_origin
from streams.hub import Batch, Hub, Position, Reader, Until, current_hub, follow_until
from streams.logs import error_with_id
from streams.publishing import Identity, counted, identify, identify_again
from streams.wire.control import encode_control
from streams.wire.event import encode_envelope
from streams.wire.jsontext import decode_json, encode_json, values_in
from streams.wire.last_event_id import Wish

logger = logging.getLogger(__name__)

BURST_FACTOR = 10
MANY = 1_000  # values in a frame; one more operation for each as many, since reading them holds the loop
TURN = 64  # frames sent before others get the loop
FAILED = 1011
Operation = Callable[[Any, dict[str, Any]], Awaitable[dict[str, Any]]]
Ref = int | float | str | None


class SocketEnded(ClientLeft):
    """Nothing more can be sent: the client has left, or we have closed the socket."""


def encode_ack(ref: Ref, answer: Mapping[str, Any]) -> bytes:
    """``{"op": "ack", "ref", …}``: an operation was done."""
    return encode_json({"op": "ack", "ref": ref, **answer}).encode()


def encode_refusal(ref: Ref, error: StreamsError) -> bytes:
    """``{"op": "error", "ref", "error": {"code", "message", "retryable"}}``; no ref could be read: null."""
    return encode_json({"op": "error", "ref": ref, "error": error.as_json()}).encode()


class Socket(Consumer):
    """One socket. Its reader is a task of the connection; operations are answered one after the other.

    A subclass says who may open it (``admit``), how it greets (``opening``) and what it does (``operations``).
    """

    operations: ClassVar[Mapping[str, Operation]] = {}
    hub: Hub
    who: Identity
    reader: Reader
    until: Until | None = None  # where reading ends, and the socket with it
    _identified_at = 0.0  # loop time

    async def admit(self, headers: Mapping[str, str]) -> Mapping[str, Wish]:
        """Where to begin reading, by topic. Raises StreamsError: then the client is told why, and that is all."""
        raise NotImplementedError

    def opening(self, positions: Mapping[str, Position]) -> bytes:
        """``stream.open``."""
        raise NotImplementedError

    def identify(self, headers: Mapping[str, str]) -> Identity:
        """Who opens the socket. Touches the database; raises as ``publishing.identify``."""
        return identify(self.scope.get("user"), self.scope.get("session"), headers)

    @property
    def account(self) -> str:
        """Whose limits count."""
        return self.who.account(current_peer().address)

    async def current_who(self) -> Identity:
        """Who that is by now: a socket outlives the moment in which it was opened. Raises NotSignedIn, Unavailable."""
        now = self.hub.loop.time()
        if now - self._identified_at >= self.hub.settings.recheck_s:
            again = await self.hub.gateway.run(identify_again, self.who)
            if again is None:
                raise NotSignedIn("you are not signed in any more")
            self.who, self._identified_at = again, now
        return self.who

    # From the first frame to the last

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the connection; the reader's task ends with it, whichever way that is."""
        self._reading: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._opened = asyncio.Event()
        self._turn = asyncio.Lock()  # fair: whoever sends first is sent first, however slow the client
        self._ended = False
        self._sent: dict[str, str] = {}
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._reading is not None:
                self._reading.cancel()
                await asyncio.wait([self._reading])

    async def connect(self) -> None:
        """Accept, then either begin to read or say why not: a refused handshake could not tell a page the reason."""
        await self.accept()
        async with self._telling_the_end():
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
            check_origin(self.scope, headers)
            self.hub = await current_hub()
            self._identified_at = self.hub.loop.time()
            wishes = await self.admit(headers)
            rate = self.hub.settings.max_operations_per_s
            self._bucket, self._refused = TokenBucket(rate, rate * BURST_FACTOR), 0
            self._reading = asyncio.create_task(self._read(wishes), name=f"socket {self.scope['path']}")
            await self._opened.wait()
        self._stop_if_ended()

    @asynccontextmanager
    async def _telling_the_end(self) -> AsyncGenerator[None, None]:
        """What the block raises ends the socket: the client is told why, and by the close code."""
        try:
            yield
        except SocketEnded:
            self._ended = True
        except StreamClosed as closed:
            await self._end(closed.close_code, "stream.close", closed.told())
        except StreamsError as error:
            logger.info("socket %r ends: %s", self.scope["path"], error)
            await self._end(error.close_code, "stream.error", error_with_id(error))
        except Exception:
            logger.exception("socket %r", self.scope["path"])
            await self._end(FAILED)

    async def _end(self, code: int, event_type: str = "", data: Mapping[str, Any] | None = None) -> None:
        with suppress(SocketEnded):
            if data is not None:
                await self.send_control(event_type, data)
            await self.close(code)

    def _stop_if_ended(self) -> None:
        """Leave at once: what the client still sends, or says goodbye with, is the server's to swallow."""
        if self._ended:
            raise StopConsumer

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Close, once; nothing is sent after that. Raises SocketEnded."""
        message = {"type": "websocket.close", "code": code or 1000, "reason": reason or ""}
        await self._send(message)
        self._ended = True

    async def _send(self, message: dict[str, Any]) -> None:
        async with self._turn:
            if self._ended:
                raise SocketEnded
            try:
                await self.base_send(message)
            except OSError:  # how uvicorn tells it
                raise SocketEnded from None

    # Down

    async def _read(self, wishes: Mapping[str, Wish]) -> None:
        """Carry the topics' logs to the socket until either ends."""
        try:
            async with self._telling_the_end(), connected_reader(self.hub, "websocket", self.who) as opened:
                self.reader, self._connection = opened
                positions = {name: await self.subscribe(name, wish) for name, wish in wishes.items()}
                await self.send_text(self.opening(positions))
                self._opened.set()
                async with aclosing(follow_until(self.reader, self.until)) as batches:
                    async for batch in batches:
                        await self._send_batch(batch)
                await self.close()
        finally:
            self._opened.set()

    async def subscribe(self, name: str, wish: Wish) -> Position:
        """Read ``name`` too; raises as ``Reader.subscribe``."""
        position = await self.reader.subscribe(name, wish)
        self._sent[name] = position.resume_id
        if self._opened.is_set():
            self._note(f"subscribed to {name}")
        return position

    async def unsubscribe(self, name: str) -> str:
        """Send no more of ``name``; the id to resume after. Raises InvalidInput."""
        await self.reader.unsubscribe(name)
        self._note(f"unsubscribed from {name}")
        return self._sent.pop(name)

    def _note(self, what: str) -> None:
        if self._connection is not None:
            self._connection.note(what)

    async def _send_batch(self, batch: Batch) -> None:
        cursor = self.reader.cursor(batch.topic)
        if batch.notice is not None:
            await self.send_control("stream.notice", {"text": batch.notice})
        if batch.gap is not None:
            self._sent[batch.topic] = batch.gap.resumed_at
            await self.send_control("stream.gap", asdict(batch.gap), topic=batch.topic)
        for number, event in enumerate(batch.events, 1):
            if self.reader.cursor(batch.topic) is not cursor:
                return  # unsubscribed in the middle
            self._sent[batch.topic] = event.id
            await self.send_text(event.frame("envelope", encode_envelope))
            if number % TURN == 0:
                await asyncio.sleep(0)
        if self._connection is not None:
            self._connection.delivered(batch, 0)

    async def send_control(self, event_type: str, data: Mapping[str, Any], **where: str) -> None:
        """Send an event of the server's own; as ``send_text``."""
        await self.send_text(encode_control(event_type, data, **where))

    async def send_text(self, frame: bytes) -> None:
        """Send one text frame, in its turn; waits as long as the socket takes no bytes. Raises SocketEnded."""
        await self._send({"type": "websocket.send", "text": frame.decode()})
        if self._connection is not None:
            self._connection.sent(len(frame))

    # Up

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One operation; what is wrong with it is answered, and nothing else suffers."""
        self._stop_if_ended()
        async with self._telling_the_end():
            await self._answer(text_data if text_data is not None else bytes_data or b"")
        self._stop_if_ended()

    async def _answer(self, frame: str | bytes) -> None:
        extra = values_in(frame) // MANY if isinstance(frame, str) else 0
        ref, too_fast = None, self._check_rate(1 + extra)
        try:
            self._check_size(frame)
            if too_fast is not None and extra:
                raise too_fast  # not read for its ref: that is what it costs
            operation = self._decode(frame)
            ref = operation.get("ref")
            if too_fast is not None:
                raise too_fast
            await self.send_text(encode_ack(ref, await self._perform(operation)))
        except StreamsError as error:
            await self.send_text(encode_refusal(ref, too_fast or error))
            if isinstance(error, FrameTooLarge):
                await self.close(error.close_code)
            elif self._refused >= self.hub.settings.max_refused:
                logger.warning("socket %r closed: %s sends faster than it may", self.scope["path"], self.who.id)
                await self.close(LimitReached.close_code)

    def _check_rate(self, operations: int) -> LimitReached | None:
        """What to answer if operations come too fast; counts how much faster, so that a flood is ended."""
        wait_s = self._bucket.take(operations)
        if not wait_s:
            self._refused = max(0, self._refused - 1)
            return None
        self._refused += 1
        rate = self.hub.settings.max_operations_per_s
        text = f"more operations than one socket may have (limit {rate:g} a second)"
        return counted(LimitReached(text, retry_after_s=wait_s))

    def _check_size(self, frame: str | bytes) -> None:
        limit = self.hub.settings.max_frame_bytes
        if len(frame) * 4 > limit:  # so many bytes a character may have
            size = len(frame.encode()) if isinstance(frame, str) else len(frame)
            if size > limit:
                raise FrameTooLarge(f"the frame has {size} bytes (limit {limit})")

    async def _perform(self, operation: dict[str, Any]) -> dict[str, Any]:
        name = operation.get("op")
        if name == "ping":
            return {}
        perform = self.operations.get(name) if isinstance(name, str) else None
        if perform is None:
            raise InvalidInput(f"no operation {name!r:.60} (there are: {', '.join([*self.operations, 'ping'])})")
        return await perform(self, operation)

    def _decode(self, frame: str | bytes) -> dict[str, Any]:
        if isinstance(frame, bytes):
            raise InvalidInput("operations are text frames of JSON, not binary ones")
        operation = decode_json(frame, max_depth=self.hub.settings.max_json_depth)
        if not isinstance(operation, dict):
            raise InvalidInput(f"an operation is a JSON object, not {type(operation).__name__}")
        ref = operation.get("ref")
        if isinstance(ref, bool) or not isinstance(ref, Ref):
            raise InvalidInput("ref must be a number or a string")
        return operation
