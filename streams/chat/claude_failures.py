"""What went wrong with Claude, told to a person: any exception of a stream -> GenerationFailed.

Three families come out of the SDK, and only the first is its own: an answer with an error status or an ``error`` event
(``APIStatusError``, status 200 in the second case, so the vendor's ``type`` decides); no connection before the stream
(``APIConnectionError`` around an httpx2 error); and during the stream bare httpx2, json and Unicode errors.

``str(error)`` is never shown: it dumps upstream's dict, and for a malformed key it quotes the Authorization header.
"""

import contextlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from streams.errors import GenerationFailed

if TYPE_CHECKING:
    from anthropic import APIStatusError

_MAX_DETAIL_CHARS = 300
_LONGEST_WAIT_S = 366 * 86_400.0  # what asks for more is no number of seconds, but a time, or a mistake
_ODD = re.compile("[\0\ud800-\udfff]")  # no database keeps them all
_SECRETS = re.compile(r"sk-[\w-]{4,}|(?i:bearer|x-api-key)[:\s]+\S+")

# vendor's type -> (text, retryable); source: the Messages API's list of errors
_BY_TYPE = {
    "invalid_request_error": ("Claude's API does not accept this request", False),
    "authentication_error": ("Claude's API refuses this server's key; whoever runs the server must correct it", False),
    "billing_error": ("the account behind this server's key has a billing problem", False),
    "permission_error": ("Claude's API refuses this server's key: it is not allowed to do this", False),
    "not_found_error": ("Claude's API does not know the model {model}", False),
    "request_too_large": ("the conversation is too large for Claude's API", False),
    "rate_limit_error": ("rate limit", True),
    "api_error": ("Claude's API has an internal error", True),
    "timeout_error": ("Claude's API took too long to answer", True),
    "overloaded_error": ("Claude is busy; try again in a moment", True),
}
# a gateway in between may answer without the vendor's body; these statuses mean the same from it
_TYPE_BY_STATUS = {
    401: "authentication_error",
    403: "permission_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_DETAIL_HELPS = frozenset({"invalid_request_error"})  # others name organisations and limits that are not the reader's


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a text may mention of the call that failed, and the key that it must not."""

    model: str
    api_key: str
    connect_timeout_s: float
    read_timeout_s: float
    request_id: str | None = None


def failure_from(error: Exception, facts: CallFacts) -> GenerationFailed:
    """The failure that a person reads in place of ``error``; a GenerationFailed passes as it is.

    Raise it ``from None``: a traceback that shows ``error`` could show the key.
    """
    if isinstance(error, GenerationFailed):
        return error
    if isinstance(error, ModuleNotFoundError):
        return GenerationFailed("not_installed", "this server lacks the package that talks to Claude", retryable=False)
    import anthropic

    if isinstance(error, anthropic.APIStatusError):
        return _from_status(error, facts)
    cause = error.__cause__ if isinstance(error, anthropic.APIConnectionError) else error
    kind, text = _from_transport(cause, facts)
    return GenerationFailed(kind, text, retryable=True, request_id=facts.request_id)


def incomplete(*, any_text: bool, request_id: str | None) -> GenerationFailed:
    """The body ended cleanly, but without ``message_stop``: the SDK takes that for a whole answer, we do not."""
    text = "the answer was cut off before its end" if any_text else "Claude sent no answer"
    return GenerationFailed("incomplete", text, retryable=True, request_id=request_id)


def refusal(explanation: str | None, facts: CallFacts) -> GenerationFailed:
    """The model declined; the same turn would be declined again."""
    text = "Claude declined to answer this"
    if explanation:
        text = f"{text}: {redact(explanation, facts.api_key)}"
    return GenerationFailed("refusal", text, retryable=False, request_id=facts.request_id)


def stop_reason(said: object) -> str:
    """Why the model ended, as it says; ``unknown`` where that is no slug, such as the vendor's are."""
    return said if isinstance(said, str) and re.fullmatch(r"[a-z_]{1,40}", said) else "unknown"


def is_about_thinking(error: Exception) -> bool:
    """Whether the model took the request but for what it says of thinking."""
    import anthropic

    return isinstance(error, anthropic.BadRequestError) and "thinking" in str(error.api_message).lower()


def redact(text: str, api_key: str) -> str:
    """``text`` on one line, bounded, without the key or anything that looks like one, in characters that there are."""
    kept = _ODD.sub("\N{REPLACEMENT CHARACTER}", text).replace(api_key, "[key]")
    flat = " ".join(_SECRETS.sub("[key]", kept).split())
    return flat if len(flat) <= _MAX_DETAIL_CHARS else flat[: _MAX_DETAIL_CHARS - 1] + "…"


def _from_status(error: "APIStatusError", facts: CallFacts) -> GenerationFailed:
    """An error status before the stream, or an ``error`` event in it."""
    request_id = error.request_id or facts.request_id
    if "spend_limit" in (error.error_code or ""):
        return GenerationFailed("spend_limit", "monthly spend limit reached", retryable=False, request_id=request_id)
    if _is_too_long(error):
        text = f"the conversation is longer than {facts.model} takes"
        return GenerationFailed(
            "context_window", _with_detail(text, error, facts), retryable=False, request_id=request_id
        )
    kind = error.type if isinstance(error.type, str) else _TYPE_BY_STATUS.get(error.status_code)
    if kind in _BY_TYPE:
        text, retryable = _BY_TYPE[kind]
        text = text.format(model=facts.model)
    elif error.status_code < 400:  # an error event: the stream had begun with 200
        text, retryable = "Claude's API reports an error", True
    else:
        text = f"Claude's API answered HTTP {error.status_code}"
        retryable = error.status_code in (408, 409, 429) or error.status_code >= 500
    wait_s = retry_after_s(error.response.headers, now=datetime.now(UTC)) if retryable else None
    if kind == "rate_limit_error":
        text += _retry_text(wait_s)
    if kind in _DETAIL_HELPS or (kind and kind not in _BY_TYPE):
        text = _with_detail(text, error, facts)
    return GenerationFailed(_slug(kind), text, retryable=retryable, request_id=request_id, retry_after_s=wait_s)


def _is_too_long(error: "APIStatusError") -> bool:
    return error.status_code == 400 and "prompt is too long" in str(error.api_message).lower()


def _with_detail(text: str, error: "APIStatusError", facts: CallFacts) -> str:
    """``text`` and the vendor's own words behind it."""
    return f"{text}: {redact(error.api_message, facts.api_key)}" if isinstance(error.api_message, str) else text


def _from_transport(cause: BaseException | None, facts: CallFacts) -> tuple[str, str]:
    """Kind and text of what the network or the bytes did; the first class that fits decides."""
    import httpx2

    unreachable = (httpx2.ConnectError, httpx2.ProxyError, httpx2.UnsupportedProtocol)
    by_class: list[tuple[type[Exception] | tuple[type[Exception], ...], str, str]] = [
        (
            httpx2.ConnectTimeout,
            "connect_timeout",
            f"Claude's API did not take the connection within {facts.connect_timeout_s:g} s",
        ),
        (httpx2.ReadTimeout, "idle_timeout", f"Claude sent nothing for {facts.read_timeout_s:g} s"),
        (httpx2.TimeoutException, "send_timeout", "the question could not be sent to Claude's API in time"),
        (unreachable, "unreachable", "Claude's API can't be reached from this server"),
        (httpx2.TransportError, "connection_lost", "the connection to Claude's API was cut"),
    ]
    for classes, kind, text in by_class:
        if isinstance(cause, classes):
            return kind, text
    return "bad_response", "Claude's API sent something that can't be read"


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds to wait as ``retry-after-ms`` or ``retry-after`` (seconds or an HTTP date) say; None if they don't.

    None for more than a year, too, which no date need reach.
    """
    value = headers.get("retry-after", "")
    wait_s = math.nan
    with contextlib.suppress(ValueError, TypeError):  # TypeError: a date without a zone
        wait_s = (parsedate_to_datetime(value) - now).total_seconds()
    with contextlib.suppress(ValueError):
        wait_s = float(value)
    with contextlib.suppress(ValueError):
        wait_s = float(headers.get("retry-after-ms", "")) / 1000
    return max(0.0, wait_s) if wait_s <= _LONGEST_WAIT_S else None


def _retry_text(wait_s: float | None) -> str:
    if wait_s is None:
        return "; try again in a moment"
    if wait_s <= 120:
        return f"; try again in {max(1, round(wait_s))} s"
    return f"; try again in {round(wait_s / 60)} min"


def _slug(kind: str | None) -> str:
    """The vendor's type, if it is a slug at all: it goes to clients as it is."""
    return kind if kind and re.fullmatch(r"[a-z_]{1,64}", kind) else "api_error"
