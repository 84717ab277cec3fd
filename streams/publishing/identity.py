"""Who asks: a token, a signed-in user, a guest, or nobody that is known."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.utils import timezone

from streams.conf import guests_allowed
from streams.errors import InvalidInput
from streams.models import Token
from streams.publishing.tokens import verify_token

_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/=-]{1,200})", re.IGNORECASE)
GUEST_KEY = "streams_guest"
ANYBODY = "g:anonymous"  # the id of guests who have no session
ADJECTIVES = "Amber Brisk Calm Clever Coral Dusky Early Gentle Golden Hazel Indigo Ivory Jade Keen Lively Lunar Mellow Misty Noble Olive Pearl Quiet Rapid Rosy Russet Sable Silver Sunny Swift Teal Velvet Warm"  # noqa: E501
ANIMALS = "Badger Bear Crane Dolphin Eagle Falcon Finch Fox Gecko Hare Heron Ibis Jay Kestrel Koala Lark Lynx Marten Moth Otter Owl Panda Puffin Quail Raven Robin Seal Sparrow Stork Swan Tern Wren"  # noqa: E501


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. id: ``u:<pk>``, ``g:<random>``, ``t:<pk>``; ``by_cookie``: a browser may be made to send it unasked.

    session_key: the session that vouches for a user or a guest; None where none does. behind: the user whom a token
    belongs to, as they are by now: it may nothing that they may not.
    """

    kind: Literal["user", "guest", "token", "nobody"]
    id: str
    name: str
    by_cookie: bool = False
    staff: bool = False
    may_publish: bool = False  # the user's permission to publish to any topic
    may_upload: bool = False  # the user's permission, or the token's, to add files
    sees_connections: bool = False  # the user's permission to see who is connected
    token: Token | None = None
    user_id: int | None = None  # of a user who is signed in
    session_key: str | None = None
    behind: "Identity | None" = None

    @property
    def known(self) -> bool:
        """Whether this is a person of the house: signed in, or a guest where guests are let in."""
        return self.kind in ("user", "guest")

    @property
    def is_one(self) -> bool:
        """Whether the id is of one person or token; guests without a session share theirs, and nobody has none."""
        return self.id not in ("", ANYBODY)

    def account(self, address: str) -> str:
        """Whose limits count: this person's or token's; those of the ``address`` where the id is anybody's."""
        return self.id if self.is_one else f"a:{address}"

    @property
    def ids(self) -> tuple[str, ...]:
        """Its id, and that of the user whom a token stands for: what is said of a person is said of their tokens."""
        return (self.id,) if self.behind is None else (self.id, self.behind.id)

    def has_permission(self, permission: str) -> bool:
        """Whether the user who is signed in has it; a token has none. Touches the database."""
        user = None if self.user_id is None else get_user_model().objects.filter(pk=self.user_id).first()
        return user is not None and user.has_perm(permission)

    def as_author(self) -> dict[str, str]:
        """``{"id", "name", "kind"}``: how events tell who did something."""
        return {"id": self.id, "name": self.name, "kind": self.kind}


NOBODY = Identity("nobody", "", "")


def identify(user: Any, session: Any, headers: Mapping[str, str]) -> Identity:
    """Who is behind a request or a socket: the Authorization header wins over the session. Touches the database.

    A guest gets a name that lasts as long as its session. Raises NotSignedIn for a token that is no good, InvalidInput
    for an Authorization header that is no bearer token.
    """
    if header := headers.get("authorization"):
        bearer = _BEARER.fullmatch(header)
        if bearer is None:
            raise InvalidInput("the Authorization header must be 'Bearer TOKEN'")
        token = verify_token(bearer[1])
        return _of_token(token)
    if user is not None and user.is_authenticated:
        return _of_user(user, session)
    if guests_allowed():
        return _guest(session)
    return NOBODY


def identify_again(who: Identity) -> Identity | None:
    """Who that is by now; None if nothing vouches for it any more. Touches the database.

    A token may have been revoked or have expired, a user disabled, signed out or given another password, a session
    ended. What ``who`` may do can have changed too.
    """
    if who.token is not None:
        token = Token.objects.select_related("user").filter(pk=who.token.pk).first()
        return _of_token(token) if token is not None and not token.flaw(timezone.now()) else None
    session = None if who.session_key is None else import_module(settings.SESSION_ENGINE).SessionStore(who.session_key)
    if who.kind == "user":
        user = _user_again(who, session)
        return _of_user(user, session) if user is not None else None
    if who.kind == "guest":
        again = _guest(session) if guests_allowed() else None
        return again if again is not None and again.id == who.id else None
    return who


def _user_again(who: Identity, session: Any) -> Any:
    if session is None and who.user_id is not None:  # signed in by other means than a session
        return get_user_model().objects.filter(pk=who.user_id, is_active=True).first()
    user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]  # all it looks at
    return user if user.pk == who.user_id else None


def _of_token(token: Token) -> Identity:
    behind = None if token.user is None else _of_user(token.user, None)
    may_upload = token.files and (behind is None or behind.may_upload)
    return Identity("token", f"t:{token.pk}", token.name, may_upload=may_upload, token=token, behind=behind)


def _of_user(user: Any, session: Any) -> Identity:
    return Identity(
        "user",
        f"u:{user.pk}",
        user.get_full_name() or user.get_username(),
        by_cookie=True,
        staff=user.is_staff,
        may_publish=user.has_perm("streams.add_event"),
        may_upload=user.has_perm("streams.add_file"),
        sees_connections=user.has_perm("streams.view_liveconnection"),
        user_id=user.pk,
        session_key=getattr(session, "session_key", None),
    )


def _guest(session: Any) -> Identity:
    guest = session.get(GUEST_KEY) if session is not None else None
    if not guest:
        return Identity("guest", ANYBODY, "Guest")
    key = getattr(session, "session_key", None)
    return Identity("guest", f"g:{guest['id']}", guest["name"], by_cookie=True, session_key=key)


def welcome_guest(session: Any) -> None:
    """Give the session of a person without an account an id and a friendly name, once."""
    if not session.get(GUEST_KEY):
        name = f"{secrets.choice(ADJECTIVES.split())} {secrets.choice(ANIMALS.split())}"
        session[GUEST_KEY] = {"id": secrets.token_hex(6), "name": name}
