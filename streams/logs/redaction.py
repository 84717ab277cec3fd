"""Secrets don't get into the log: what looks like one, and those that the environment names, are left out of it."""

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

HIDDEN = "[redacted]"
MIN_CHARS = 8  # a secret that is shorter stands in many words by chance
NAMED = ("DJANGO_SECRET_KEY", "ANTHROPIC_API_KEY", "STREAMS_METRICS_TOKEN", "PGPASSWORD", "REDISCLI_AUTH")
WITH_URL = ("DATABASE_URL", "REDIS_URL")

_URL = r"[a-z][a-z0-9+.-]*://[^\s:/@\"']*:(?P<password>[^\s@\"']+)@"
_NAME = r"[\w.-]*(?:token|secret|passw(?:or)?d|passwd|api[_-]?key|session_?id|csrf\w*|signature|authorization)\w*"
_PATTERNS = [
    (re.compile(r"(?i)(\b(?:set-)?cookie\b[\"']?\s*[:=,]\s*b?[\"']?)[^\r\n\"']+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"\bs[ti]_[\w-]{8,}"), HIDDEN),
    (re.compile(r"\bsk-[\w-]{8,}"), HIDDEN),
    (re.compile(r"(?i)([a-z][a-z0-9+.-]*://[^\s:/@\"']*:)[^\s@\"']+(?=@)"), rf"\1{HIDDEN}"),
    (re.compile(rf"(?i)(\b{_NAME}(?:=|%3D)[\"']?)[^\s&;,\"'#)]+"), rf"\1{HIDDEN}"),  # queries, cookies, DSNs
    (re.compile(r"([?&](?:q|find)=)[^\s&\"'#]+"), rf"\1{HIDDEN}"),  # what somebody looks for
    (re.compile(rf"(?i)([\"']{_NAME}[\"']\s*[:,]\s*b?[\"'])[^\"']+"), rf"\1{HIDDEN}"),  # dicts, JSON, headers
]


@cache
def _known() -> re.Pattern[str] | None:
    return known_secrets(os.environ)


def known_secrets(environ: Mapping[str, str]) -> re.Pattern[str] | None:
    """The secrets that ``environ`` holds, wherever they may turn up; None if it has none."""
    values = [environ.get(name, "") for name in NAMED]
    values += [match["password"] for name in WITH_URL if (match := re.match(_URL, environ.get(name, "")))]
    texts = sorted({re.escape(value) for value in values if len(value) >= MIN_CHARS}, key=len, reverse=True)
    return re.compile("|".join(texts)) if texts else None


def redact(text: str) -> str:
    """``text`` without tokens, keys, cookies, passwords in URLs, and the words of searches."""
    known = _known()
    if known is not None:
        text = known.sub(HIDDEN, text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_all(value: Any) -> Any:
    """``value`` with every text in it redacted, whatever it is; what JSON has no word for becomes a text."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {str(name): redact_all(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float) else redact(str(value))
