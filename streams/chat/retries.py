"""Whether a call that failed is tried again, when, and what is told if it is not."""

from collections.abc import Callable
from datetime import datetime, timedelta

from streams.conf import StreamSettings
from streams.errors import GenerationFailed

JITTER = 0.25  # of a wait, by chance: those who failed together do not come back together


def wait_s(
    error: GenerationFailed, *, attempt: int, settings: StreamSettings, random: Callable[[], float]
) -> float | None:
    """Seconds until the next call after the ``attempt``-th has failed before it brought anything; None: no further.

    As long as the vendor asks for, where it says so and that is not too long; else longer each time.
    """
    if not error.retryable or attempt >= settings.generation_attempts:
        return None
    if error.retry_after_s is not None:
        return error.retry_after_s if error.retry_after_s <= settings.max_retry_wait_s else None
    wait = settings.generation_retry_s * 2.0 ** (attempt - 1) * (1 + JITTER * random())
    return min(wait, settings.max_retry_wait_s)


def told(error: GenerationFailed, *, now: datetime, settings: StreamSettings) -> GenerationFailed:
    """The failure in words that stay true: a wait too long to be waited here is told as the time of its end."""
    wait = error.retry_after_s
    if not error.retryable or wait is None or wait <= settings.max_retry_wait_s:
        return error
    until = now + timedelta(seconds=wait)
    what = "rate limit" if error.kind == "rate_limit_error" else f"{error}; Claude's API asks to wait"
    text = f"{what} until {until:%H:%M} UTC" if wait < 86_400 else f"{what} until {until:%Y-%m-%d %H:%M} UTC"
    return GenerationFailed(
        error.kind, text, retryable=True, request_id=error.request_id, retry_after_s=error.retry_after_s
    )
