"""The bodies of the probes: chunks at a known pace, and a known silence."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

from streams.hub import Hub
from streams.wire import sse
from streams.wire.jsontext import encode_json

Encode = Callable[[object], bytes]


def encode_line(value: object) -> bytes:
    """A line of JSON."""
    return encode_json(value).encode() + b"\n"


async def numbered_chunks(hub: Hub, *, count: int, every_s: float, encode: Encode) -> AsyncGenerator[bytes, None]:
    """``{"chunk": 1, "of": 10, "sent_ms": 0.0}`` and so on, at least ``every_s`` apart.

    ``sent_ms`` is by this process's monotonic clock and from the first chunk on, so that a client can compare distances
    without comparing clocks. Ends early when the server shuts down. Cancellation: safe.
    """
    started = time.monotonic()
    ended = asyncio.Event()
    with hub.told_of_the_end(ended.set):
        for number in range(1, count + 1):
            sent_ms = round((time.monotonic() - started) * 1000, 1)
            yield encode({"chunk": number, "of": count, "sent_ms": sent_ms})
            if number < count and await _ends_within(every_s, ended):
                return


async def silence(hub: Hub, *, lasting_s: float) -> AsyncGenerator[bytes, None]:
    """A comment at once, nothing for ``lasting_s``, then an event that says so: a client that saw it was not cut.

    Ends without that event when the server shuts down. Cancellation: safe.
    """
    ended = asyncio.Event()
    with hub.told_of_the_end(ended.set):
        yield b": silence follows\n\n"
        if not await _ends_within(lasting_s, ended):
            yield sse.encode_data({"silent_s": lasting_s})


async def _ends_within(limit_s: float, ended: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await ended.wait()
    return ended.is_set()
