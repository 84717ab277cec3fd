"""The other end of the connection that just now runs, and how to let go of it: ASGI has no word for that."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Peer:
    """One request or socket, for as long as its application runs.

    abort: gives up the server's socket and all that waits in it; the application sees a client that has left.
    """

    def __init__(self, abort: Callable[[], object]) -> None:
        self._abort: Callable[[], object] | None = abort

    def drop(self) -> bool:
        """Abort the connection unless its application has ended; whether it had to be."""
        abort, self._abort = self._abort, None
        if abort is not None:
            abort()
        return abort is not None

    def leave(self) -> None:
        """The application has ended: what is left of the connection is the server's, or the next request's."""
        self._abort = None


_current: ContextVar[Peer] = ContextVar("peer")


def current_peer() -> Peer:
    """The peer of whoever asks; outside of any connection one that can't be dropped."""
    return _current.get(None) or Peer(lambda: None)


@contextmanager
def serving(send: Any) -> Iterator[Peer]:
    """The block serves one connection: the one that ``send``, as the server gave it, sends to.

    Our Daphne gives ``send.abort``; uvicorn's ``send`` is a method of what holds the connection's transport. With
    other servers nothing is dropped.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    peer = Peer(getattr(send, "abort", None) or getattr(transport, "abort", None) or (lambda: None))
    token = _current.set(peer)
    try:
        yield peer
    finally:
        peer.leave()
        _current.reset(token)
