"""Waiting on conditions with a limit, never for a time."""

import asyncio
import contextlib
import inspect
import itertools
import os
import random
import socket
import time

# Below the ports that Linux gives to outgoing connections (from 32768), or one of those would take a server's port
# while it is down; and each of the tests' parallel processes has its own share, or two would find the same port free.
LOWEST_PORT, SHARE, SHARES = 10_000, 2_500, 9


def _ports():
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    start = random.randrange(SHARE)  # another run beside this one goes another way round
    for number in itertools.count(start):
        yield LOWEST_PORT + worker * SHARE + number % SHARE


_next_ports = _ports()


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    for port in _next_ports:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError


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


async def settled(read, *, within=0.05, quiet_s=0.3, limit_s=10.0):
    """Wait until ``read()`` grows by no more than ``within`` in ``quiet_s``: what is left waits for the socket."""
    deadline = time.monotonic() + limit_s
    value, since = read(), time.monotonic()
    while time.monotonic() - since < quiet_s:
        assert time.monotonic() < deadline, f"not quiet within {limit_s} s"
        await asyncio.sleep(0.02)
        if (now := read()) - value > within:
            value, since = now, time.monotonic()
