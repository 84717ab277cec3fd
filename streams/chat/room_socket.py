"""``/ws/rooms/<slug>``: a room over WebSocket. Down go the envelopes of its log, up come operations.

{"op": "say", "ref": n, "text": "…", "client_id": "…"}   -> {"op": "ack", "ref": n, "id": "…"}
{"op": "retry", "ref": n, "generation": "…"}             -> {"op": "ack", "ref": n}
a refused one                                            -> {"op": "error", "ref": n, "error": {…}}
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

from streams.chat.generations import GenerationRunner
from streams.chat.model import current_runner
from streams.chat.rooms import room_to_read
from streams.chat.talk import retry, say
from streams.connections.socket import Operation, Socket
from streams.hub import Position
from streams.logs import error_with_id
from streams.models import Room
from streams.publishing import Identity
from streams.wire.control import encode_control
from streams.wire.last_event_id import Wish, parse_last_event_id


class RoomSocket(Socket):
    """A person in a room."""

    runner: GenerationRunner
    room: Room

    async def admit(self, headers: Mapping[str, str]) -> Mapping[str, Wish]:
        """Whoever may read the room."""
        self.runner = await current_runner()
        self.who, self.room = await self.hub.gateway.run(self._admit, headers)
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        return {self.room.topic.name: parse_last_event_id(query.get("last_event_id", [""])[0])}

    def _admit(self, headers: Mapping[str, str]) -> tuple[Identity, Room]:
        who = self.identify(headers)
        return who, room_to_read(who, self.scope["url_route"]["kwargs"]["slug"])

    def opening(self, positions: Mapping[str, Position]) -> bytes:
        """``stream.open`` also says who one is here."""
        (position,) = positions.values()
        return encode_control("stream.open", {"last_event_id": position.resume_id, "you": self.who.as_author()})

    async def _say(self, operation: dict[str, Any]) -> dict[str, Any]:
        who = await self.current_who()
        self.hub.check_open()
        event_id, no_answer = await say(
            self.runner,
            self.room,
            who,
            text=operation.get("text"),
            client_id=operation.get("client_id"),
            account=self.account,
        )
        if no_answer is not None:
            await self.send_control("stream.error", error_with_id(no_answer))
        return {"id": event_id}

    async def _retry(self, operation: dict[str, Any]) -> dict[str, Any]:
        await retry(
            self.runner,
            self.room,
            await self.current_who(),
            generation=operation.get("generation"),
            account=self.account,
        )
        return {}

    operations: ClassVar[Mapping[str, Operation]] = {"say": _say, "retry": _retry}
