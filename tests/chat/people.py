"""Identities as requests of people would have them."""

from django.contrib.auth.models import AnonymousUser, User

from streams.publishing import create_token, identify


def user(name, **fields):
    """The identity of a user who is made, or made before."""
    found = User.objects.filter(username=name).first() or User.objects.create_user(name, **fields)
    return identify(found, None, {})


def guest(key="aa11", name="Amber Fox"):
    """A guest with a session."""
    return identify(AnonymousUser(), {"streams_guest": {"id": key, "name": name}}, {})


def token(name="robot", of=None, **scopes):
    """The identity of a new token, of a user's name or of nobody."""
    owner = User.objects.get(username=of) if of else None
    _, text = create_token(name=name, user=owner, **scopes)
    return identify(None, None, {"authorization": f"Bearer {text}"})
