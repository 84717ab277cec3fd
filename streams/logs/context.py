"""Which process, and which request, a line of the log is of."""

import os
import re
import secrets
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from streams.errors import StreamsError

SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
NOTE = "request id: "  # of an exception that leaves its request, so that whoever logs it later knows where it is from

_request_id: ContextVar[str] = ContextVar("request_id", default="")


@cache
def process_name() -> str:
    """The name of this process among all that share the database: host, process id, four random letters."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(2)}"


def server_name() -> str:
    """What serves this process."""
    return "uvicorn" if "uvicorn.server" in sys.modules else "Daphne"


def current_request_id() -> str:
    """The id of the request or socket that just now runs; empty outside of any."""
    return _request_id.get()


@contextmanager
def identified(given: str = "") -> Iterator[str]:
    """The block serves one request; its id is the one that was ``given``, if that is sane, or a new one.

    Sane: 8 to 64 letters, digits, dots, hyphens and underscores, for it goes into headers and lines of the log.
    """
    request_id = given if SANE.fullmatch(given) else secrets.token_hex(16)
    token = _request_id.set(request_id)
    try:
        yield request_id
    except Exception as error:
        error.add_note(NOTE + request_id)
        raise
    finally:
        _request_id.reset(token)


def request_id_of(error: BaseException | None) -> str:
    """The id of the request that ``error`` has left; empty if it has left none."""
    notes: list[str] = getattr(error, "__notes__", [])
    return next((note.removeprefix(NOTE) for note in notes if note.startswith(NOTE)), "")


def error_with_id(error: StreamsError) -> dict[str, object]:
    """What a client is told of ``error``, with the id under which the log tells more."""
    request_id = current_request_id()
    return error.as_json() | ({"request_id": request_id} if request_id else {})
