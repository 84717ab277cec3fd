"""Errors as HTTP answers: ``{"error": {"code", "message", …}}`` with the right status and headers."""

import functools
import logging
from collections.abc import Callable, Coroutine
from math import ceil
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from streams.errors import Forbidden, LimitReached, MethodNotAllowed, NotFound, NotSignedIn, StreamsError, TooLarge
from streams.logs import current_request_id, error_with_id

logger = logging.getLogger(__name__)
P = ParamSpec("P")
AsyncView = Callable[Concatenate[HttpRequest, P], Coroutine[Any, Any, HttpResponseBase]]


def error_response(error: StreamsError) -> JsonResponse:
    """The JSON answer of an error; tells how to sign in (401) and when to come again (429, 503)."""
    response = JsonResponse({"error": error_with_id(error)}, status=error.status)
    response.headers["Cache-Control"] = "no-store"
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="streams"'
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = error.allow
    if isinstance(error, LimitReached):
        response.headers["Retry-After"] = str(max(1, ceil(error.retry_after_s)))
    elif error.status == 503:
        response.headers["Retry-After"] = "1"
    return response


def answers_errors(view: AsyncView[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let an async view raise StreamsError: it becomes the JSON answer; refusals of who asks are logged."""

    @functools.wraps(view)
    async def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return await view(request, *args, **kwargs)
        except RequestDataTooBig:  # Django would answer 400, with a page
            size, limit = request.headers.get("Content-Length", "more"), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            return error_response(TooLarge(f"the body has {size} bytes (limit {limit})"))
        except StreamsError as error:
            if isinstance(error, NotSignedIn | Forbidden):
                logger.info("refused: %s %r: %s", request.method, request.path, error)
            return error_response(error)

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], wrapped)  # what ``path`` is typed for


def wants_page(request: HttpRequest) -> bool:
    """Whether a person's browser asks, to whom a page says more than JSON."""
    return "text/html" in request.headers.get("Accept", "")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """The site's 404: a page for people, JSON for programs."""
    if wants_page(request):
        return render(request, "404.html", status=404)
    return error_response(NotFound(f"nothing is at {request.path:.200}"))


def server_error(request: HttpRequest) -> HttpResponseBase:
    """The site's 500. Its page needs nothing but itself: what failed may be what every other page is made with."""
    if wants_page(request):
        return HttpResponse(render_to_string("500.html", {"request_id": current_request_id()}), status=500)
    return error_response(StreamsError("the server failed; its log tells why"))


def request_id(request: HttpRequest) -> dict[str, str]:
    """A context processor: pages that tell of an error tell the id under which the log has it."""
    return {"request_id": current_request_id()}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """The site's answer to a forged or stale form."""
    if wants_page(request):
        return render(request, "403_csrf.html", {"reason": reason}, status=403)
    return error_response(Forbidden(f"{reason} Send a bearer token, or the CSRF token of your session."))
