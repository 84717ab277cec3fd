"""gzip, where the client asks for it.  Source: RFC 9110 12.5.3, RFC 1952."""

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, AsyncIterable

LEVEL = 4  # of 9: a table packs to about a seventh, and level 6 takes twice the time for a tenth less
GZIP_WINDOW = zlib.MAX_WBITS | 16  # zlib's word for gzip's head and checksum
_QUALITY = re.compile(r"q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether gzip is wanted, and not less than the plain text; what is not understood counts as not wanted."""
    qualities: dict[str, float] = {}
    for part in accept_encoding.split(","):
        coding, *parameters = (word.strip() for word in part.split(";"))
        qualities.setdefault(coding.lower(), _quality(parameters))
    gzip = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return gzip > 0 and gzip >= qualities.get("identity", 0.0)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if found := _QUALITY.fullmatch(parameter):
            return float(found[1])
        return 0.0
    return 1.0


async def gzipped(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    """The chunks compressed, each so that all of it can be read when it arrives; in a thread, not in the loop."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    async for chunk in chunks:
        yield await asyncio.to_thread(_pack, packer, chunk)
    yield packer.flush()


def _pack(packer: "zlib._Compress", chunk: bytes) -> bytes:
    return packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
