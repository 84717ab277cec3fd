"""The few threads by which everything long-lived reaches the database.

Django gives each request its own thread and connection and keeps both until the response ends: a thousand streams
would hold a thousand of either. Streams, sockets and process tasks share these instead.
"""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connections, reset_queries

from streams.errors import Unavailable

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


def _call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in a thread of the pool, on its own lasting connections; a broken one is replaced at the next call."""
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError):
        connections.close_all()
        raise
    finally:
        reset_queries()  # in debug Django keeps the text of 9,000 queries a connection, events and all


def _close_in_turn(all_here: threading.Barrier) -> None:
    """Close this thread's connections; only once every thread of the pool is here, so that none is left out."""
    all_here.wait()
    connections.close_all()


class Gateway:
    """``threads`` workers, each with one lasting connection a database; more callers wait in line."""

    def __init__(self, *, threads: int, timeout_s: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="streams-database")
        self._threads = threads
        self._timeout_s = timeout_s
        self._closed = False

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of ``function`` in one of the threads.

        Raises Unavailable when the database does not answer (or not in time), else whatever ``function`` raises.
        Cancellation leaves the thread to finish: a commit may still happen, as with any lost answer.
        """
        if self._closed:
            raise Unavailable("the server is shutting down; try again")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s):
                context = contextvars.copy_context()  # what is logged there is of the same request
                return await loop.run_in_executor(
                    self._pool, lambda: context.run(lambda: _call(function, *args, **kwargs))
                )
        except TimeoutError:
            raise Unavailable(f"the database did not answer within {self._timeout_s:g} s") from None
        except (OperationalError, InterfaceError) as error:
            logger.warning("database: %s", error)
            raise Unavailable("the database does not answer; try again") from error

    def close(self) -> None:
        """Close every thread's connections and end the threads; waits for the calls under way."""
        if self._closed:
            return
        self._closed = True
        all_here = threading.Barrier(self._threads)
        for _ in range(self._threads):
            self._pool.submit(_close_in_turn, all_here)
        self._pool.shutdown(wait=True)
