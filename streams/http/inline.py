"""Django's own middleware without its threads.

``MiddlewareMixin`` sends every ``process_request`` and ``process_response`` to a thread, although none of Django's
touches anything slow there but the session when it has changed: seven middlewares, fourteen hops a request. These run
in the loop.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase, HttpResponsePermanentRedirect
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.common import CommonMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.security import SecurityMiddleware

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")  # RFC 9110 9.2.1


class Inline:
    """Mix in before a subclass of ``MiddlewareMixin`` whose two methods never wait."""

    get_response: Any

    async def __acall__(self, request: HttpRequest) -> Any:
        """What ``MiddlewareMixin.__acall__`` does, in the loop."""
        process_request = getattr(self, "process_request", None)
        response = process_request(request) if process_request is not None else None
        if response is None:
            response = await self.get_response(request)
        process_response = getattr(self, "process_response", None)
        if process_response is not None:
            response = await self.finish(process_response, request, response)
        return response

    async def finish(self, process_response: Any, request: HttpRequest, response: HttpResponseBase) -> Any:
        """Call ``process_response``; here it never waits."""
        return process_response(request, response)


class Security(Inline, SecurityMiddleware):
    """Inline."""


class Session(Inline, SessionMiddleware):
    """Inline, but for a session that must be saved."""

    async def finish(self, process_response: Any, request: HttpRequest, response: HttpResponseBase) -> Any:
        """In a thread if the database is written."""
        if request.session.modified or settings.SESSION_SAVE_EVERY_REQUEST:
            return await sync_to_async(process_response)(request, response)
        return process_response(request, response)


class Common(Inline, CommonMiddleware):
    """Inline, and without a look at the ``Host`` where any will do: probes ask by address."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Django's checks and redirects."""
        return None if request.path in settings.ANY_HOST_PATHS else super().process_request(request)


class Authentication(Inline, AuthenticationMiddleware):
    """Inline: it only prepares ``request.user``."""


class Messages(Inline, MessageMiddleware):
    """Inline: messages travel in a cookie or in the session, which is saved after this."""


class XFrameOptions(Inline, XFrameOptionsMiddleware):
    """Inline."""


class CsrfForSessions(Inline, CsrfViewMiddleware):
    """Django's check, left out for requests that carry no session or name themselves by a bearer token.

    A forged request has only the browser's cookies; a bearer token it can't have, and without a session there is
    nothing to abuse. (With a token the session is not looked at: ``publishing.identify``.) Views that create a
    session, such as the sign-in, are decorated with ``csrf_protect`` by Django itself.
    """

    async def process_view(  # type: ignore[override]
        self, request: HttpRequest, callback: Callable[..., Any], callback_args: Any, callback_kwargs: Any
    ) -> HttpResponseBase | None:
        """None where the request may go on."""
        by_token = request.headers.get("Authorization", "").lower().startswith("bearer ")  # Basic a browser adds itself
        if by_token or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        check = super().process_view
        if request.method in SAFE_METHODS:
            return check(request, callback, callback_args, callback_kwargs)
        return await sync_to_async(check)(request, callback, callback_args, callback_kwargs)  # its page asks who it is
