"""Waiting on conditions with a limit, never for a time."""

import asyncio
import inspect
import socket
import time


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def eventually(condition, limit_s: float = 10.0, every_s: float = 0.02):
    """The first true value of ``condition()``; fails after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {limit_s} s: {inspect.getsource(condition).strip()}"
        time.sleep(every_s)
    return value


async def aeventually(condition, limit_s: float = 10.0, every_s: float = 0.01):
    """``eventually`` for conditions that live in the event loop; ``condition`` may be a coroutine function."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {limit_s} s: {inspect.getsource(condition).strip()}"
        await asyncio.sleep(every_s)
