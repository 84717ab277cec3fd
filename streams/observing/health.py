"""``/healthz``: does this process live, and ``/readyz``: may traffic come. For load balancers, systemd and people.

Neither needs a session, a thread, the right ``Host`` or HTTPS.
"""

from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from streams.connections.vitals import short_name
from streams.errors import MethodNotAllowed, Unavailable
from streams.http.errors import answers_errors
from streams.hub import current_hub
from streams.logs import process_name
from streams.observing.readiness import readiness_of, why_draining

METHODS = "GET, HEAD"


def _answer(request: HttpRequest, status: int, told: dict[str, Any]) -> HttpResponseBase:
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowed(request.method, allow=METHODS)
    told |= {"process": short_name(process_name())}
    return JsonResponse(told, status=status, headers={"Cache-Control": "no-store"}, json_dumps_params={"indent": 2})


@answers_errors
async def healthz(request: HttpRequest) -> HttpResponseBase:
    """200 as long as the loop turns; who gets no answer may kill the process."""
    return _answer(request, 200, {"status": "ok"})


@answers_errors
async def readyz(request: HttpRequest) -> HttpResponseBase:
    """200 ``ready`` or ``degraded``, 503 ``not ready`` or ``draining``, with what was found of each thing."""
    hub = await current_hub()
    if (why := why_draining(hub)) is not None:
        return _answer(request, 503, {"status": "draining", "error": why, "checks": {}})
    try:
        checks = await readiness_of(hub).checks()
    except Unavailable as error:
        return _answer(request, 503, {"status": "draining", "error": str(error), "checks": {}})
    wrong = [check for check in checks.values() if not check.ok]
    status = "not ready" if any(check.needed for check in wrong) else "degraded" if wrong else "ready"
    told = {"status": status, "checks": {name: check.as_json() for name, check in checks.items()}}
    return _answer(request, 503 if status == "not ready" else 200, told)
