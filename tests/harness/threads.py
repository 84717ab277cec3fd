"""Work in threads of its own, each with its own database connection, which it gives back."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.db import connections

LIMIT_S = 60.0


def _work(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    finally:
        connections.close_all()


class Threads:
    """``with Threads() as threads: future = threads.start(function, 1)``; leaving waits for all of them."""

    def __init__(self, count: int = 16) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="test")

    def __enter__(self) -> "Threads":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True)

    def start(self, function: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Run it in a thread."""
        return self._pool.submit(_work, function, arguments)


def run_together(*functions: Callable[[], Any]) -> list[Any]:
    """Run all at once, a thread each; their results in order, or the first failure."""
    with Threads(len(functions)) as threads:
        return [future.result(LIMIT_S) for future in [threads.start(function) for function in functions]]
