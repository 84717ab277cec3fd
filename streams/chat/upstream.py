"""The call of a model, read on one side of a pipe while its reader writes on the other."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from functools import partial

from streams.chat.provider import ModelProvider, Piece, Prompt, TextPiece, ThinkingPiece
from streams.flow import Pipe
from streams.hub import Hub

PIPE_CHARS = 262_144  # what may wait while the reader writes; then the model waits

_ODD = re.compile("[\0\ud800-\udfff]")


class Upstream:
    """An answer that comes: ``pipe`` ends with it, or with its failure."""

    def __init__(self) -> None:
        self.pipe: Pipe[Piece] = Pipe(PIPE_CHARS, size=_size)
        self._over = asyncio.Event()

    async def read(self, provider: ModelProvider, prompt: Prompt) -> None:
        """Ask the model, and put what it says into the pipe."""
        try:
            async with aclosing(provider.stream(prompt)) as pieces:
                async for piece in pieces:
                    await self.pipe.put(_kept(piece))
        except Exception as error:
            self.pipe.close(error)
        finally:
            self.pipe.close()
            self._over.set()

    async def gather(self, for_s: float) -> None:
        """Let more come, for so long at most, and not longer than the model writes."""
        try:
            async with asyncio.timeout(for_s):
                await self._over.wait()
        except TimeoutError:
            pass


def _kept(piece: Piece) -> Piece:
    """The piece in characters that every database keeps and that have a UTF-8, as many."""
    if isinstance(piece, TextPiece | ThinkingPiece) and _ODD.search(piece.text):
        return type(piece)(_ODD.sub("\N{REPLACEMENT CHARACTER}", piece.text))
    return piece


def _size(piece: Piece) -> int:
    return len(piece.text) if isinstance(piece, TextPiece | ThinkingPiece) else 1


@asynccontextmanager
async def asked(hub: Hub, provider: ModelProvider, prompt: Prompt, name: str) -> AsyncGenerator[Upstream, None]:
    """The call under way; leaving the block ends it, and its connection is closed then."""
    upstream = Upstream()
    producer = hub.tasks.run(f"model {name}", partial(upstream.read, provider, prompt))
    try:
        yield upstream
    finally:
        producer.cancel()
        await asyncio.wait([producer])
