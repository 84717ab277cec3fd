"""Who is in a room: what is said of it in the topic ``room:<slug>:live``, and when.

Every process that has readers of a room looks once a second: at the rows of all live connections, and at its own, of
which some are not written yet. It says what differs from what was said last, and under the topic's lock, so that
several processes say it once. Whoever is missing is held for ``GRACE_S``: a page that is loaded again is not away, and
what one process has said of somebody whose row is still to come is not taken back by another. The people of a process
that died leave when its lease ends.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from streams.connections import registry
from streams.hub import Hub
from streams.models import Event, LiveConnection, Topic
from streams.publishing import publish
from streams.wire.event import event_id
from streams.wire.names import ROOM, room_of, room_topics

BEAT_S = 1.0
GRACE_S = 2.0
VERIFY_EVERY = 5  # beats: what others said, and what was trimmed since
LINGER_S = 10.0  # a room is looked after for so long behind its last reader here: longer than GRACE_S
MAX_SHARE = 0.02  # of the time of one thread: with very many connections the beat gets slower,
MAX_PAUSE_S = 5.0  # but never as slow as to seem untrue
SHOWN = 50
PRESENCE = "presence"
KINDS = ("user", "guest")  # tokens read too, but nobody sits there

People = Mapping[str, tuple[str, str]]  # id: (name, kind)


def told(people: People) -> dict[str, Any]:
    """``{"people": [{"id", "name", "kind"}], "count"}``: by name, ``SHOWN`` of them at most."""
    first = sorted((name, key, kind) for key, (name, kind) in people.items())[:SHOWN]
    return {"people": [{"id": key, "name": name, "kind": kind} for name, key, kind in first], "count": len(people)}


def _heard(data: str | None) -> tuple[dict[str, Any] | None, People]:
    """What was said, and of whom; None where it was nothing, or by somebody else and of another shape."""
    if data is None:
        return None, {}
    try:
        said = json.loads(data)
        return said, {one["id"]: (one["name"], one["kind"]) for one in said["people"]}
    except (KeyError, TypeError):
        return None, {}


class Attendance:
    """What this process knows of one room. said: by whomever, None where it must be read; read_at: loop time."""

    def __init__(self) -> None:
        self.said: dict[str, Any] | None = None
        self.read_at = 0.0
        self._known: People = {}
        self._missing_since: dict[str, float] = {}

    def heard(self, data: str | None) -> None:
        """Take what the log says was said last."""
        self.said, self._known = _heard(data)

    def wanted(self, seen: People, now: float) -> dict[str, Any]:
        """What is to be said: those who are seen, and those said before who are missing for less than ``GRACE_S``."""
        missing = {key: self._missing_since.get(key, now) for key in self._known if key not in seen}
        self._missing_since = missing
        held = {key: self._known[key] for key, since in missing.items() if now - since < GRACE_S}
        return told({**held, **seen})


def people_here() -> dict[str, dict[str, tuple[str, str]]]:
    """The people of this process by room; a room that only others read has none. In the loop."""
    rooms: dict[str, dict[str, tuple[str, str]]] = {}
    for connection in registry:
        for slug in _logs(connection.topics):
            people, who = rooms.setdefault(slug, {}), connection.who
            if who.kind in KINDS and who.is_one:
                people[who.id] = (who.name, who.kind)
    return rooms


def _logs(topics: Iterable[str]) -> Iterable[str]:
    """The slugs of the rooms whose logs are among them."""
    for name in topics:
        slug = room_of(name)
        if slug is not None and name == room_topics(slug)[0]:
            yield slug


def people_everywhere() -> dict[str, dict[str, tuple[str, str]]]:
    """The people of all processes by room, as far as they are written. One query; touches the database."""
    rooms: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    live = LiveConnection.objects.live(timezone.now()).filter(topics__contains=f" {ROOM}", who_kind__in=KINDS)
    for topics, who_id, name, kind in live.order_by().values_list("topics", "who_id", "who_name", "who_kind"):
        if who_id:
            for slug in _logs(topics.split()):
                rooms[slug][who_id] = (name, kind)
    return rooms


def _with_last_said(topics: QuerySet[Topic]) -> QuerySet[Any]:
    newest = Event.objects.filter(topic=OuterRef("pk"), type=PRESENCE).order_by("-seq")
    return topics.annotate(said=Subquery(newest.values("data")[:1]))


def last_said(slugs: Iterable[str]) -> dict[str, str | None]:
    """What was said last in each room, as JSON text; None where nothing is kept. Touches the database."""
    names = {room_topics(slug)[1]: slug for slug in slugs}
    topics = _with_last_said(Topic.objects.filter(name__in=names))
    return {names[name]: said for name, said in topics.values_list("name", "said")}


def people_said(slug: str) -> dict[str, str]:
    """The names of those of whom it was said last that they are here, by their ids. Touches the database."""
    _, people = _heard(last_said([slug]).get(slug))
    return {key: name for key, (name, _) in people.items()}


@transaction.atomic
def say(slug: str, attendance: Attendance, seen: People, now: float) -> None:
    """Say who is here unless it is said; a topic that is missing is not made. Touches the database."""
    topic = Topic.objects.select_for_update().filter(name=room_topics(slug)[1]).first()
    if topic is None:
        return
    newest = Event.objects.filter(topic=topic, type=PRESENCE).order_by("-seq").values_list("data", flat=True).first()
    attendance.heard(newest)
    wanted = attendance.wanted(seen, now)
    if wanted != attendance.said:
        publish(topic.name, wanted, type=PRESENCE)
        attendance.heard(json.dumps(wanted))


def present_in(slug: str) -> dict[str, Any]:
    """``{"people", "count", "position"}``: who is here, and the position in the topic for what passes to read on from.

    What was said last, or where nothing is kept of that, what is written of the connections. Touches the database.
    """
    topic = _with_last_said(Topic.objects.filter(name=room_topics(slug)[1])).first()
    said, _ = _heard(None if topic is None else topic.said)
    people = told(people_everywhere().get(slug, {})) if said is None else said
    return people | {"position": None if topic is None else event_id(topic.epoch, topic.head)}


async def keep_present(hub: Hub) -> None:
    """Say who is in the rooms that are read here, for ever; asks nothing while none is. Raises Unavailable."""
    rooms: dict[str, Attendance] = {}
    pause_s, beats = BEAT_S, 0
    while True:
        await asyncio.sleep(pause_s)
        started = hub.loop.time()
        await beat(hub, rooms, verify=beats % VERIFY_EVERY == 0)
        beats += 1
        pause_s = min(MAX_PAUSE_S, max(BEAT_S, (hub.loop.time() - started) / MAX_SHARE))


async def beat(hub: Hub, rooms: dict[str, Attendance], *, verify: bool) -> None:
    """Look once, and say what has changed. Raises Unavailable."""
    now, here = hub.loop.time(), people_here()
    for slug in here:
        rooms.setdefault(slug, Attendance()).read_at = now
    for slug in [slug for slug, one in rooms.items() if now - one.read_at > LINGER_S]:
        del rooms[slug]
    if not rooms:
        return
    everywhere = await hub.gateway.run(people_everywhere)
    if verify:
        for slug, data in (await hub.gateway.run(last_said, list(rooms))).items():
            rooms[slug].heard(data)
    for slug, attendance in rooms.items():
        seen = {**everywhere.get(slug, {}), **here.get(slug, {})}
        if attendance.said is None or attendance.wanted(seen, now) != attendance.said:
            await hub.gateway.run(say, slug, attendance, seen, now)
