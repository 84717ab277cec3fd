"""Every request and socket has an id, which its answer tells, and a line in the log at its end.

What lasts (a stream, a socket) has one when it opens too. No line has a body, or a secret of the query.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import quote

from django.conf import settings

from streams.conf import get_settings
from streams.errors import StreamsError
from streams.logs.context import error_with_id, identified
from streams.logs.redaction import redact

logger = logging.getLogger("streams.access")
failures = logging.getLogger(__name__)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

HEADER = b"x-request-id"
LASTING = (b"text/event-stream", b"application/x-ndjson")


@dataclass(slots=True)
class Line:
    """What the log tells of one request or socket. end: ``complete``, ``left`` (the client has) or ``failed``."""

    method: str
    path: str
    query: str
    client: str
    started: float = field(default_factory=perf_counter)
    status: int = 0
    close_code: int | None = None
    bytes_out: int = 0
    end: str = "left"

    def write(self, *, opening: bool = False) -> None:
        """Write it. A stream or socket that opens has neither duration nor end yet."""
        quiet = self.path in settings.ANY_HOST_PATHS or self.path.startswith(settings.STATIC_URL)
        level = logging.DEBUG if quiet else logging.INFO  # what is asked all the time tells nothing
        if not logger.isEnabledFor(level) or not get_settings().access_log:
            return
        told: dict[str, Any] = {"method": self.method, "path": self.path, "status": self.status, "client": self.client}
        if self.query:
            told["query"] = redact(f"?{self.query}")[1:]
        if opening:
            logger.log(level, "%s %s %s opened", self.method, self.path, self.status, extra=told | {"end": None})
            return
        duration_ms = round((perf_counter() - self.started) * 1000, 1)
        told |= {"duration_ms": duration_ms, "bytes_out": self.bytes_out, "end": self.end}
        if self.close_code is not None:
            told["close_code"] = self.close_code
        text = "%s %s %s %s after %s ms"
        logger.log(level, text, self.method, self.path, self.status, self.end, duration_ms, extra=told)


def _header(scope: Mapping[str, Any], name: bytes) -> str:
    found: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return found.decode("latin-1")


class Recorded:
    """An ASGI application whose requests and sockets have ids, and lines in the log.

    A client's own ``X-Request-ID`` counts only behind a proxy (DJANGO_BEHIND_PROXY), which has made or checked it.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        websocket = scope["type"] == "websocket"
        line = Line(
            method="WEBSOCKET" if websocket else scope["method"],
            path=quote(scope["path"], safe="/:@!$&'()*+,;=~"),
            query=scope.get("query_string", b"").decode("latin-1"),
            client=(scope.get("client") or ("",))[0] or "",
        )
        given = _header(scope, HEADER) if settings.BEHIND_PROXY else ""
        with identified(given) as request_id:
            header = (HEADER, request_id.encode())
            try:
                if websocket:
                    await self._application(scope, _noting_the_end(receive, line), _noting_frames(send, line, header))
                else:
                    await self._application(scope, receive, _noting_answer(send, line, header))
            except Exception:
                line.end = "failed"
                if websocket or line.status:
                    raise  # the server ends the connection, so that nobody takes the half for the whole
                await _answer_failure(send, line, header)
            finally:
                line.write()


def _noting_answer(send: Send, line: Line, header: tuple[bytes, bytes]) -> Send:
    def noting(message: Message) -> Awaitable[None]:  # not a coroutine of its own: this is called for every chunk
        if message["type"] == "http.response.body":
            line.bytes_out += len(message.get("body", b""))
            if not message.get("more_body"):
                line.end = "complete"
        elif message["type"] == "http.response.start":
            line.status = message["status"]
            headers = list(message.get("headers", ()))
            if any(name.lower() == b"content-type" and value.startswith(LASTING) for name, value in headers):
                line.write(opening=True)
            message = message | {"headers": [*headers, header]}
        return send(message)

    return noting


def _noting_frames(send: Send, line: Line, header: tuple[bytes, bytes]) -> Send:
    def noting(message: Message) -> Awaitable[None]:
        if message["type"] == "websocket.send":
            line.bytes_out += len(message.get("text") or message.get("bytes") or "")
        elif message["type"] == "websocket.accept":
            line.status = 101
            line.write(opening=True)
            message = message | {"headers": [*message.get("headers", ()), header]}
        elif message["type"] == "websocket.close":
            line.end, line.close_code = "complete", message.get("code", 1000)
        return send(message)

    return noting


def _noting_the_end(receive: Receive, line: Line) -> Receive:
    async def noting() -> Message:
        message = await receive()
        if message["type"] == "websocket.disconnect" and line.close_code is None:
            line.close_code = message.get("code")
        return message

    return noting


async def _answer_failure(send: Send, line: Line, header: tuple[bytes, bytes]) -> None:
    """What fails outside of Django is logged here, and answered as Django's failures are."""
    failures.exception("%s %s failed", line.method, line.path)
    error = StreamsError("the server failed; its log tells why")
    body = json.dumps({"error": error_with_id(error)}).encode()
    line.status, line.bytes_out = error.status, len(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), header]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
