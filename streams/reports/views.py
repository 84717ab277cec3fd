"""``/report``: a table, as it is read from the database."""

import re
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header

from streams.connections import current_peer, registry
from streams.errors import MethodNotAllowed
from streams.http import StreamResponse, nothing
from streams.http.errors import answers_errors
from streams.http.origin import check_reading_origin
from streams.hub import current_hub
from streams.publishing import Identity, identify
from streams.reports.asked import asked_for
from streams.reports.body import check_room, packed, report
from streams.reports.compression import accepts_gzip
from streams.reports.formats import Format
from streams.reports.report import Kind, Source, Wanted

METHODS = "GET, HEAD"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")  # in the name of a file, on any system


@answers_errors
async def download(request: HttpRequest) -> HttpResponseBase:
    """A report; to HEAD its headers, after all checks and without the work."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=METHODS)
    check_reading_origin(request)
    kind, wanted, chosen = asked_for(request)
    hub = await current_hub()
    hub.check_open()
    who, source = await hub.gateway.run(_open, request, kind, wanted, chosen)
    gzip = accepts_gzip(request.headers.get("Accept-Encoding", ""))
    if request.method == "HEAD":
        body = nothing()
    else:
        registry.check_room(who, current_peer().address)
        check_room(hub)
        body = report(hub, source, who, wanted.columns, chosen)
        body = packed(body) if gzip else body
    response = StreamResponse(body, content_type=chosen.content_type)
    response.headers["Content-Disposition"] = content_disposition_header(True, _file_name(source, chosen)) or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"private, {response.headers['Cache-Control']}"
    if gzip:
        response.headers["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _open(request: HttpRequest, kind: Kind, wanted: Wanted, chosen: Format) -> tuple[Identity, Source]:
    who = identify(request.user, request.session, request.headers)
    return who, kind.opened(who, wanted, chosen)


def _file_name(source: Source, chosen: Format) -> str:
    """``events-room-lobby-20261125T214617Z.csv``"""
    return f"{_UNSAFE.sub('-', source.name)}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{chosen.suffix}"
