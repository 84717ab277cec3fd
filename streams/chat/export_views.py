"""``GET /rooms/<slug>/export``: all that was said in a room, as a file that is written while it is read."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.http import content_disposition_header

from streams.chat.export_formats import FORMATS, Format
from streams.chat.history import everything
from streams.chat.rooms import room_to_read
from streams.connections import Connection, current_peer, registry
from streams.errors import CloseReason, InvalidInput, LimitReached, MethodNotAllowed, StreamClosed
from streams.flow import piped
from streams.http import StreamResponse, nothing
from streams.http.errors import answers_errors
from streams.http.origin import check_reading_origin
from streams.hub import Hub, current_hub
from streams.models import Room, Topic
from streams.publishing import Identity, counted, identify
from streams.wire.event import event_id

logger = logging.getLogger(__name__)
TECHNIQUE = "export"
PAGE = 200  # items of one call to the database
AHEAD = 1  # pages that are read before they are wanted
Items = list[dict[str, Any]]


@answers_errors
async def room_export(request: HttpRequest, slug: str) -> HttpResponseBase:
    """``?format=markdown`` or ``json``, by whoever may read the room; to HEAD its headers, after all checks."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow="GET, HEAD")
    check_reading_origin(request)
    name = request.GET.get("format", "markdown")
    if name not in FORMATS:
        raise InvalidInput(f"format {name!r:.60} is none ({', '.join(FORMATS)})")
    hub = await current_hub()
    hub.check_open()

    def read() -> tuple[Identity, Room]:
        who = identify(request.user, request.session, request.headers)
        return who, room_to_read(who, slug)

    who, room = await hub.gateway.run(read)
    if request.method == "HEAD":
        body = nothing()
    else:
        registry.check_room(who, current_peer().address)
        _check_room(hub)
        body = _export(hub, room, who, FORMATS[name])
    response = StreamResponse(body, content_type=FORMATS[name].content_type)
    file = f"{slug}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{FORMATS[name].suffix}"
    response.headers["Content-Disposition"] = content_disposition_header(True, file) or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"private, {response.headers['Cache-Control']}"
    return response


def _check_room(hub: Hub) -> None:
    under_way, limit = registry.by_technique().get(TECHNIQUE, 0), hub.settings.max_reports
    if under_way >= limit:
        raise counted(LimitReached(f"{under_way} exports are being written (limit {limit})", retry_after_s=5.0))


def _page(topic: Topic, after: int) -> tuple[Items, int | None]:
    """Raises StreamClosed if the log has begun anew since, or is gone."""
    page = everything(topic, after, PAGE)
    if not Topic.objects.filter(pk=topic.pk, epoch=topic.epoch).exists():
        raise StreamClosed(CloseReason.EXPIRED)
    return page


async def _pages(hub: Hub, topic: Topic) -> AsyncGenerator[Items, None]:
    after: int | None = 0
    while after is not None:
        items, after = await hub.bulk.run(_page, topic, after)
        yield items


async def _export(hub: Hub, room: Room, who: Identity, chosen: Format) -> AsyncGenerator[bytes, None]:
    """The whole file, as the room stands when it is asked for; a live connection for as long as it lasts.

    Raises what reading raises, and StreamClosed when it is told to end: half of it must not look like the whole, so
    the server has to cut the connection. Cancellation: safe at every yield; consume under ``aclosing``.
    """
    told: list[CloseReason] = []
    topic, count = room.topic, 0
    with registry.opened(Connection(TECHNIQUE, who, told.append, (topic.name,))) as connection:
        try:
            yield chosen.opening(room, event_id(topic.epoch, topic.head)).encode()
            async with aclosing(piped(_pages(hub, topic), AHEAD)) as ahead:
                async for items in ahead:
                    if told:
                        raise StreamClosed(told[0])
                    if text := chosen.items(items, first=count == 0).encode():
                        yield text
                        connection.sent(len(text))
                    count += len(items)
            yield chosen.closing(count).encode()
        except Exception as error:
            logger.warning("export of %s for %s breaks off: %s", topic.name, who.id or "nobody", error)
            raise
