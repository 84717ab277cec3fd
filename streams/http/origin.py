"""Which pages may open streams here: browsers send cookies along from any page, and no preflight protects a stream.

The site's own pages (scheme, host and port), trusted origins, and those that ``STREAMS_CORS_ORIGINS`` lists. A ``*``
there opens what needs no cookie, and no socket: a socket is sent the cookies whatever it is told.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from streams.errors import Forbidden


def _may_open(origin: str, site: str) -> bool:
    return origin == site or origin in settings.CSRF_TRUSTED_ORIGINS or origin in settings.CORS_ALLOWED_ORIGINS


def check_reading_origin(request: HttpRequest) -> None:
    """Raise Forbidden for a foreign page's request to read: it could not see the answer, but would hold a stream.

    What a page embeds (an image, a script) says no Origin, and sees no answer wherever the page comes from.
    """
    if request.headers.get("Sec-Fetch-Mode") == "no-cors":
        raise Forbidden("streams are not for embedding: read them by EventSource or fetch")
    origin = request.headers.get("Origin")
    if origin is None or settings.CORS_ALLOW_ALL_ORIGINS:
        return
    if not _may_open(origin, f"{request.scheme}://{request.get_host()}"):
        raise Forbidden(f"streams are not open to pages of {origin:.200}")


def check_origin(scope: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Raise Forbidden unless a socket is opened by a page that may.

    No Origin at all is a program's: it needs a bearer token, which no page can be made to send.
    """
    origin = headers.get("origin")
    if origin is None:
        if headers.get("authorization"):
            return
        raise Forbidden("a socket without an Origin needs a bearer token")
    host = headers.get("host", "")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        raise Forbidden(f"host {host:.200} is not served here")
    if not _may_open(origin, f"{_scheme(scope, headers)}://{host}"):
        raise Forbidden(f"sockets are not open to pages of {origin:.200}")


def _scheme(scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        return "https" if headers.get(name.removeprefix("HTTP_").replace("_", "-").lower()) == secure else "http"
    return "https" if scope.get("scheme") in ("wss", "https") else "http"
