"""The streaming server: Daphne with flow control, a lifespan, visible failures and a drain.

What it adds to ``daphne.server.Server``, and why:

- ``await send()`` waits for the socket (flow_control.py), so that a slow client slows its stream, not the process down;
- an application that fails or returns early ends its connection at once, visibly, and is logged;
- ``lifespan.startup`` is answered before the first connection is accepted (lifespan.py);
- SIGTERM, SIGINT and the autoreloader's exit drain: every stream is told, every ``finally`` runs.

``manage.py runserver`` uses ``StreamingServer``; ``python -m project.server`` runs it alone.
"""

import daphne.server  # isort: skip  # before all else: it installs the reactor

import argparse
import asyncio
import contextvars
import importlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TextIO

from daphne.access import AccessLogGenerator
from daphne.endpoints import build_endpoint_description_strings
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, STDLibLogObserver, globalLogBeginner

from project.flow_control import (
    LINGER_S,
    Inbox,
    Message,
    StreamingHTTPFactory,
    StreamingWebSocket,
    StreamingWebSocketFactory,
)
from project.lifespan import Application, Lifespan, StartupFailed
from streams.logs.redaction import redact

logger = logging.getLogger("project.server")

PING_S = 15  # the heartbeat of a WebSocket: proxies cut silence at 60 s
BACKLOG = 2048  # connections waiting to be accepted; Twisted's 50 costs a burst of clients seconds
DISMISS_S = 1.0  # applications that are told their client is gone end within this
CANCEL_S = 1.0  # and cancelled ones within this
FLUSH_S = 2.0  # last bytes and closing handshakes reach the clients within this
EXIT_S = 3.0  # a drain that holds up the interpreter's exit ends within this
CANNOT_LISTEN = 1  # exit status
STARTUP_FAILED = 3  # exit status; uvicorn's too


