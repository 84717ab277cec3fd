"""Invitation links: a secret that lets whoever has it, and an account, into one room. Touches the database."""

import secrets

from django.db import transaction

from streams.chat.members import NO_INVITATION, join
from streams.chat.roles import check_commands
from streams.errors import Conflict, NotFound, NotSignedIn
from streams.models import Room, RoomKind
from streams.publishing import Identity

PREFIX = "si_"  # by which the log knows that it is a secret
SECRET_BYTES = 24  # nobody guesses it, so it may be looked up


@transaction.atomic
def renew_invitation(room: Room, by: Identity) -> str:
    """A new secret, which makes the one before it void. Raises Forbidden, Conflict for other kinds of rooms."""
    check_commands(room, by)
    if room.kind != RoomKind.INVITATION:
        raise Conflict(f"{room.title} is {room.kind}: it needs no invitation")
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    Room.objects.filter(pk=room.pk).update(invitation=secret)
    return secret


def withdraw_invitation(room: Room, by: Identity) -> None:
    """From now on the link leads nowhere; whoever came in by it stays. Raises Forbidden."""
    check_commands(room, by)
    Room.objects.filter(pk=room.pk).update(invitation="")


def invited_to(secret: str) -> Room:
    """The room into which the secret leads. Raises NotFound."""
    room = Room.objects.select_related("topic").filter(invitation=secret, kind=RoomKind.INVITATION).first()
    if not secret or room is None:
        raise NotFound(NO_INVITATION)
    return room


def accept(who: Identity, secret: str) -> Room:
    """Come in. Raises NotFound, NotSignedIn, Forbidden for whoever was removed, LimitReached."""
    room = invited_to(secret)
    if who.kind != "user":
        raise NotSignedIn("sign in to accept an invitation")
    join(room, who, secret=secret)
    return room
