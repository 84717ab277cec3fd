"""``/diagnostics/socket``: says back what it hears, a few times, and closes."""

import asyncio
import logging
from contextlib import ExitStack, suppress
from typing import Any

from streams.connections.consumer import Consumer
from streams.diagnostics.places import places
from streams.errors import InvalidInput, StreamsError, TooLarge
from streams.http.origin import check_origin

logger = logging.getLogger(__name__)
MESSAGES = 5
MAX_CHARS = 1_000
LONGEST_S = 10.0


class EchoSocket(Consumer):
    """One socket: at most MESSAGES messages and LONGEST_S. A refusal is told by the close code and its reason."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Run the connection; its place is given back whichever way it ends."""
        self._left = MESSAGES
        with ExitStack() as self._resources:
            try:
                async with asyncio.timeout(LONGEST_S):
                    await super().__call__(scope, receive, send)
            except TimeoutError:
                with suppress(OSError):  # the client may have left meanwhile
                    await self._end(1000, f"{LONGEST_S:g} s are over")

    async def connect(self) -> None:
        """Accept, then either listen or say why not: a refused handshake could not tell the page the reason."""
        await self.accept()
        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.scope["headers"]}
            check_origin(self.scope, headers)
            self._resources.enter_context(places.held(places.claim(LONGEST_S)))
        except StreamsError as error:
            logger.info("echo socket refused: %s", error)
            await self._end(error.close_code, str(error))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say it back."""
        if not self._left:
            return
        if text_data is None:
            await self._end(InvalidInput.close_code, "text frames only")
        elif len(text_data) > MAX_CHARS:
            await self._end(TooLarge.close_code, f"the message has {len(text_data)} characters (limit {MAX_CHARS})")
        else:
            with suppress(OSError):  # the client may leave before its answer
                await self.send(text_data=text_data)
                self._left -= 1
                if not self._left:
                    await self.close(1000)

    async def _end(self, code: int, reason: str) -> None:
        """Close once, and hear nothing more."""
        if self._left:
            self._left = 0
            await self.close(code, reason.encode()[:123].decode(errors="ignore"))  # what a close frame has room for
