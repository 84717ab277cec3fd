"""One's own tokens: made, listed, revoked. What such a token may is decided in ``publishing``, each time it asks."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from streams.conf import get_settings
from streams.errors import Conflict, Forbidden, LimitReached, NotFound
from streams.models import Token
from streams.publishing import create_token

MAX_LISTED = 100
DAY_S = 86_400


def may_publish(user: Any) -> bool:
    """Whether ``user`` may publish, and so may their tokens."""
    return bool(user.has_perm("streams.add_event"))


def may_upload(user: Any) -> bool:
    """Whether ``user`` may add files, and so may their tokens that may have files."""
    return bool(user.has_perm("streams.add_file"))


def tokens_of(user: Any) -> tuple[list[Token], list[Token]]:
    """The person's tokens, the newest first: those that are good, and the last of those that are no more."""
    mine, now = Token.objects.filter(user=user).order_by("-created_at", "-pk"), timezone.now()
    good = mine.good(now)
    return list(good), list(mine.exclude(pk__in=good.values("pk"))[:MAX_LISTED])


@transaction.atomic
def make_token(
    user: Any,
    *,
    name: str,
    read: Sequence[str] = (),
    publish: Sequence[str] = (),
    chat: bool = False,
    files: bool = False,
    days: int | None = None,
) -> tuple[Token, str]:
    """A token of the person's own, and its text; days: how long it is good, None for ever.

    Raises Forbidden for what the person may not do, LimitReached, Conflict where a good one has that name already (a
    form that is sent twice makes one token), and as ``create_token``.
    """
    if publish and not may_publish(user):
        raise Forbidden(f"{user.get_username()} may not publish, and so may no token of theirs")
    get_user_model().objects.select_for_update().get(pk=user.pk)  # one after the other, or the limit would not hold
    now, limit = timezone.now(), get_settings().max_tokens_per_user
    names = set(Token.objects.filter(user=user).good(now).values_list("name", flat=True))
    if name in names:
        raise Conflict(f"you have a token with the name {name!r}; revoke it, or choose another name")
    if len(names) >= limit:
        raise LimitReached(f"you have {len(names)} tokens (limit {limit}); revoke one that is not needed any more")
    return create_token(
        name=name,
        read=list(read),
        publish=list(publish),
        chat=chat,
        files=files,
        expires_at=None if days is None else now + timedelta(seconds=days * DAY_S),
        user=user,
    )


def token_of(user: Any, pk: int) -> Token:
    """A token of the person's own; another's is like a missing one. Raises NotFound."""
    token = Token.objects.filter(user=user, pk=pk).first()
    if token is None:
        raise NotFound(f"no token {pk} of yours")
    return token


def revoke_token(token: Token) -> None:
    """It is no good from now on; its streams end at the next recheck. A second time changes nothing."""
    Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
