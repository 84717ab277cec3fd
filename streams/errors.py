"""The tree of errors that a client can meet; each knows how every technique tells it.

    StreamsError                        status  close  code
    |-- InvalidInput                       400   4400  invalid
    |   |-- InvalidTopicName               400   4400  invalid_topic
    |   |-- InvalidEvent                   400   4400  invalid_event
    |   |-- InvalidJSON                    400   4400  invalid_json
    |   `-- UnsupportedMediaType           415   4400  unsupported_media_type
    |-- TooLarge                           413   1009  too_large
    |   `-- FrameTooLarge                  413   1009  too_large
    |-- NotSignedIn                        401   4401  unauthorized
    |-- Forbidden                          403   4403  forbidden
    |   `-- Banned                         403   4403  banned
    |-- NoSuchTopic                        404   4404  no_such_topic
    |-- NotFound                           404   4404  not_found
    |-- MethodNotAllowed                   405   4400  method_not_allowed
    |-- NotAcceptable                      406   4400  not_acceptable
    |-- PreconditionFailed                 412   4400  precondition_failed
    |   `-- UnsupportedVersion             412   4400  unsupported_version
    |-- RangeNotSatisfiable                416   4400  range_not_satisfiable
    |-- KeyReused                          409   4400  key_reused
    |-- Conflict                           409   4400  conflict
    |   |-- Busy                           423   4400  busy             retryable
    |   `-- ChecksumMismatch               460   4400  checksum_mismatch retryable
    |-- LimitReached                       429   4429  limit            retryable
    |-- StorageFull                        507   1013  storage_full     retryable
    |-- Unavailable                        503   1013  unavailable      retryable
    |-- StreamClosed                       503   (by reason)            retryable by reason
    `-- GenerationFailed                   502   1011  generation_failed
        `-- OverBudget                     429   4429  budget

A text names the limit and the value: ``topic name has 140 characters (limit 128)``.
"""

from enum import StrEnum
from math import ceil


class StreamsError(Exception):
    """A failure that is told to the client; ``str(error)`` is written for a person.

    status: HTTP status; close_code: WebSocket close code; code: the slug on the wire; retryable: whether the same
    request may succeed later.
    """

    status = 500
    close_code = 1011
    code = "error"
    retryable = False

    def as_json(self) -> dict[str, object]:
        """The value of ``"error"`` in a JSON answer."""
        return {"code": self.code, "message": str(self), "retryable": self.retryable}


class InvalidInput(StreamsError):
    """The request can't be understood; the same request will never succeed."""

    status, close_code, code = 400, 4400, "invalid"


class InvalidTopicName(InvalidInput):
    """A topic's name has a character or a length that is not allowed."""

    code = "invalid_topic"


class InvalidEvent(InvalidInput):
    """An event's type, key or data is refused."""

    code = "invalid_event"


class InvalidJSON(InvalidInput):
    """The text is not JSON as RFC 8259 has it, or nests too deeply."""

    code = "invalid_json"


class UnsupportedMediaType(InvalidInput):
    """The body's Content-Type is none that is read here."""

    status, code = 415, "unsupported_media_type"


class TooLarge(StreamsError):
    """An event, a message or a body passes its limit in bytes."""

    status, close_code, code = 413, 1009, "too_large"


class FrameTooLarge(TooLarge):
    """Not an event in it, but a whole frame of a WebSocket: whoever sends such frames is cut off."""


class NotSignedIn(StreamsError):
    """Nobody is named by the request, or by a token that is unknown, expired or revoked."""

    status, close_code, code = 401, 4401, "unauthorized"


class Forbidden(StreamsError):
    """Who asks is known and may not do this."""

    status, close_code, code = 403, 4403, "forbidden"


class Banned(Forbidden):
    """Who asks, or the address it comes from, is banned; ``retry_after_s`` says for how long still."""

    code = "banned"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NoSuchTopic(StreamsError):
    """The topic does not exist, or must not be seen to exist by who asks."""

    status, close_code, code = 404, 4404, "no_such_topic"


class NotFound(StreamsError):
    """Some other thing that is named does not exist, or must not be seen to."""

    status, close_code, code = 404, 4404, "not_found"


class MethodNotAllowed(StreamsError):
    """The path is there, but not for this method; ``allow`` lists those it has."""

    status, close_code, code = 405, 4400, "method_not_allowed"

    def __init__(self, method: str | None, *, allow: str) -> None:
        super().__init__(f"{method} is not allowed here ({allow})")
        self.allow = allow


class NotAcceptable(StreamsError):
    """No technique that is offered fits the Accept header."""

    status, close_code, code = 406, 4400, "not_acceptable"


