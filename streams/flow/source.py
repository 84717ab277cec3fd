"""Reading an async iterable that is closed when one is done with it, and not when the garbage collector comes by."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")


@asynccontextmanager
async def reading(source: AsyncIterable[T]) -> AsyncGenerator[AsyncIterator[T], None]:
    """An iterator over ``source`` (a generator, a queryset, a pipe); it is closed on every way out, if it can be."""
    iterator = aiter(source)
    try:
        yield iterator
    finally:
        if hasattr(iterator, "aclose"):
            await iterator.aclose()
