"""The vital signs: published once a second by one process, whichever it is."""

import asyncio
import json

from django.utils import timezone

from streams.connections import Connection, claim_lease, keep_trimmed, process_name, publish_vitals, registry
from streams.connections.sums import PUBLIC, SUMMED, WORST
from streams.connections.vitals import LEASE, OPERATION, TOPIC, short_name
from streams.eventlog import append
from streams.models import Event, Lease, Process, Topic, Visibility
from streams.publishing import Identity
from streams.wire.event import NewEvent
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

ANN = Identity("user", "u:7", "Ann")


async def test_they_are_published_again_and_again_and_the_lease_is_given_back(make_hub):
    hub = await make_hub(vitals_every_s=0.05)
    await hub.gateway.run(lambda: Topic.objects.create(name=TOPIC))
    async with reading(hub, TOPIC) as reader:
        task = asyncio.create_task(publish_vitals(hub))
        await aeventually(lambda: len(reader.events) >= 3)
        assert await hub.gateway.run(Lease.objects.filter(name=LEASE).count) == 1
        task.cancel()
        await asyncio.wait([task])
    assert {event.type for event in reader.events} == {"vitals"}
    vitals = json.loads(reader.events[-1].data)
    (process,) = vitals.pop("processes")
    assert vitals.keys() >= set(SUMMED) | set(WORST) | {"connections", "latency_p50_ms", "claude"}
    assert process.pop("name") == short_name(process_name())
    assert process.pop("state") == "serving"
    assert 0 <= process.pop("age_s") < 60
    assert process.keys() == set(PUBLIC), "members see numbers of a process, and nothing else"
    assert await hub.gateway.run(Lease.objects.count) == 0
    assert not await hub.gateway.run(Process.objects.alive(timezone.now()).exists), "and so is that of the process"


async def test_what_only_the_staff_may_see_goes_to_a_private_topic(make_hub):
    hub = await make_hub(vitals_every_s=0.02)
    registry.take_closed()
    with registry.opened(Connection("sse", ANN)) as connection:
        connection.close_reason = "lagged"
    task = asyncio.create_task(publish_vitals(hub))
    topic = await aeventually(lambda: hub.gateway.run(Topic.objects.filter(name=OPERATION, head__gt=0).first))
    task.cancel()
    await asyncio.wait([task])
    assert topic.visibility == Visibility.PRIVATE
    event = await hub.gateway.run(lambda: Event.objects.filter(topic=topic).latest("seq"))
    (closed,) = json.loads(event.data)["closes"]
    assert (closed["who"], closed["technique"], closed["reason"]) == ("Ann", "sse", "lagged")
    public = await hub.gateway.run(lambda: list(Event.objects.filter(topic__name=TOPIC).values_list("data", flat=True)))
    assert not any("Ann" in data or OPERATION in data for data in public)


async def test_topics_are_trimmed_by_who_holds_the_lease_only(make_hub, monkeypatch):
    hub = await make_hub(trim_every_s=0.05)

    def prepare():
        Topic.objects.create(name="orders", retain_events=2)
        append("orders", [NewEvent("1")] * 10)

    await hub.gateway.run(prepare)
    monkeypatch.setattr("streams.connections.lease.process_name", lambda: "other")
    await hub.gateway.run(lambda: claim_lease("trim", seconds=60))
    monkeypatch.setattr("streams.connections.lease.process_name", lambda: "this")
    claims = []

    def claim(name, *, seconds):
        claims.append(name)
        return claim_lease(name, seconds=seconds)

    monkeypatch.setattr("streams.connections.upkeep.claim_lease", claim)
    task = asyncio.create_task(keep_trimmed(hub))
    await aeventually(lambda: len(claims) >= 3)
    assert await hub.gateway.run(Event.objects.count) == 10
    await hub.gateway.run(lambda: Lease.objects.all().delete())
    await aeventually(lambda: hub.gateway.run(lambda: Event.objects.count() == 2))
    task.cancel()
    await asyncio.wait([task])
