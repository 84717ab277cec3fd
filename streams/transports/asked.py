"""What a reader asks for: the topics, and where to begin in each; told alike over HTTP and WebSocket."""

from collections.abc import Mapping

from django.http import QueryDict

from streams.errors import InvalidInput
from streams.transports.stream import Wishes
from streams.wire.last_event_id import parse_joint_id, parse_last_event_id
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