class PreconditionFailed(StreamsError):
    """What the request has a condition on is not as it says."""

    status, close_code, code = 412, 4400, "precondition_failed"


class UnsupportedVersion(PreconditionFailed):
    """The protocol is spoken here in another version."""

    code = "unsupported_version"


class RangeNotSatisfiable(StreamsError):
    """No byte of what is asked for is there."""

    status, close_code, code = 416, 4400, "range_not_satisfiable"


class KeyReused(StreamsError):
    """An idempotency key came again with another type or data."""

    status, close_code, code = 409, 4400, "key_reused"


class Conflict(StreamsError):
    """What is asked does not fit what is there by now, such as an upload's offset."""

    status, close_code, code = 409, 4400, "conflict"


class Busy(Conflict):
    """Another request is changing the same thing just now."""

    status, code, retryable = 423, "busy", True


class ChecksumMismatch(Conflict):
    """The bytes are not those that the checksum is of; they were dropped.  Source: tus 1.0, Checksum."""

    status, code, retryable = 460, "checksum_mismatch", True


class StorageFull(StreamsError):
    """The disk has no room for it; what was there before is untouched."""

    status, close_code, code, retryable = 507, 1013, "storage_full", True


class LimitReached(StreamsError):
    """Too many or too fast; ``retry_after_s`` says when to come again."""

    status, close_code, code, retryable = 429, 4429, "limit", True

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s

    def as_json(self) -> dict[str, object]:
        """With ``retry_after_s``, since not every technique has a header for it."""
        return super().as_json() | {"retry_after_s": ceil(self.retry_after_s * 10) / 10}


class Unavailable(StreamsError):
    """A part that is needed (mostly the database) does not answer now; a publish with a key is safe to try again."""

    status, close_code, code, retryable = 503, 1013, "unavailable", True


class CloseReason(StrEnum):
    """Why the server ends a stream; the value of ``reason`` in ``stream.close``."""

    SHUTDOWN = "shutdown"
    KICKED = "kicked"
    UNAUTHORIZED = "unauthorized"
    LAGGED = "lagged"
    EXPIRED = "expired"

    @property
    def reconnect(self) -> bool:
        """Whether a client should come back on its own."""
        return self in (CloseReason.SHUTDOWN, CloseReason.LAGGED)

    @property
    def status(self) -> int:
        """The HTTP status, where nothing was sent yet."""
        return {CloseReason.UNAUTHORIZED: 401, CloseReason.KICKED: 403, CloseReason.EXPIRED: 404}.get(self, 503)

    @property
    def close_code(self) -> int:
        """The WebSocket close code that goes with the reason."""
        return {
            CloseReason.SHUTDOWN: 1012,
            CloseReason.KICKED: 4410,
            CloseReason.UNAUTHORIZED: 4401,
            CloseReason.LAGGED: 4408,
            CloseReason.EXPIRED: 4404,
        }[self]


class StreamClosed(StreamsError):
    """Raised to a reader whose stream the server ends; each technique tells it as ``stream.close``."""

    status, code = 503, "stream_closed"

    def __init__(self, reason: CloseReason, *, behind: int | None = None) -> None:
        super().__init__(f"the server ends this stream: {reason}")
        self.reason = reason
        self.behind = behind
        self.status = reason.status
        self.close_code = reason.close_code
        self.retryable = reason.reconnect

    def told(self) -> dict[str, object]:
        """The data of ``stream.close``: ``{"reason", "reconnect"}``; of a slow reader how far it was ``behind``."""
        told: dict[str, object] = {"reason": self.reason, "reconnect": self.reason.reconnect}
        return told if self.behind is None else told | {"behind": self.behind}


class GenerationFailed(StreamsError):
    """A model's answer could not be finished; what had come so far is kept.

    kind: the slug that the client sees (the vendor's error type where there is one); the text is written for a
    person and never holds a key; request_id: the vendor's, for the log; retry_after_s: what the vendor asks to wait.
    """

    status, code = 502, "generation_failed"

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        retryable: bool,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retryable = retryable
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    def as_json(self) -> dict[str, object]:
        """``{"type", "message", "retryable"}``, as ``generation.end`` and ``POST /chat`` carry it."""
        return {"type": self.kind, "message": str(self), "retryable": self.retryable}


class OverBudget(GenerationFailed):
    """An answer would cost more than may be spent, so it was not begun; limits begin anew with their day or month."""

    status, close_code, code = 429, 4429, "budget"

    def __init__(self, message: str) -> None:
        super().__init__("budget", message, retryable=False)

    def as_json(self) -> dict[str, object]:
        """With its ``code``, since a request can be refused for it."""
        return {"code": self.code} | super().as_json()
