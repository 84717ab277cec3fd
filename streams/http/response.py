"""The response of everything that lasts: it holds no thread and no database connection while it streams."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse

STREAM_HEADERS = {
    "Cache-Control": "no-cache, no-transform",  # no-transform: a proxy that compresses would buffer
    "X-Accel-Buffering": "no",  # nginx
}


async def nothing() -> AsyncGenerator[bytes, None]:
    """The body of an answer that has none; of an empty one Django would tell the length, which is not the thing's."""
    return
    yield b""


async def release_thread() -> None:
    """Give back what Django holds for the request: its thread, and that thread's database connections.

    A later sync call in the same request starts a new thread, so this belongs at the first step of the body, when
    every middleware is done. The connections are closed in the thread that opened them.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None or context not in SyncToAsync.context_to_thread_executor:
        return
    await sync_to_async(connections.close_all)()
    executor = SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        executor.shutdown(wait=False)


class StreamResponse(StreamingHttpResponse):
    """A ``StreamingHttpResponse`` over an async generator of bytes.

    Django closes that generator itself when the client leaves, so that its ``finally`` runs at once and not when the
    garbage collector comes by. It can't be wrapped again by a middleware (GZipMiddleware would hold bytes back).
    """

    def __init__(self, body: AsyncGenerator[bytes, None], *args: Any, **kwargs: Any) -> None:
        super().__init__(body, *args, **kwargs)
        for name, value in STREAM_HEADERS.items():
            self.headers.setdefault(name, value)

    def _set_streaming_content(self, value: AsyncGenerator[bytes, None]) -> None:
        if hasattr(self, "_body"):
            raise RuntimeError("a middleware wraps the body of a StreamResponse, which would hold its bytes back")
        self._body = self._streamed(value)
        self._iterator = self._body
        self.is_async = True

    @staticmethod
    async def _streamed(body: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async with aclosing(body):
            await release_thread()
            async for chunk in body:
                yield chunk

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        return self._body
