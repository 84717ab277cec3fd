"""Bearer tokens: 256 random bits, shown once, kept as a SHA-256 digest."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from streams.errors import InvalidInput, NotSignedIn
from streams.models import Token
from streams.wire.names import check_pattern, matches

PREFIX = "st_"
LAST_USED_EVERY = timedelta(minutes=1)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def create_token(
    *,
    name: str,
    publish: list[str] | None = None,
    read: list[str] | None = None,
    chat: bool = False,
    files: bool = False,
    expires_at: datetime | None = None,
    user: Any = None,
) -> tuple[Token, str]:
    """A new token and its text, which nobody can read again. Raises InvalidTopicName (a bad pattern), InvalidInput.

    user: to whom it belongs; then it may nothing that they may not, whatever it says.
    """
    patterns = {"publish": publish or [], "read": read or []}
    for pattern in [*patterns["publish"], *patterns["read"]]:
        check_pattern(pattern)
    words = {scope: " ".join(given) for scope, given in patterns.items()}
    for field, given in {"name": name, **words}.items():
        if len(given) > (limit := Token.max_chars(field)):
            raise InvalidInput(f"{field} of a token has {len(given)} characters (limit {limit})")
    if not chat and not files and not any(patterns.values()):
        raise InvalidInput("a token that may do nothing is of no use: let it publish, read, chat or have files")
    text = PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        name=name, digest=_digest(text), chat=chat, files=files, expires_at=expires_at, user=user, **words
    )
    return token, text


def verify_token(text: str) -> Token:
    """The token whose text this is; records its use once a minute. Raises NotSignedIn.

    The digest is looked up, not the text: how long the comparison takes tells nothing about a token.
    """
    now = timezone.now()
    token = Token.objects.select_related("user").filter(digest=_digest(text)).first()
    if token is None:
        raise NotSignedIn("the bearer token is not known here")
    if flaw := token.flaw(now):
        raise NotSignedIn(f"the bearer token {flaw}")
    if token.last_used_at is None or token.last_used_at < now - LAST_USED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
        Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token


def allows(patterns: str, topic: str, *, exactly: bool = False) -> bool:
    """Whether one of the space-separated patterns matches the topic's name, or ``exactly`` is it."""
    if exactly:
        return topic in patterns.split()
    return any(matches(pattern, topic) for pattern in patterns.split())
