"""Who may read and who may publish: decisions as functions, asked by every technique."""

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import TypeVar

from streams.errors import Forbidden, NoSuchTopic, NotSignedIn
from streams.models import Topic, Visibility
from streams.publishing.identity import Identity, identify_again
from streams.publishing.tokens import allows
from streams.wire.names import OF_PEOPLE, is_own

T = TypeVar("T", bound=Topic)  # with or without annotations


def readable(*, who: Identity, topics: Iterable[T]) -> Iterator[T]:
    """Those of ``topics`` that ``who`` may read.

    A token that belongs to a user reads what its patterns name and the user may read. Asks the database once, and only
    if there is a private topic and the person is a user who is no staff. What tells of people's connections is
    for those of the staff only who may see these in the admin.
    """
    person = who.behind or who

    @cache
    def named() -> set[int]:
        return set(Topic.objects.naming(person.user_id).values_list("pk", flat=True))

    def open_to_person(topic: T) -> bool:
        if _owns(person, topic) or person.staff:
            return True
        if topic.visibility == Visibility.MEMBERS:
            return person.known
        return person.user_id is not None and topic.pk in named()

    for topic in topics:
        if topic.name in OF_PEOPLE:  # whatever its visibility says
            named_by_token = who.token is None or topic.name in who.token.read.split()
            may = named_by_token and ((who.behind is None and who.token is not None) or person.sees_connections)
        elif topic.visibility == Visibility.PUBLIC or _owns(who, topic):
            may = True
        elif who.token is not None:
            may = allows(who.token.read, topic.name) and (who.behind is None or open_to_person(topic))
        else:
            may = open_to_person(topic)
        if may:
            yield topic


def _owns(who: Identity, topic: Topic) -> bool:
    return bool(topic.owner) and topic.owner == who.id


def may_read(*, who: Identity, topic: Topic) -> bool:
    """Whether ``who`` may read the topic."""
    return any(readable(who=who, topics=[topic]))


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


def check_topics_to_read(who: Identity, names: Collection[str]) -> None:
    """Raise as ``check_read`` does for the first of ``names`` that ``who`` may not read."""
    topics = Topic.objects.filter(name__in=names)
    found = {topic.name: topic for topic in readable(who=who, topics=topics)}
    for name in names:
        if name not in found:
            check_read(who=who, topic=None, name=name)


def still_readable(who: Identity, names: Collection[str]) -> set[str] | None:
    """Those of ``names`` that who came as ``who`` may read by now; None if nothing vouches for ``who`` any more.

    A topic that was deleted is not the question here, and counts as readable.
    """
    again = identify_again(who)
    if again is None:
        return None
    topics = list(Topic.objects.filter(name__in=names))
    lost = {topic.name for topic in topics} - {topic.name for topic in readable(who=again, topics=topics)}
    return set(names) - lost


def may_publish(*, who: Identity, name: str) -> bool:
    """Whether ``who`` may publish to a topic of that name, which need not exist yet."""
    if who.token is None:
        return who.may_publish
    return allows(who.token.publish, name) and (who.behind is None or who.behind.may_publish)


def check_publish(*, who: Identity, name: str) -> None:
    """Raise NotSignedIn or Forbidden unless ``who`` may publish to ``name``."""
    if is_own(name) and who.kind != "nobody":
        raise Forbidden(f"only the server itself publishes to {name}")
    if may_publish(who=who, name=name):
        return
    if who.kind in ("nobody", "guest"):
        raise NotSignedIn("publishing needs a bearer token with a publish scope, or an account that may publish")
    raise Forbidden(f"{who.name} may not publish to {name}")
