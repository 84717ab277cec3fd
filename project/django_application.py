"""Django as an ASGI application, with bounds."""

from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler

from streams.errors import TooLarge, UnsupportedMediaType
from streams.http.body import BODY
from streams.http.errors import error_response


class DjangoApplication(ASGIHandler):
    """Django, which reads no endless bodies, and answers a Content-Type that makes no sense."""

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; one whose body is too large as soon as that is known."""
        limit = settings.MAX_REQUEST_BYTES
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        size, taken = int(length[:20]) if length.isdigit() else 0, 0

        async def counted() -> Any:
            nonlocal size, taken
            message = await receive()
            taken += len(message.get("body", b""))
            size = max(size, taken)
            return message if size <= limit else {"type": "http.disconnect"}  # so that Django gives up what it has

        scope = {**scope, BODY: None}
        if size <= limit:
            try:
                await super().handle(scope, counted, send)
            finally:
                if scope[BODY] is not None:
                    scope[BODY].close()  # Django leaves it open when an answer fails half-way
        if size > limit:
            refusal = TooLarge(f"request body has at least {size} bytes (limit {limit})")
            await self.send_response(error_response(refusal), send)

    def create_request(self, scope: Any, body_file: Any) -> tuple[Any, Any]:
        """The request, or the answer to one that can't be read."""
        try:
            request, refusal = super().create_request(scope, body_file)
        except (ValueError, LookupError) as error:
            return None, error_response(UnsupportedMediaType(f"the Content-Type can't be read: {error!s:.100}"))
        if request is not None:
            scope[BODY] = body_file
        return request, refusal
