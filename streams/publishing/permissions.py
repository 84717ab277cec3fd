"""Who may read and who may publish: decisions as functions, asked by every technique."""

from streams.errors import Forbidden, NoSuchTopic, NotSignedIn
from streams.models import Topic, Visibility
from streams.publishing.identity import Identity
from streams.publishing.tokens import allows


def may_read(*, who: Identity, topic: Topic) -> bool:
    """Whether ``who`` may read the topic."""
    if topic.visibility == Visibility.PUBLIC or who.staff:
        return True
    if who.token is not None:
        return allows(who.token.read, topic.name)
    return topic.visibility == Visibility.MEMBERS and who.known


def check_read(*, who: Identity, topic: Topic | None, name: str) -> Topic:
    """The topic; a missing one and one that may not be read answer alike.

    Raises NoSuchTopic; NotSignedIn where signing in might help.
    """
    if topic is not None and may_read(who=who, topic=topic):
        return topic
    if who.kind == "nobody":
        raise NotSignedIn("sign in, or send a bearer token, to read topics here")
    raise NoSuchTopic(f"no topic {name!r} that you may read")


def topic_to_read(who: Identity, name: str) -> Topic:
    """The topic ``name`` from the database, if ``who`` may read it; raises as ``check_read``."""
    return check_read(who=who, topic=Topic.objects.filter(name=name).first(), name=name)


def may_publish(*, who: Identity, name: str) -> bool:
    """Whether ``who`` may publish to a topic of that name, which need not exist yet."""
    return who.may_publish if who.token is None else allows(who.token.publish, name)


def check_publish(*, who: Identity, name: str) -> None:
    """Raise NotSignedIn or Forbidden unless ``who`` may publish to ``name``."""
    if may_publish(who=who, name=name):
        return
    if who.kind in ("nobody", "guest"):
        raise NotSignedIn("publishing needs a bearer token with a publish scope, or an account that may publish")
    raise Forbidden(f"{who.name} may not publish to {name}")
