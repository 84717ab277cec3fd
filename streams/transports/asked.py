"""What a reader asks for: the topics, and where to begin in each; told alike over HTTP and WebSocket."""

from collections.abc import Mapping

from django.http import QueryDict

from streams.errors import InvalidInput
from streams.eventlog import read_types
from streams.hub import Hub, Until
from streams.transports.stream import Wishes
from streams.wire.event import check_type
from streams.wire.last_event_id import WishKind, parse_joint_id, parse_last_event_id
from streams.wire.names import check_topic_name

QUERY_NAMES = ("last_event_id", "lastEventID", "Last-Event-ID")


def asked_for(query: QueryDict, headers: Mapping[str, str], name: str | None, *, limit: int) -> Wishes:
    """The wishes by topic, in the order of the query; ``name``: the topic of the path, to which the query adds none.

    The header ``Last-Event-ID`` wins over the query, which is for those who can't set a header. Raises InvalidTopicName
    and InvalidInput with the limit and the value.
    """
    given = [headers.get("last-event-id"), *(query.get(word) for word in QUERY_NAMES)]
    text = next((text for text in given if text), None)
    if name is not None:
        return {check_topic_name(name): parse_last_event_id(text)}
    names = query.getlist("topic")
    if not names:
        raise InvalidInput("no topic is asked for: /events/<topic>, or /events?topic=a&topic=b for several")
    if len(names) > limit:
        raise InvalidInput(f"{len(names)} topics are asked for over one connection (limit {limit})")
    wishes = dict(zip(map(check_topic_name, names), parse_joint_id(text, len(names)), strict=True))
    if len(wishes) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(f"topic {twice} is asked for twice")
    return wishes


async def asked_until(hub: Hub, event_type: str | None, wishes: Wishes) -> Until | None:
    """Where reading is to end, if ``?until=`` says so; who comes back with the id of a topic's end has reached it.

    Raises InvalidEvent for what can be no type, Unavailable.
    """
    if not event_type:
        return None
    check_type(event_type)
    places = {name: (wish.epoch, wish.number) for name, wish in wishes.items() if wish.kind is WishKind.AFTER}
    types = await hub.gateway.run(read_types, places) if places else {}
    return Until(event_type, frozenset(name for name, found in types.items() if found == event_type))
