"""``/events/<topic>`` and ``/events?topic=…``: read by the technique that the request asks for, or publish to one."""

from typing import Any

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from streams.conf import StreamSettings
from streams.connections import current_peer, registry
from streams.errors import InvalidEvent, InvalidJSON, MethodNotAllowed, TooLarge, UnsupportedMediaType
from streams.http import StreamResponse, nothing
from streams.http.errors import answers_errors
from streams.http.origin import check_reading_origin
from streams.hub import Hub, Until, current_hub
from streams.publishing import (
    Identity,
    allowances,
    apublish_events,
    check_publish,
    check_topics_to_read,
    identify,
)
from streams.transports import longpoll
from streams.transports.asked import asked_for, asked_until
from streams.transports.ndjson import NdjsonFrames
from streams.transports.negotiation import Technique, negotiate
from streams.transports.posted import new_event_from
from streams.transports.sse import SseFrames, SseFramesOfMany
from streams.transports.stream import Frames, Wishes, stream_topics
from streams.wire.event import NewEvent, check_key
from streams.wire.jsontext import decode_json
from streams.wire.last_event_id import parse_last_event_id
from streams.wire.names import check_topic_name

READING = "GET, HEAD, OPTIONS"
METHODS = "GET, HEAD, POST, OPTIONS"


@answers_errors
async def events(request: HttpRequest, topic: str) -> HttpResponseBase:
    """One URL a topic: GET and HEAD read, POST publishes."""
    check_topic_name(topic)
    if request.method == "POST":
        return await _publish(request, topic)
    return await _read(request, topic, allow=METHODS)


@answers_errors
async def events_of_many(request: HttpRequest) -> HttpResponseBase:
    """Several topics over one connection: ``?topic=a&topic=b``."""
    return await _read(request, None, allow=READING)


async def _read(request: HttpRequest, name: str | None, *, allow: str) -> HttpResponseBase:
    """``name``: the topic of the path; None: those of the query."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": allow})
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=allow)
    technique = negotiate(request)
    if technique is Technique.PAGE:
        page = reverse("topics") if name is None else reverse("topic", args=[name])
        response: HttpResponseBase = HttpResponseRedirect(page, status=303)
    else:
        check_reading_origin(request)
        hub, in_band = await current_hub(), _told_in_band(request, technique)
        if not in_band:
            hub.check_open()
        wishes = asked_for(request.GET, request.headers, name, limit=hub.settings.max_topics)
        who = await hub.gateway.run(_reader, request, list(wishes))
        registry.admit(who, current_peer().address)
        if request.method == "GET" and not in_band:
            registry.check_room(who, current_peer().address)
        until = await asked_until(hub, request.GET.get("until"), wishes)
        response = await _answer(request, technique, hub, wishes, who, one=name is not None, until=until)
    patch_vary_headers(response, ["Accept"])
    return response


def _told_in_band(request: HttpRequest, technique: Technique) -> bool:
    """Whether it may be a browser's EventSource that asks: any status but 200 would make it give up for ever.

    So it is told in the stream itself when to come back.
    """
    return technique is Technique.SSE and request.method == "GET" and "Sec-Fetch-Mode" in request.headers


async def answer_with_topic(request: HttpRequest, name: str, *, since: str, until: str) -> HttpResponseBase:
    """What a feature that has begun something answers with: its topic, by the technique that the request asks for.

    It begins after the id ``since``, unless the request itself says where, and ends behind the first event of type
    ``until``. Raises as reading does.
    """
    technique = negotiate(request)
    if technique is Technique.PAGE:
        return HttpResponseRedirect(reverse("topic", args=[name]), status=303)
    hub = await current_hub()
    hub.check_open()
    asked = request.headers.get("Last-Event-ID")
    wishes = {name: parse_last_event_id(asked or since)}
    who = await hub.gateway.run(_reader, request, [name])
    end = await asked_until(hub, until, wishes) if asked else Until(until)  # an end before ``since`` is not this one
    return await _answer(request, technique, hub, wishes, who, one=True, until=end)


async def _answer(
    request: HttpRequest,
    technique: Technique,
    hub: Hub,
    wishes: Wishes,
    who: Identity,
    *,
    one: bool,
    until: Until | None,
) -> HttpResponseBase:
    """The technique's answer; to HEAD its headers, which need no reader. Nothing, if the end of all is reached."""
    if until is not None and until.reached == wishes.keys():
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})  # an EventSource then asks no more
    if technique is Technique.LONG_POLL:
        timeout_s = longpoll.parse_timeout(request.GET.get("timeout"))
        head: dict[str, Any] = {"content_type": longpoll.CONTENT_TYPE, "headers": {"Cache-Control": "no-store"}}
        if request.method == "HEAD":
            return StreamingHttpResponse(nothing(), **head)
        body = await longpoll.poll_topics(hub, wishes, who, timeout_s=timeout_s, one=one, until=until)
        return HttpResponse(body, **head)
    frames: Frames = NdjsonFrames(one=one)
    if technique is Technique.SSE:
        frames = (SseFrames if one else SseFramesOfMany)(wishes.values())
    if request.method == "HEAD":
        return StreamResponse(nothing(), content_type=frames.content_type)
    return StreamResponse(stream_topics(hub, wishes, who, frames, until), content_type=frames.content_type)


def _reader(request: HttpRequest, names: list[str]) -> Identity:
    who = identify(request.user, request.session, request.headers)
    check_topics_to_read(who, names)
    return who


async def _publish(request: HttpRequest, name: str) -> HttpResponseBase:
    hub = await current_hub()
    who = await hub.gateway.run(identify, request.user, request.session, request.headers)
    check_publish(who=who, name=name)
    address = current_peer().address
    registry.admit(who, address)
    account = who.account(address)
    hub.check_open()
    key = check_key(request.headers.get("Idempotency-Key"))
    body, limit = request.body, hub.settings.max_body_bytes
    if len(body) > limit:
        raise TooLarge(f"the body has {len(body)} bytes (limit {limit})")
    if request.content_type == "application/json":
        event = _event(body, hub.settings, key)
        allowances(hub).events.take(account)
        one = await apublish_events(name, [event])
        return JsonResponse({"id": one.ids[0]}, status=201)
    if request.content_type == "application/x-ndjson":
        events = _batch(body, hub, key)
        allowances(hub).events.take(account, len(events))
        many = await apublish_events(name, events)
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
    return new_event_from(decode_json(text, max_depth=settings.max_json_depth), key=key)
