"""Who may read and who may publish: decisions as functions, asked by every technique."""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import NoReturn, TypeVar

from streams.errors import Forbidden, NoSuchTopic, NotSignedIn
from streams.models import Member, Topic, Visibility
from streams.publishing.identity import Identity, identify_again
from streams.publishing.tokens import allows
from streams.wire.names import OF_PEOPLE, ROOM, is_own, room_of, room_refusal

T = TypeVar("T", bound=Topic)  # with or without annotations


class _Rights:
    """What ``who`` may read; what the database must be asked for is asked once."""

    def __init__(self, who: Identity) -> None:
        self._who, self._person = who, who.behind or who

    @cached_property
    def _named(self) -> set[int]:
        return set(Topic.objects.naming(self._person.user_id).values_list("pk", flat=True))

    @cached_property
    def _removed_from(self) -> set[str]:
        one = self._who.is_one and not self._person.staff
        return set(Member.objects.shut_out(self._who.ids).values_list("room__slug", flat=True)) if one else set()

    def may_read(self, topic: Topic) -> bool:
        room, token = room_of(topic.name), self._who.token
        if topic.name in OF_PEOPLE:  # whatever its visibility says
            named = token is None or allows(token.read, topic.name, exactly=True)
            return named and ((token is not None and self._who.behind is None) or self._person.sees_connections)
        if room is not None and room in self._removed_from:
            return False
        if topic.visibility == Visibility.PUBLIC or _owns(self._who, topic):
            return True
        if token is None:
            return self._open_to_person(topic)
        if self._who.behind is None:
            private_room = room is not None and topic.visibility == Visibility.PRIVATE
            return allows(token.read, topic.name, exactly=private_room)
        return allows(token.read, topic.name) and self._open_to_person(topic)

    def _open_to_person(self, topic: Topic) -> bool:
        person = self._person
        if _owns(person, topic) or person.staff:
            return True
        if topic.visibility == Visibility.MEMBERS:
            return person.known
        return person.user_id is not None and topic.pk in self._named


def readable(*, who: Identity, topics: Iterable[T]) -> Iterator[T]:
    """Those of ``topics`` that ``who`` may read.

    A token that belongs to a user reads what its patterns name and the user may read; one that belongs to nobody reads
    a private room only if a pattern is its very name. Whoever was removed from a room reads neither of its topics,
    unless they are staff. Asks the database once if there is a private topic and the person is a user who is no staff,
    and once if there is a room's. What tells of people's connections is for those of the staff only who may see these
    in the admin.
    """
    rights = _Rights(who)
    return (topic for topic in topics if rights.may_read(topic))


def _owns(who: Identity, topic: Topic) -> bool:
    return bool(topic.owner) and topic.owner == who.id


def may_read(*, who: Identity, topic: Topic) -> bool:
    """Whether ``who`` may read the topic."""
    return any(readable(who=who, topics=[topic]))


def check_read(*, who: Identity, topic: Topic | None, name: str) -> Topic:
    """The topic; a missing one and one that may not be read answer alike, and after the same questions to the database.

    Raises NoSuchTopic; NotSignedIn where signing in might help.
    """
    may = may_read(who=who, topic=topic or _missing(name))
    return topic if topic is not None and may else _refuse(who, name)


def _missing(name: str) -> Topic:
    """What is asked about instead of a topic that there is not."""
    return Topic(name=name, visibility=Visibility.PRIVATE)


def _refuse(who: Identity, name: str) -> NoReturn:
    if who.kind == "nobody":
        raise NotSignedIn("sign in, or send a bearer token, to read topics here")
    raise NoSuchTopic(f"no topic {name!r} that you may read")


def topic_to_read(who: Identity, name: str) -> Topic:
    """The topic ``name`` from the database, if ``who`` may read it; raises as ``check_read``."""
    return check_read(who=who, topic=Topic.objects.filter(name=name).first(), name=name)


def check_topics_to_read(who: Identity, names: Collection[str]) -> None:
    """Raise as ``check_read`` does for the first of ``names`` that ``who`` may not read."""
    there = {topic.name: topic for topic in Topic.objects.filter(name__in=names)}
    may = {topic.name for topic in readable(who=who, topics=[there.get(name) or _missing(name) for name in names])}
    for name in names:
        if name not in there or name not in may:
            _refuse(who, name)


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
    if name.startswith(ROOM) and who.kind != "nobody":
        raise Forbidden(room_refusal(name))
    if may_publish(who=who, name=name):
        return
    if who.kind in ("nobody", "guest"):
        raise NotSignedIn("publishing needs a bearer token with a publish scope, or an account that may publish")
    raise Forbidden(f"{who.name} may not publish to {name}")
