"""Daphne's protocols under flow control: how one connection is paced, refused, cut and closed.

Twisted tells an ``IPushProducer`` when a socket's buffer is full and when it is empty again. A ``Gate`` is such a
producer; the server waits for it before it writes anything for an application. The rest of this module decides how a
connection ends when its application did not end it: so that no client takes half an answer for the whole.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from time import time
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from twisted.web import http
from twisted.web.http_headers import Headers
from zope.interface import implementer

logger = logging.getLogger(__name__)

Message = dict[str, Any]

INBOX_HIGH = 16  # WebSocket messages waiting for their application: the socket is no longer read
INBOX_LOW = 4  # and is read again
RESTART = "the server restarts"
LINGER_S = 5.0  # what a refused client still sends is swallowed: closing on unread bytes would destroy the answer


@implementer(IPushProducer)
class Gate:
    """Open while a connection takes bytes, and for good once it is gone; ``on_open`` is called when it opens."""

    def __init__(self, on_open: Callable[[], None] = lambda: None) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._on_open = on_open

    @property
    def is_open(self) -> bool:
        """Whether the connection takes bytes now."""
        return self._open.is_set()

    async def wait(self) -> None:
        """Return as soon as the gate is open. Cancellation: safe."""
        await self._open.wait()

    def pauseProducing(self) -> None:
        """Close: the socket's buffer is full."""
        self._open.clear()

    def resumeProducing(self) -> None:
        """Open: the buffer is empty, or the connection gone."""
        self._open.set()
        self._on_open()

    stopProducing = resumeProducing


class Inbox(asyncio.Queue[Message]):
    """An application's input queue that calls ``on_low`` when taking brings it down to ``INBOX_LOW``."""

    def __init__(self, on_low: Callable[[], None]) -> None:
        super().__init__()
        self._on_low = on_low

    def _get(self) -> Message:
        message = super()._get()
        if self.qsize() == INBOX_LOW:
            self._on_low()
        return message


class StreamingChannel(http.HTTPChannel):
    """An HTTP connection; its requests, pipelined ones too, share one gate."""

    def connectionMade(self) -> None:
        """Let the gate follow the transport."""
        super().connectionMade()
        self.gate = Gate()
        self.registerProducer(self.gate, True)

    def connectionLost(self, reason: Any) -> None:
        """Free whoever waits for the gate."""
        self.gate.stopProducing()
        super().connectionLost(reason)

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Whether another request may follow: never once the server drains."""
        if self.factory.server.draining:
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
            return False
        return bool(super().checkPersistence(request, version))

    def lineLengthExceeded(self, line: bytes) -> None:
        """Say so, where Twisted would only close."""
        text = f"a line of the request's head has more than {self.MAX_LENGTH} bytes"
        self.refuse(_refusal("431 Request Header Fields Too Large", "header_too_large", text))

    def refuse(self, response: bytes) -> None:
        """Write ``response`` although the request is not read to its end, and swallow the rest of it."""
        self.transport.write(response)
        self.transport.loseWriteConnection()
        self.dataReceived = lambda data: None
        self.setTimeout(LINGER_S)


class StreamingRequest(WebRequest):
    """One HTTP request: with a ``Date``, a bounded body, and an end that can't be misread."""

    refused = False

    def __init__(self, channel: StreamingChannel, *args: Any) -> None:
        # Twisted would parse forms for its own use, in memory and in the loop.
        super().__init__(channel, *args, parsePOSTFormSubmission=False)
        self.gate = channel.gate

    def gotLength(self, length: int | None) -> None:
        """Refuse by the header what would be refused by the bytes."""
        super().gotLength(length)
        self._check_size(length or 0)

    def handleContentChunk(self, data: bytes) -> None:
        """Keep a piece of the body unless it makes the body too large."""
        self._check_size(self.content.tell() + len(data))
        if not self.refused:
            super().handleContentChunk(data)

    def _check_size(self, size: int) -> None:
        limit = self.server.max_request_bytes
        if size <= limit or self.refused:
            return
        self.refused = True
        self.requestHeaders.removeHeader(b"Expect")
        text = f"request body has at least {size} bytes (limit {limit})"
        self.channel.refuse(_refusal("413 Content Too Large", "body_too_large", text))

    def process(self) -> Any:
        """Start the application, unless the request was refused."""
        return None if self.refused else super().process()

    def handle_reply(self, message: Message) -> None:
        """Write one ASGI message; the status line goes out with a ``Date``."""
        super().handle_reply(message)
        if message["type"] == "http.response.start" and not self.responseHeaders.hasHeader(b"Date"):
            self.setHeader(b"Date", _http_date(int(time())).encode())

    def dismiss(self) -> None:
        """Tell the application that its client is gone."""
        if self.application_queue is not None:
            self.send_disconnect()

    def abort(self) -> None:
        """Give the connection up, and what waits to be sent."""
        self.channel.forceAbortClient()

    def waiting(self) -> int:
        """How many bytes the socket has not taken yet."""
        return _waiting(getattr(self, "channel", None) and self.channel.transport)  # Twisted deletes it at the end

    def application_ended(self, error: BaseException | None) -> None:
        """Answer 500 while nothing is on the wire, else end the connection without ending the response.

        A client misses the last chunk or the announced length; what was written before, the report of an error for
        instance, still reaches it. A response that only the closing of the connection would end is reset.
        """
        if error is None:
            logger.error("the application left %s %s without an end", self.method.decode(), self.path.decode())
        if not self.startedWriting:
            self._response_started = False
            self.responseHeaders = Headers()
            self.basic_error(500, b"Internal Server Error", "The application failed.")
        elif self.chunked or self.responseHeaders.hasHeader(b"Content-Length"):
            self.channel.timeoutConnection()  # flush and close; abort if that takes too long
        else:
            self.channel.forceAbortClient()


