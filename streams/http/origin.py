"""Where a WebSocket may come from: browsers send cookies along from any page, and no preflight protects a socket."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from streams.errors import Forbidden


def check_origin(scope: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """Raise Forbidden unless the page is of this very site (scheme, host and port) or of a trusted origin.

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
    if origin != f"{_scheme(scope, headers)}://{host}" and origin not in settings.CSRF_TRUSTED_ORIGINS:
        raise Forbidden(f"sockets are not open to pages of {origin:.200}")


def _scheme(scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        return "https" if headers.get(name.removeprefix("HTTP_").replace("_", "-").lower()) == secure else "http"
    return "https" if scope.get("scheme") in ("wss", "https") else "http"
