"""``/ws/rooms/<slug>``: a room over WebSocket. Down go the envelopes of its topics, up come ``operations``."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

from streams.chat.generations import GenerationRunner
from streams.chat.here import Here
from streams.chat.model import current_runner
from streams.chat.operations import OPERATIONS
from streams.chat.presence import present_in
from streams.chat.rooms import room_to_read
from streams.connections.socket import Operation, Socket
from streams.hub import Position
from streams.models import Room, Topic
from streams.publishing import Identity
from streams.publishing.permissions import readable
from streams.wire.control import encode_control
from streams.wire.last_event_id import Wish, parse_last_event_id
from streams.wire.names import room_topics


def _doing(name: str) -> Operation:
    async def perform(socket: "RoomSocket", operation: dict[str, Any]) -> dict[str, Any]:
        who = await socket.current_who()
        socket.hub.check_open()
        return await OPERATIONS[name](Here(socket.runner, socket.room, who, socket.account), operation)

    return perform


class RoomSocket(Socket):
    """A person in a room."""

    runner: GenerationRunner
    room: Room
    present: dict[str, Any]

    async def admit(self, headers: Mapping[str, str]) -> Mapping[str, Wish]:
        """Whoever may read the room: its log from where they ask for, and what passes there from now on.

        Now is the position at which it was asked who is here, which the opening tells: who comes after that is heard.
        """
        self.runner = await current_runner()
        self.who, self.room, passing, self.present = await self.hub.gateway.run(self._admit, headers)
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        wish = parse_last_event_id(query.get("last_event_id", [""])[0])
        return {self.room.topic.name: wish} | dict.fromkeys(passing, parse_last_event_id(self.present["position"]))

    def _admit(self, headers: Mapping[str, str]) -> tuple[Identity, Room, list[str], dict[str, Any]]:
        who = self.identify(headers)
        room = room_to_read(who, self.scope["url_route"]["kwargs"]["slug"])
        live = Topic.objects.filter(name=room_topics(room.slug)[1])
        passing = [topic.name for topic in readable(who=who, topics=live)]
        return who, room, passing, present_in(room.slug)

    def opening(self, positions: Mapping[str, Position]) -> bytes:
        """``stream.open`` says the position in the log, who one is, and who is here."""
        name = self.room.topic.name
        data = {"last_event_id": positions[name].resume_id, "you": self.who.as_author(), "present": self.present}
        return encode_control("stream.open", data, topic=name)

    operations: ClassVar[Mapping[str, Operation]] = {name: _doing(name) for name in OPERATIONS}
