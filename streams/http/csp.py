"""The content security policy of every page: our own scripts, styles and sockets, nothing inline, nothing foreign.

The admin's pages alone may a little more, since django-unfold is written in attributes: Alpine makes functions of them
(``'unsafe-eval'``), and widths and places are style attributes (``style-src-attr``). Scripts and style sheets are
files of this site there too.
"""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ADMIN_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'").replace(
    "style-src 'self'", "style-src 'self'; style-src-attr 'unsafe-inline'"
)


def _protected(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """With the header, but for Django's own pages of errors in debug: they bring their styles along."""
    if not (settings.DEBUG and response.status_code in (404, 500)):
        match = request.resolver_match
        in_admin = match is not None and match.app_names == ["admin"] and response.status_code < 400
        response.headers.setdefault("Content-Security-Policy", ADMIN_POLICY if in_admin else POLICY)
    return response


@sync_and_async_middleware
def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """Add the header where the view did not set one of its own; async-capable, so it costs no thread."""
    if iscoroutinefunction(get_response):

        async def amiddleware(request: HttpRequest) -> HttpResponseBase:
            return _protected(request, await get_response(request))

        return amiddleware

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return _protected(request, get_response(request))

    return middleware
