"""``/ws/rooms/<slug>``: a room over WebSocket. Down go the envelopes of its log, up come operations.

{"op": "say", "ref": n, "text": "…", "client_id": "…"}   -> {"op": "ack", "ref": n, "id": "…"}
{"op": "retry", "ref": n, "generation": "…"}             -> {"op": "ack", "ref": n}
a refused one                                            -> {"op": "error", "ref": n, "error": {…}}
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from streams.chat.generations import GenerationRunner
from streams.chat.model import current_runner
from streams.chat.rooms import room_to_read
from streams.chat.talk import retry, say
from streams.connections import Connection, registry
from streams.errors import InvalidInput, LimitReached, StreamClosed, StreamsError
from streams.flow import TokenBucket
from streams.http.origin import check_origin
from streams.hub import Batch, Hub, LiveTopic, current_hub, follow, resolve
from streams.models import Room
from streams.publishing import Identity, identify
from streams.wire.event import encode_envelope
from streams.wire.jsontext import decode_json, encode_json
from streams.wire.last_event_id import Wish, parse_last_event_id

logger = logging.getLogger(__name__)
MAX_JSON_DEPTH = 10
BURST_FACTOR = 10


class RoomSocket(AsyncWebsocketConsumer):
    """One socket. Its reader is a task of the connection; operations are answered one after the other."""

    channel_layer_alias = ""  # readers wait at the hub, not at a channel
    hub: Hub
    runner: GenerationRunner
    who: Identity
    room: Room

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the connection; the reader's task ends with it, whichever way that is."""
        self._reader: asyncio.Task[None] | None = None
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._reader is not None:
                self._reader.cancel()
                await asyncio.wait([self._reader])

    async def connect(self) -> None:
        """Accept, then either begin to read or say why not: a refused handshake could not tell the page the reason."""
        await self.accept()
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
            check_origin(self.scope, headers)
            self.hub = await current_hub()
            self.runner = await current_runner()
            self.who, self.room = await self.hub.gateway.run(self._admit, headers)
        except StreamsError as error:
            await self._refuse(error)
            return
        rate = self.hub.settings.max_socket_messages_per_s
        self._rate = TokenBucket(rate, rate * BURST_FACTOR)
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        wish = parse_last_event_id(query.get("last_event_id", [""])[0])
        self._reader = asyncio.create_task(self._read(wish), name=f"room socket {self.room.slug}")

    def _admit(self, headers: dict[str, str]) -> tuple[Identity, Room]:
        who = identify(self.scope.get("user"), self.scope.get("session"), headers)
        return who, room_to_read(who, self.scope["url_route"]["kwargs"]["slug"])

    async def _refuse(self, error: StreamsError) -> None:
        logger.info("room socket refused: %s", error)
        await self._send_control("stream.error", error.as_json())
        await self.close(error.close_code)

    # Down

    async def _read(self, wish: Wish) -> None:
        """Carry the room's log to the socket until either ends."""
        topic = self.room.topic.name
        try:
            with registry.opened(Connection("websocket", (topic,), self.who.id)):
                async with self.hub.reading(topic) as live:
                    await self._follow(live, wish)
        except StreamClosed as closed:
            await self._send_control("stream.close", {"reason": closed.reason, "reconnect": closed.retryable})
            await self.close(closed.close_code)
        except StreamsError as error:
            await self._refuse(error)
        except OSError:
            pass  # the client has left while something was sent: how uvicorn tells it
        except Exception:
            logger.exception("room socket %s", self.room.slug)
            await self.close(1011)

    async def _follow(self, live: LiveTopic, wish: Wish) -> None:
        position = await resolve(self.hub, live, wish)
        await self._send_control("stream.open", {"last_event_id": position.id, "you": self.who.as_author()})
        async with aclosing(follow(self.hub, live, position)) as batches:
            async for batch in batches:
                await self._send_batch(batch)

    async def _send_batch(self, batch: Batch) -> None:
        if batch.gap is not None:
            await self._send_control("stream.gap", asdict(batch.gap))
        for event in batch.events:
            await self.send(text_data=event.frame("envelope", encode_envelope).decode())

    async def _send_control(self, event_type: str, data: dict[str, Any]) -> None:
        await self.send(text_data=encode_json({"type": event_type, "data": data}))

    # Up

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One operation; what is wrong with it is answered, and nothing else suffers."""
        if self._reader is None:
            return  # refused: whatever was on its way is not read
        with suppress(OSError):  # the client may leave before its answer
            await self._answer(text_data)

    async def _answer(self, text_data: str | None) -> None:
        ref = None
        try:
            operation = self._decode(text_data)
            ref = operation.get("ref")
            if wait_s := self._rate.take():
                raise LimitReached(
                    f"more than {self.hub.settings.max_socket_messages_per_s:g} messages a second", retry_after_s=wait_s
                )
            name = operation.get("op")
            perform = self._operations.get(name) if isinstance(name, str) else None
            if perform is None:
                raise InvalidInput(f"no operation {name!r:.60} (there are: {', '.join(self._operations)})")
            answer = await perform(self, operation)
            await self.send(text_data=encode_json({"op": "ack", "ref": ref} | answer))
        except StreamsError as error:
            await self.send(text_data=encode_json({"op": "error", "ref": ref, "error": error.as_json()}))

    @staticmethod
    def _decode(text: str | None) -> dict[str, Any]:
        if text is None:
            raise InvalidInput("operations are text frames of JSON, not binary ones")
        operation = decode_json(text, max_depth=MAX_JSON_DEPTH)
        if not isinstance(operation, dict):
            raise InvalidInput(f"an operation is a JSON object, not {type(operation).__name__}")
        if not isinstance(operation.get("ref"), int | str | None):
            raise InvalidInput("ref must be a number or a string")
        return operation

    async def _say(self, operation: dict[str, Any]) -> dict[str, Any]:
        event_id, no_answer = await say(
            self.runner, self.room, self.who, text=operation.get("text"), client_id=operation.get("client_id")
        )
        if no_answer is not None:
            await self._send_control("stream.error", no_answer.as_json())
        return {"id": event_id}

    async def _retry(self, operation: dict[str, Any]) -> dict[str, Any]:
        await retry(self.runner, self.room, self.who, generation=operation.get("generation"))
        return {}

    _operations: dict[str, Callable[["RoomSocket", dict[str, Any]], Awaitable[dict[str, Any]]]] = {
        "say": _say,
        "retry": _retry,
    }