class StreamingServer(daphne.server.Server):
    """Takes what Daphne's server takes, and two limits.

    drain_s: how long streams that were told of the shutdown may take to end (default STREAMS_DRAIN_S or 10 s);
    max_request_bytes: the largest request body (default STREAMS_MAX_REQUEST_BYTES or 16 MiB); more is answered 413.
    """

    def __init__(
        self,
        application: Application,
        endpoints: Sequence[str] = (),
        *,
        drain_s: float | None = None,
        max_request_bytes: int | None = None,
        **options: Any,
    ) -> None:
        endpoints = [_with_backlog(endpoint) for endpoint in endpoints]
        super().__init__(application, endpoints, **{"ping_interval": PING_S} | options)
        self.drain_s = float(os.environ.get("STREAMS_DRAIN_S", "10")) if drain_s is None else drain_s
        self.max_request_bytes = max_request_bytes or int(os.environ.get("STREAMS_MAX_REQUEST_BYTES", "16777216"))
        self.lifespan = Lifespan(application)
        self.connections: dict[Any, dict[str, Any]] = {}
        self.draining = self.deaf = False
        self._stopping = self._hurried = False
        self._ports: list[Any] = []
        self._ended = threading.Event()

    def run(self) -> None:
        """Serve until told to stop; every application has ended when this returns.

        Exits with status 3 when the application refuses to start, with 1 when it can't listen.
        Replaces Daphne's, whose factories can't be chosen.
        """
        loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        asyncio.set_event_loop(loop)
        loop.set_debug(self.verbosity >= 3)
        try:
            self._heed_the_end(loop)  # before the application, which hears a signal first and hands it on
            loop.run_until_complete(self.lifespan.startup())
            self._listen()
            if self.abort_start:
                loop.run_until_complete(self.drain())
            else:
                reactor.callWhenRunning(self.ready_callable or (lambda: None))
                reactor.run(installSignalHandlers=False)
            loop.run_until_complete(loop.shutdown_asyncgens())
            if self.deaf and not self.signal_handlers:
                os._exit(CANNOT_LISTEN)  # in the autoreloader's thread nobody hears a SystemExit
            if self.deaf:
                sys.exit(CANNOT_LISTEN)
        except StartupFailed as failure:
            logger.critical("application startup failed: %s", failure)
            sys.exit(STARTUP_FAILED)
        finally:
            self._ended.set()

    def _listen(self) -> None:
        self.http_factory = StreamingHTTPFactory(self)
        self.ws_factory = StreamingWebSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
            failByDrop=False,  # whoever sends too much, or nonsense, is told by the close code
            closeHandshakeTimeout=LINGER_S,
        )
        # Of Twisted's own log: what it could not handle.
        level = LogLevelFilterPredicate(LogLevel.debug if self.verbosity > 1 else LogLevel.critical)
        observer = FilteringLogObserver(STDLibLogObserver("project.server.twisted"), [level])
        globalLogBeginner.beginLoggingTo([observer], discardBuffer=True, redirectStandardIO=False)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        for endpoint in self.endpoints:
            listening = serverFromString(reactor, endpoint).listen(self.http_factory)
            listening.addCallbacks(self.listen_success, self.listen_error)

    def listen_success(self, port: Any) -> None:
        """Keep a listening port, to be closed first when the server drains."""
        super().listen_success(port)
        self._ports.append(port)
        here = port.getHost()
        logger.info("listening on %s", f"http://{here.host}:{here.port}" if hasattr(here, "port") else here)

    def listen_error(self, failure: Any) -> None:
        """Say why it can't listen, and end: nobody would ever come."""
        logger.critical("can't listen: %s", failure.getErrorMessage())
        self.deaf = True
        self.stop()

    # Connections and their applications

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> asyncio.Queue[Message]:
        """Start an application for ``protocol`` and return its input queue, as Daphne does; see its end at once."""
        scope |= {"asgi": {"version": "3.0"}, "state": self.lifespan.state.copy()}
        websocket = scope["type"] == "websocket"
        inbox = Inbox(protocol.transport.resumeProducing) if websocket else asyncio.Queue[Message]()
        send = partial(self.handle_reply, protocol)
        send.abort = protocol.abort  # type: ignore[attr-defined]  # for those who must let go of a client
        send.waiting = protocol.waiting  # type: ignore[attr-defined]  # for those who look at slow ones
        application = self.application(scope=scope, receive=inbox.get, send=send)
        # An empty context: a kept-alive connection reads its next request inside the context of the last one.
        instance = reactor._asyncioEventloop.create_task(application, context=contextvars.Context())
        self.connections[protocol]["application_instance"] = instance
        instance.add_done_callback(lambda _: self._tend(protocol, self._review))
        return inbox

    async def handle_reply(self, protocol: Any, message: Message) -> None:
        """Write an ASGI message as soon as the socket takes it; nothing, at once, when the client is gone.

        Cancellation: safe while it waits; the message is then not written.
        """
        if "disconnected" in self.connections.get(protocol, {"disconnected": True}):
            await asyncio.sleep(0)  # an application that won't listen must not starve the others
            return
        await protocol.gate.wait()
        await super().handle_reply(protocol, message)

    def protocol_disconnected(self, protocol: Any) -> None:
        """Note that a client is gone; unlike Daphne's, also twice."""
        if protocol in self.connections:
            super().protocol_disconnected(protocol)
            self._tend(protocol, self._review)

    def application_checker(self) -> None:
        """Every second: cancel what outlives its client. Nothing that a connection does ends this."""
        for protocol in list(self.connections):
            self._tend(protocol, self._review)
        reactor.callLater(1, self.application_checker)

    def timeout_checker(self) -> None:
        """Every two seconds: ping WebSockets, close those that ran out of time."""
        for protocol in list(self.connections):
            self._tend(protocol, lambda protocol: protocol.check_timeouts())
        reactor.callLater(2, self.timeout_checker)

    def _tend(self, protocol: Any, action: Callable[[Any], None]) -> None:
        try:
            action(protocol)
        except Exception:
            logger.exception("could not tend a %s", type(protocol).__name__)

    def _review(self, protocol: Any) -> None:
        """Bring the books of one connection up to date: its application ended, its client left, or both."""
        details = self.connections.get(protocol, {})
        instance = details.get("application_instance")
        if instance and instance.done():
            del details["application_instance"]  # first: whatever fails below fails once
            error = None if instance.cancelled() else instance.exception()
            if error:
                logger.error("exception in the application: %r", error, exc_info=error)
            if "disconnected" not in details:
                protocol.application_ended(error or (asyncio.CancelledError() if self.draining else None))
        elif instance and time.time() - details.get("disconnected", time.time()) > self.application_close_timeout:
            logger.warning("cancelling an application whose client left %s s ago", self.application_close_timeout)
            instance.cancel()
        if "disconnected" in details and "application_instance" not in details:
            self.connections.pop(protocol, None)

    # End

    def _heed_the_end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Drain on SIGTERM and SIGINT or, where signals are another's, when the main thread ends."""

        def stop(*_: object) -> None:
            loop.call_soon_threadsafe(self.stop)

        def stop_and_wait() -> None:
            self.drain_s = min(self.drain_s, EXIT_S / 3)
            stop()
            self._ended.wait(EXIT_S)

        if self.signal_handlers:  # not Twisted's: they take a second signal for an error
            signal.signal(signal.SIGTERM, stop)
            signal.signal(signal.SIGINT, stop)
        else:
            # Not atexit: by then no thread pool accepts work, and the cleanup of streams may need one.
            threading._register_atexit(stop_and_wait)  # type: ignore[attr-defined]

    def stop(self) -> None:
        """Begin to drain; called again, stop waiting for the applications."""
        self._hurried = self._stopping
        if not self._stopping:
            self._stopping = True
            super().stop()

    def kill_all_applications(self) -> Deferred[None]:
        """What the reactor waits for before it stops: the drain."""
        self._stopping = True
        drained = Deferred.fromFuture(asyncio.ensure_future(self.drain()))
        drained.addErrback(lambda failure: logger.error("could not drain", exc_info=failure.value))
        return drained

    async def drain(self) -> None:
        """Stop listening, tell the application, wait ``drain_s``; end what is left; let the last bytes leave."""
        self.draining = True
        for port in self._ports:
            port.stopListening()
        shutdown = asyncio.create_task(self.lifespan.shutdown())

        def running() -> list[asyncio.Future[None]]:
            instances = [details.get("application_instance") for details in self.connections.values()]
            return [task for task in [*instances, shutdown] if task and not task.done()]

        await _until(lambda: self._hurried or not running(), self.drain_s)
        if late := len(running()):
            logger.warning("%s applications did not end by themselves", late)
        # First this: Django runs a view in a task of its own, which cancelling the handler would leave behind.
        for protocol, details in list(self.connections.items()):
            if "application_instance" in details:
                self._tend(protocol, lambda protocol: protocol.dismiss())
        await _until(lambda: not running(), DISMISS_S)
        for task in running():
            task.cancel()
        await _until(lambda: not running(), CANCEL_S)

        def flushed() -> bool:  # a transport with bytes to send is a writer; a WebSocket is tracked until it is closed
            return not reactor.getWriters() and not any(isinstance(p, StreamingWebSocket) for p in self.connections)

        await _until(flushed, FLUSH_S)


