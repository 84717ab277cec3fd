"""``/events/<topic>``: read it by the technique that the request asks for, or publish to it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse

from streams.conf import StreamSettings
from streams.errors import InvalidEvent, InvalidJSON, MethodNotAllowed, TooLarge, UnsupportedMediaType
from streams.http import STREAM_HEADERS, StreamResponse
from streams.http.errors import answers_errors
from streams.hub import Hub, current_hub
from streams.models import Topic
from streams.publishing import (
    Identity,
    apublish_events,
    check_publish,
    identify,
    new_event,
    topic_to_read,
)
from streams.transports import longpoll
from streams.transports.ndjson import NdjsonFrames
from streams.transports.negotiation import Technique, negotiate
from streams.transports.sse import SseFrames
from streams.transports.stream import stream_topic
from streams.wire.event import NewEvent, check_key
from streams.wire.jsontext import decode_json
from streams.wire.last_event_id import parse_last_event_id
from streams.wire.names import check_topic_name

QUERY_NAMES = ("last_event_id", "lastEventID", "Last-Event-ID")
METHODS = "GET, HEAD, POST, OPTIONS"
EVENT_FIELDS = {"type", "data", "key"}


@answers_errors
async def events(request: HttpRequest, topic: str) -> HttpResponseBase:
    """One URL a topic: GET and HEAD read, POST publishes."""
    check_topic_name(topic)
    if request.method in ("GET", "HEAD"):
        return await _read(request, topic)
    if request.method == "POST":
        return await _publish(request, topic)
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": METHODS})
    raise MethodNotAllowed(request.method, allow=METHODS)


async def _read(request: HttpRequest, name: str) -> HttpResponseBase:
    technique = negotiate(request)
    if technique is Technique.PAGE:
        response: HttpResponseBase = HttpResponseRedirect(reverse("topic", args=[name]), status=303)
    else:
        hub = await current_hub()
        hub.check_open()
        who, _ = await hub.gateway.run(_reader, request, name)
        response = await _answer(request, technique, hub, name, who)
    response.headers["Vary"] = "Accept"
    return response


async def _answer(request: HttpRequest, technique: Technique, hub: Hub, name: str, who: Identity) -> HttpResponseBase:
    """The technique's answer; to HEAD its headers, which need no reader."""
    wish = parse_last_event_id(_last_event_id(request))
    if technique is Technique.LONG_POLL:
        timeout_s = longpoll.parse_timeout(request.GET.get("timeout"))
        body = b"" if request.method == "HEAD" else await longpoll.poll_topic(hub, name, wish, who, timeout_s)
        return HttpResponse(body, content_type=longpoll.CONTENT_TYPE, headers={"Cache-Control": "no-store"})
    frames = NdjsonFrames() if technique is Technique.NDJSON else SseFrames()
    if request.method == "HEAD":
        return HttpResponse(content_type=frames.content_type, headers=STREAM_HEADERS)
    return StreamResponse(stream_topic(hub, name, wish, who, frames), content_type=frames.content_type)


def _reader(request: HttpRequest, name: str) -> tuple[Identity, Topic]:
    who = identify(request.user, request.session, request.headers)
    return who, topic_to_read(who, name)


def _last_event_id(request: HttpRequest) -> str | None:
    """The header wins over the query, which is for those who can't set a header."""
    given = [request.headers.get("Last-Event-ID"), *(request.GET.get(name) for name in QUERY_NAMES)]
    return next((text for text in given if text), None)


async def _publish(request: HttpRequest, name: str) -> HttpResponseBase:
    hub = await current_hub()
    who = await hub.gateway.run(identify, request.user, request.session, request.headers)
    check_publish(who=who, name=name)
    hub.check_open()
    key = check_key(request.headers.get("Idempotency-Key"))
    body, limit = request.body, hub.settings.max_body_bytes
    if len(body) > limit:
        raise TooLarge(f"the body has {len(body)} bytes (limit {limit})")
    if request.content_type == "application/json":
        one = await apublish_events(name, [_event(body, hub.settings, key)])
        return JsonResponse({"id": one.ids[0]}, status=201)
    if request.content_type == "application/x-ndjson":
        many = await apublish_events(name, _batch(body, hub, key))
        return JsonResponse({"ids": many.ids}, status=201)
    raise UnsupportedMediaType(
        f"Content-Type {request.content_type!r:.100} is not read here (application/json or application/x-ndjson)"
    )


def _batch(body: bytes, hub: Hub, key: str | None) -> list[NewEvent]:
    """One event a line; blank lines are passed over. A key of the whole batch numbers its lines: ``<key>/<line>``."""
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    limit = hub.settings.max_batch_events
    if not lines:
        raise InvalidEvent("the batch holds no events")
    if len(lines) > limit:
        raise TooLarge(f"the batch has {len(lines)} events (limit {limit})")
    events = []
    for number, line in lines:
        try:
            events.append(_event(line, hub.settings, None if key is None else f"{key}/{number}"))
        except (InvalidEvent, InvalidJSON, TooLarge) as error:
            raise type(error)(f"line {number}: {error} (no line was published)") from None
    return events


def _event(text: bytes, settings: StreamSettings, key: str | None) -> NewEvent:
    """``{"type"?, "data", "key"?}``; a key in it wins over one given beside it."""
    value: Any = decode_json(text, max_depth=settings.max_json_depth)
    if not isinstance(value, dict):
        raise InvalidEvent(f"an event is an object with data, not {type(value).__name__}")
    if unknown := sorted(value.keys() - EVENT_FIELDS):
        raise InvalidEvent(f"an event has no field {unknown[0]!r:.60} (type, data, key)")
    if "data" not in value:
        raise InvalidEvent("an event needs data (null is a value)")
    return new_event(value["data"], type=value.get("type", "message"), key=value.get("key", key))
