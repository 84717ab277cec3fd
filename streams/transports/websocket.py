"""``/events/<topic>`` and ``/events?topic=…`` over WebSocket: topics down, and operations up.

{"op": "subscribe", "ref": n, "topic": "…", "last_event_id": "…"}        -> ack with "topic" and "last_event_id"
{"op": "unsubscribe", "ref": n, "topic": "…"}                            -> ack with "topic" and "last_event_id"
{"op": "publish", "ref": n, "topic": "…", "type": "…", "data": …, "key"} -> ack with "id"
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import QueryDict

from streams.connections.socket import Operation, Socket
from streams.errors import InvalidInput, LimitReached
from streams.hub import Position
from streams.publishing import Identity, allowances, apublish_events, check_publish, check_topics_to_read
from streams.transports.asked import asked_for, asked_until
from streams.transports.posted import new_event_from
from streams.wire.control import encode_opening
from streams.wire.last_event_id import Wish, parse_last_event_id
from streams.wire.names import check_topic_name


class TopicSocket(Socket):
    """A reader of topics, and a publisher to those that it may."""

    async def admit(self, headers: Mapping[str, str]) -> Mapping[str, Wish]:
        """Whoever may read the topics that the URL names; it may name none."""
        try:
            query = QueryDict(self.scope["query_string"])
        except TooManyFieldsSent:
            raise InvalidInput(
                f"the query has too many fields (limit {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS})"
            ) from None
        self._path_topic: str | None = self.scope["url_route"]["kwargs"].get("topic")
        wishes: Mapping[str, Wish] = {}
        if self._path_topic is not None or "topic" in query:
            wishes = asked_for(query, headers, self._path_topic, limit=self.hub.settings.max_topics)
        self.who = await self.hub.gateway.run(self._admit, headers, list(wishes))
        self.until = await asked_until(self.hub, query.get("until"), wishes)
        return wishes

    def _admit(self, headers: Mapping[str, str], names: list[str]) -> Identity:
        who = self.identify(headers)
        check_topics_to_read(who, names)
        return who

    def opening(self, positions: Mapping[str, Position]) -> bytes:
        """``stream.open``, as in HTTP streaming."""
        ids = {name: position.resume_id for name, position in positions.items()}
        return encode_opening(ids, one=self._path_topic is not None, retry_ms=self.hub.settings.retry_ms)

    async def _subscribe(self, operation: dict[str, Any]) -> dict[str, Any]:
        name = _topic(operation, {"last_event_id"})
        last_event_id = operation.get("last_event_id")
        if not isinstance(last_event_id, str | None):
            raise InvalidInput(f"last_event_id must be a string, not {last_event_id!r:.60}")
        limit = self.hub.settings.max_topics
        if len(self.reader.topics) >= limit:
            raise LimitReached(f"{len(self.reader.topics)} topics are read over this connection (limit {limit})")
        await self.hub.gateway.run(check_topics_to_read, await self.current_who(), [name])
        position = await self.subscribe(name, parse_last_event_id(last_event_id))
        return {"topic": name, "last_event_id": position.resume_id}

    async def _unsubscribe(self, operation: dict[str, Any]) -> dict[str, Any]:
        name = _topic(operation, set())
        return {"topic": name, "last_event_id": await self.unsubscribe(name)}

    async def _publish(self, operation: dict[str, Any]) -> dict[str, Any]:
        name = _topic(operation, {"type", "data", "key"})
        check_publish(who=await self.current_who(), name=name)
        self.hub.check_open()
        event = {field: operation[field] for field in ("type", "data", "key") if field in operation}
        new = new_event_from(event)
        allowances(self.hub).events.take(self.account)
        appended = await apublish_events(name, [new])
        return {"id": appended.ids[0]}

    operations: ClassVar[Mapping[str, Operation]] = {
        "subscribe": _subscribe,
        "unsubscribe": _unsubscribe,
        "publish": _publish,
    }


def _topic(operation: dict[str, Any], fields: set[str]) -> str:
    """The topic of an operation that has no other fields than ``fields``; raises InvalidInput, InvalidTopicName."""
    if unknown := sorted(operation.keys() - fields - {"op", "ref", "topic"}):
        raise InvalidInput(
            f"{operation['op']} has no field {unknown[0]!r:.60} ({', '.join(['topic', *sorted(fields)])})"
        )
    name = operation.get("topic")
    if not isinstance(name, str):
        raise InvalidInput(f"{operation['op']} needs a topic")
    return check_topic_name(name)
