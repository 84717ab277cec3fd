"""What a fresh install needs: tables, the topics and the room that everybody meets first, and somebody who may all."""

import secrets

from django.contrib.auth import get_user_model
from django.core.management import call_command

from streams.chat.rooms import ensure_room
from streams.connections.own_topics import ensure_own_topics

ADMIN = "admin"


def set_up() -> str | None:
    """Migrate, and make what is missing; the password of the superuser ``admin`` if one had to be made.

    Idempotent: a second call changes nothing.
    """
    call_command("migrate", interactive=False, verbosity=0)
    ensure_own_topics()
    ensure_room("lobby", title="Lobby", description="Where everybody arrives")
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser(ADMIN, password=password)
    return password
