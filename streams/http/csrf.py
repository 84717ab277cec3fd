"""Cross-site request forgery: checked wherever a browser could be made to send a session it holds."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware


class CsrfForSessions(CsrfViewMiddleware):
    """Django's check, left out for requests that carry no session or name themselves by an Authorization header.

    A forged request has only the browser's cookies; a bearer token it can't have, and without a session there is
    nothing to abuse. (With a token the session is not looked at: ``publishing.identify``.) Views that create a
    session, such as the sign-in, are decorated with ``csrf_protect`` by Django itself.
    """

    def process_view(
        self, request: HttpRequest, callback: Callable[..., Any], callback_args: Any, callback_kwargs: Any
    ) -> HttpResponseForbidden | None:
        """None where the request may go on."""
        if "Authorization" in request.headers or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)
