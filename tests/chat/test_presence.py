"""Who is in a room: said once, by whichever process sees it, and held over a page that loads again."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from streams.chat import presence
from streams.chat.presence import GRACE_S, SHOWN, Attendance, beat, people_everywhere, present_in, told
from streams.chat.rooms import ensure_room
from streams.connections.connection import Connection
from streams.connections.registry import registry
from streams.models import Event, LiveConnection, Process, Topic
from streams.publishing import Identity, publish
from tests.chat.saying import do

ANN = Identity("user", "u:1", "Ann", user_id=1)
BEN = Identity("guest", "g:aa", "Ben")
ROBOT = Identity("token", "t:1", "robot")
READS = ("room:lobby", "room:lobby:live")


@pytest.fixture
async def room(hub):
    return await hub.gateway.run(lambda: ensure_room("lobby", title="Lobby"))


def elsewhere(*people, lease_s=60, topics=READS):
    """Rows of another process, in which these people read."""
    now = timezone.now()
    other, _ = Process.objects.update_or_create(
        name="other:1:abcd",
        defaults={
            "server": "Daphne",
            "started_at": now,
            "renewed_at": now,
            "expires_at": now + timedelta(seconds=lease_s),
        },
    )
    LiveConnection.objects.all().delete()
    for number, who in enumerate(people):
        LiveConnection.objects.create(
            id=f"{number:016x}",
            process=other,
            technique="sse",
            who_id=who.id,
            who_name=who.name,
            who_kind=who.kind,
            topics=f" {' '.join(topics)} ",
            opened_at=datetime.now(UTC),
        )


def said():
    """What was said, as lists of names."""
    events = Event.objects.filter(topic__name="room:lobby:live", type="presence").order_by("seq")
    return [[one["name"] for one in json.loads(event.data)["people"]] for event in events]


class Here:
    """A process of this test: its people, and a beat at a time that the test says."""

    def __init__(self, hub):
        self.hub, self.rooms, self.now = hub, {}, 1_000.0

    async def beat(self, *, after_s=0.0, verify=False):
        self.now += after_s
        hub = SimpleNamespace(loop=SimpleNamespace(time=lambda: self.now), gateway=self.hub.gateway)
        await beat(hub, self.rooms, verify=verify)
        return await self.hub.gateway.run(said)


def reading(who, topics=READS):
    return registry.opened(Connection("websocket", who, topics=topics))


async def test_who_comes_and_goes_is_said_once_and_a_reload_not_at_all(hub, room):
    one = Here(hub)
    assert await one.beat() == []
    with reading(ANN), reading(ANN), reading(ROBOT):
        assert await one.beat() == [["Ann"]]
        assert await one.beat(after_s=1) == [["Ann"]]
        with reading(BEN):
            assert await one.beat(after_s=1) == [["Ann"], ["Ann", "Ben"]]
        assert len(await one.beat(after_s=1)) == 2, "away for less than the grace"
        with reading(BEN):
            await one.beat(after_s=1)
        assert len(await one.beat(after_s=GRACE_S - 0.1)) == 2, "the grace begins anew"
        assert (await one.beat(after_s=GRACE_S))[-1] == ["Ann"]
    await one.beat(after_s=1)
    assert (await one.beat(after_s=GRACE_S))[-1] == [], "said although nobody reads here any more"
    await one.beat(after_s=presence.LINGER_S)
    assert one.rooms == {}


async def test_two_processes_say_it_once_and_do_not_take_back_what_the_other_said(hub, room):
    one, other = Here(hub), Here(hub)
    with reading(ANN):
        await one.beat()
        await hub.gateway.run(elsewhere, BEN)
        assert await one.beat(after_s=1) == [["Ann"], ["Ann", "Ben"]]
        assert len(await other.beat(after_s=1)) == 2
    await hub.gateway.run(elsewhere)
    with reading(ANN):
        await other.beat()
        assert (await other.beat(after_s=GRACE_S))[-1] == ["Ann"]
        assert (await one.beat(after_s=3, verify=True))[-1] == ["Ann"]
        assert len(await one.beat(after_s=1)) == 3


async def test_the_people_of_a_process_that_died_leave_with_its_lease(hub, room):
    one = Here(hub)
    with reading(ANN):
        await hub.gateway.run(elsewhere, BEN)
        assert (await one.beat())[-1] == ["Ann", "Ben"]
        await hub.gateway.run(lambda: elsewhere(BEN, lease_s=-1))
        await one.beat(after_s=1)
        assert (await one.beat(after_s=GRACE_S))[-1] == ["Ann"]


async def test_only_the_readers_of_the_log_are_there_and_nobody_without_a_name(hub, room):
    one = Here(hub)
    await hub.gateway.run(lambda: elsewhere(BEN, topics=("room:lobby:live", "room:lobby-2")))
    with reading(ANN, ("room:lobby:live",)), reading(Identity("guest", "g:anonymous", "Guest")), reading(ROBOT):
        assert await one.beat() == [[]]


async def test_a_beat_asks_nothing_without_readers_and_one_thing_with_a_hundred_rooms(hub, room, monkeypatch):
    asked = []
    real = hub.gateway.run

    async def run(function, *args):
        asked.append(function.__name__)
        return await real(function, *args)

    monkeypatch.setattr(hub.gateway, "run", run)
    one = Here(hub)
    await beat(hub, one.rooms, verify=True)
    assert asked == []
    with reading(ANN, tuple(f"room:r{number}" for number in range(100))):
        await beat(hub, one.rooms, verify=False)
        for attendance in one.rooms.values():
            attendance.heard(json.dumps(told({ANN.id: (ANN.name, ANN.kind)})))
        asked.clear()
        await beat(hub, one.rooms, verify=False)
        assert asked == ["people_everywhere"]


async def test_a_topic_that_is_missing_is_not_made_for_everybody_to_read(hub, transactional_db):
    with reading(ANN, ("room:nowhere",)):
        await Here(hub).beat()
    assert not await hub.gateway.run(Topic.objects.exists)


async def test_what_is_trimmed_is_said_again_and_what_others_published_is_not_believed(hub, room):
    one = Here(hub)
    with reading(ANN):
        await one.beat()
        await hub.gateway.run(Event.objects.all().delete)
        assert await one.beat(after_s=5, verify=True) == [["Ann"]]
        await hub.gateway.run(lambda: publish("room:lobby:live", [7], type="presence"))
        await beat(hub, {}, verify=True)
        assert await hub.gateway.run(lambda: present_in("lobby")["people"]) == [ANN.as_author()]


async def test_a_page_that_opens_is_told_who_is_here_and_where_to_read_on(hub, room):
    await hub.gateway.run(elsewhere, BEN)
    before = await hub.gateway.run(present_in, "lobby")
    assert [one["name"] for one in before["people"]] == ["Ben"], "nothing was said: what is written of the connections"
    with reading(ANN):
        await Here(hub).beat()
    after = await hub.gateway.run(present_in, "lobby")
    assert ([one["name"] for one in after["people"]], after["count"]) == (["Ann", "Ben"], 2)
    epoch = await hub.gateway.run(lambda: Topic.objects.get(name="room:lobby:live").epoch)
    assert (before["position"], after["position"]) == (f"{epoch}-0", f"{epoch}-1")
    assert await hub.gateway.run(people_everywhere) == {"lobby": {BEN.id: ("Ben", "guest")}}


def test_of_very_many_some_are_named_and_all_are_counted():
    attendance = Attendance()
    crowd = {f"u:{number}": (f"person {number:03}", "user") for number in range(SHOWN + 7)}
    wanted = attendance.wanted(crowd, 0.0)
    assert (len(wanted["people"]), wanted["count"]) == (SHOWN, SHOWN + 7)
    attendance.heard(json.dumps(wanted))
    assert attendance.wanted(crowd, 1.0) == wanted


async def test_typing_is_told_at_most_every_three_seconds(make_hub):
    hub = await make_hub(guests=1)
    room = await hub.gateway.run(lambda: ensure_room("lobby", title="Lobby"))
    runner = SimpleNamespace(hub=hub)
    for who in (ANN, ANN, BEN, ANN):
        assert await do(runner, room, Identity(who.kind, who.id, who.name, by_cookie=True), "typing") == {}
    events = await hub.gateway.run(lambda: [json.loads(e.data) for e in Event.objects.filter(type="typing")])
    assert [event["person"]["name"] for event in events] == ["Ann", "Ben"]