class StreamingHTTPFactory(HTTPFactory):
    """Makes a channel for each connection. HTTP/2 needs TLS, which is a proxy's business here."""

    protocol = StreamingChannel

    def buildProtocol(self, addr: Any) -> StreamingChannel:
        """A channel whose requests are ours."""
        channel: StreamingChannel = super().buildProtocol(addr)
        channel.requestFactory = StreamingRequest
        return channel


class StreamingWebSocket(WebSocketProtocol):
    """One WebSocket, paced in both directions; an application may close it with any code, and a reason."""

    request = None  # until the handshake is understood
    _unanswered: bytes | None = None

    def connectionMade(self) -> None:
        """Take the transport over from the HTTP channel."""
        self.gate = Gate(self._pong)
        self.transport.unregisterProducer()
        self.transport.registerProducer(self.gate, True)
        super().connectionMade()

    def dropConnection(self, abort: bool = False) -> None:
        """Give the transport up, and free whoever waits for the gate."""
        super().dropConnection(abort)
        self.gate.stopProducing()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        """Queue a message for the application; stop reading when it lags behind. Once we close, nothing is queued."""
        if self.state != self.STATE_OPEN:
            return
        super().onMessage(payload, isBinary)
        if self.application_queue.qsize() >= INBOX_HIGH:
            self.transport.pauseProducing()

    def onPing(self, payload: bytes) -> None:
        """Answer; of pings from a client that reads nothing only the newest, once it reads.  Source: RFC 6455 5.5.3."""
        self._unanswered = payload
        if self.gate.is_open:
            self._pong()

    def _pong(self) -> None:
        payload, self._unanswered = self._unanswered, None
        if payload is not None and self.state == self.STATE_OPEN:
            self.sendPong(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        """Tell the application, if the handshake was good enough for one to be started."""
        if self.request is not None:
            super().onClose(wasClean, code, reason)

    def handle_reply(self, message: Message) -> None:
        """Write one ASGI message; after a close frame nothing more is sent, as if the client were gone."""
        if self.state not in (self.STATE_OPEN, self.STATE_CONNECTING):
            return
        if message["type"] == "websocket.close" and self.state == self.STATE_OPEN:
            self._close(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def dismiss(self) -> None:
        """Tell the application that its client is gone."""
        self.application_queue.put_nowait({"type": "websocket.disconnect", "code": 1012, "reason": RESTART})

    def abort(self) -> None:
        """Give the connection up, and what waits to be sent."""
        self.dropConnection(abort=True)

    def waiting(self) -> int:
        """How many bytes the socket has not taken yet."""
        return _waiting(self.transport)

    def application_ended(self, error: BaseException | None) -> None:
        """Close with 1011 after an error, with 1012 when the server dismissed or cancelled it, else with 1000."""
        if self.state == self.STATE_CONNECTING:
            self.handshake_deferred.errback(ConnectionDeny(500, "Internal server error"))
            del self.handshake_deferred
        elif isinstance(error, asyncio.CancelledError):
            self._close(1012, RESTART)
        else:
            self._close(1011 if error else 1000, "")

    def _close(self, code: int, reason: str) -> None:
        # Not sendClose: it refuses the registered codes above 1000, 1012 among them. A control frame has 123 bytes.
        self.sendCloseFrame(code, reason.encode()[:123].decode(errors="ignore").encode() or None)
        self.transport.resumeProducing()  # what is on its way is swallowed, up to the client's own close frame


class StreamingWebSocketFactory(WebSocketFactory):
    """Makes the sockets that HTTP requests are upgraded to."""

    protocol = StreamingWebSocket


def _waiting(transport: Any) -> int:
    """What is in a Twisted transport's buffers; 0 of one that is gone."""
    return (
        len(getattr(transport, "dataBuffer", b""))
        - getattr(transport, "offset", 0)
        + getattr(transport, "_tempDataLen", 0)
    )


def _refusal(status: str, code: str, text: str) -> bytes:
    body = json.dumps({"error": {"code": code, "message": text, "retryable": False}}).encode()
    head = (
        f"HTTP/1.1 {status}\r\nDate: {_http_date(int(time()))}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@lru_cache(maxsize=1)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
