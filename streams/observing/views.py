"""``/metrics``: the numbers of the site, in Prometheus' text format or as OpenMetrics.

One scrapes one address of the site: any process answers for all. ``?process=self`` has those of the process that
answers alone, and needs no database.
"""

import hmac
import weakref
from collections.abc import Sequence
from typing import Any

import psutil
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from prometheus_client import exposition

from streams.connections.signs import latest_signs
from streams.errors import Forbidden, InvalidInput, MethodNotAllowed, NotSignedIn, Unavailable
from streams.http.errors import answers_errors
from streams.hub import Hub, current_hub
from streams.logs import process_name, server_name
from streams.observing.metrics import Families, Scraped, of_processes, of_site
from streams.observing.readiness import why_draining
from streams.observing.site import living_processes, site_numbers
from streams.publishing import identify

METHODS = "GET, HEAD"
SITE_EVERY_S = 10.0  # the database is asked for what it keeps: a scrape more often than that has the last answer
_numbers: "weakref.WeakKeyDictionary[Hub, tuple[float, dict[str, Any]]]" = weakref.WeakKeyDictionary()


@answers_errors
async def metrics(request: HttpRequest) -> HttpResponseBase:
    """The numbers; for the staff, for the token of STREAMS_METRICS_TOKEN, or for all (STREAMS_METRICS_OPEN)."""
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=METHODS)
    hub = await current_hub()
    await _check_allowed(request, hub)
    of_whom = request.GET.get("process", "all")
    if of_whom not in ("all", "self"):
        raise InvalidInput(f"process is {of_whom!r:.60} (must be all or self)")
    families = Families(of_processes(_own(hub))) if of_whom == "self" else await _of_all(hub)
    encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(families), content_type=content_type, headers={"Cache-Control": "no-store"})


async def _check_allowed(request: HttpRequest, hub: Hub) -> None:
    settings = hub.settings
    given = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.metrics_token}"
    if settings.metrics_open or (settings.metrics_token and hmac.compare_digest(given.encode(), expected.encode())):
        return
    who = await hub.gateway.run(identify, request.user, request.session, request.headers)
    if who.staff:
        return
    if who.kind in ("user", "token"):
        raise Forbidden("metrics are for the staff, and for the token of STREAMS_METRICS_TOKEN")
    raise NotSignedIn("metrics are for the staff, and for the token of STREAMS_METRICS_TOKEN")


def _own(hub: Hub) -> Sequence[Scraped]:
    """This process, as it saw itself at its last beat."""
    latest = latest_signs(hub)
    if latest is None:
        return []
    read_at, signs = latest
    return [
        Scraped(
            name=process_name(),
            server=server_name(),
            draining=why_draining(hub) is not None,
            started_at=psutil.Process().create_time(),
            silence_s=hub.loop.time() - read_at,
            signs=signs,
        )
    ]


async def _of_all(hub: Hub) -> Families:
    """All processes, and what the database keeps; this one alone while the database does not answer."""
    try:
        processes = await hub.bulk.run(living_processes)
        return Families([*of_processes(processes), *of_site(await _site(hub))])
    except Unavailable:
        return Families([*of_processes(_own(hub)), *of_site(None)])


async def _site(hub: Hub) -> dict[str, Any]:
    known, now = _numbers.get(hub), hub.loop.time()
    if known is None or now - known[0] >= SITE_EVERY_S:
        known = _numbers[hub] = now, await hub.bulk.run(site_numbers)
    return known[1]