async def _until(condition: Callable[[], object], limit_s: float) -> None:
    """Return when ``condition`` holds, or after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


def _with_backlog(endpoint: str) -> str:
    if endpoint.startswith(("fd", "systemd")) or "backlog=" in endpoint:
        return endpoint
    return f"{endpoint}:backlog={BACKLOG}"


class RedactedLines:
    """A text stream to write to, without the secrets that stand in queries."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write it, redacted."""
        self._stream.write(redact(text))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m project.server", description="Serve the project.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--unix", metavar="PATH", help="listen on a Unix socket instead of a port")
    parser.add_argument("--access-log", action="store_true", help="a line for each request on standard output")
    parser.add_argument("--proxy-headers", action="store_true", help="trust X-Forwarded-For, -Port and -Proto")
    parser.add_argument("--application", metavar="MODULE:NAME", default="project.asgi:application")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the server as a process of its own. Exits with 1 when it can't listen, with 3 when it can't start."""
    options = _arguments(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    logging.basicConfig(format="{asctime} {levelname} {name}: {message}", style="{")
    logger.setLevel(logging.INFO)
    module, _, name = options.application.partition(":")
    where = {"unix_socket": options.unix} if options.unix else {"host": options.host, "port": options.port}
    trusted = options.proxy_headers
    server = StreamingServer(
        getattr(importlib.import_module(module), name),
        build_endpoint_description_strings(**where),
        action_logger=AccessLogGenerator(RedactedLines(sys.stdout)) if options.access_log else None,
        proxy_forwarded_address_header="X-Forwarded-For" if trusted else None,
        proxy_forwarded_port_header="X-Forwarded-Port" if trusted else None,
        proxy_forwarded_proto_header="X-Forwarded-Proto" if trusted else None,
    )
    server.run()


if __name__ == "__main__":
    main()
