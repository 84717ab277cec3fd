"""The other end of the connection that just now runs: who it says it is, what waits for it, how to let go of it.

ASGI has no word for the last two.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

MAX_USER_AGENT_CHARS = 200


def _nothing() -> int:
    return 0


class Peer:
    """One request or socket, for as long as its application runs.

    address: of the client, as the server has it: a proxy's word is taken by the server, and only where it trusts it.
    abort: gives up the server's socket and all that waits in it; the application sees a client that has left.
    waiting: how many bytes the server has taken that the socket has not.
    """

    def __init__(
        self,
        abort: Callable[[], object] = _nothing,
        *,
        waiting: Callable[[], int] = _nothing,
        address: str = "",
        user_agent: str = "",
    ) -> None:
        self._abort: Callable[[], object] | None = abort
        self._waiting = waiting
        self.address = address
        self.user_agent = user_agent

    def drop(self) -> bool:
        """Abort the connection unless its application has ended; whether it had to be."""
        abort, self._abort = self._abort, None
        if abort is not None:
            abort()
        return abort is not None

    def leave(self) -> None:
        """The application has ended: what is left of the connection is the server's, or the next request's."""
        self._abort, self._waiting = None, _nothing

    @property
    def waiting_bytes(self) -> int:
        """Bytes in the server's own buffer; the system's holds more."""
        return self._waiting()


_current: ContextVar[Peer] = ContextVar("peer")


def current_peer() -> Peer:
    """The peer of whoever asks; outside of any connection one that can't be dropped, from nowhere."""
    return _current.get(None) or Peer()


@contextmanager
def serving(send: Any, scope: Mapping[str, Any] | None = None) -> Iterator[Peer]:
    """The block serves one connection: the one that ``send``, as the server gave it, sends to.

    Our Daphne gives ``send.abort`` and ``send.waiting``; uvicorn's ``send`` is a method of what holds the connection's
    transport. With other servers nothing is dropped.
    """
    scope = scope or {}
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    user_agent = next((value for name, value in scope.get("headers", ()) if name == b"user-agent"), b"")
    peer = Peer(
        getattr(send, "abort", None) or getattr(transport, "abort", None) or _nothing,
        waiting=getattr(send, "waiting", None) or getattr(transport, "get_write_buffer_size", None) or _nothing,
        address=(scope.get("client") or ("",))[0] or "",
        user_agent=user_agent[:MAX_USER_AGENT_CHARS].decode("latin-1"),
    )
    token = _current.set(peer)
    try:
        yield peer
    finally:
        peer.leave()
        _current.reset(token)
