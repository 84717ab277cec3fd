"""The vital signs: published once a second by one process, whichever it is."""

import asyncio
import json
import threading

import pytest

from streams.connections import Connection, claim_lease, keep_trimmed, publish_vitals, registry
from streams.connections.vitals import LEASE, TOPIC, VitalSigns
from streams.eventlog import Gateway, append
from streams.models import Event, Lease, Topic
from streams.publishing import apublish
from streams.publishing.identity import NOBODY
from streams.wire.event import NewEvent
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NUMBERS = {
    "cpu_percent",
    "resident_bytes",
    "load_1m",
    "tasks",
    "events_in_per_s",
    "events_out_per_s",
    "loop_lag_ms",
}


async def test_the_signs_are_numbers_with_their_units_and_connections_by_technique(hub):
    signs = VitalSigns(hub)
    with registry.opened(Connection("sse", NOBODY)):
        read = signs.read(loop_lag_s=0.0123)
    assert set(read) == NUMBERS | {"connections"}
    assert read["connections"]["sse"] == 1
    assert {"sse", "websocket", "chat"} <= read["connections"].keys(), "those that nobody uses are told too"
    assert read["loop_lag_ms"] == 12.3
    assert read["resident_bytes"] > 10_000_000
    assert all(isinstance(read[name], int | float) and read[name] >= 0 for name in NUMBERS)
    json.dumps(read, allow_nan=False)


async def test_rates_are_over_the_time_since_the_last_reading(hub):
    signs = VitalSigns(hub)
    for _ in range(5):
        await apublish("orders", 1)
    assert signs.read(loop_lag_s=0)["events_in_per_s"] > 0
    assert signs.read(loop_lag_s=0)["events_in_per_s"] == 0


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
    assert set(json.loads(reader.events[0].data)) > NUMBERS
    assert await hub.gateway.run(Lease.objects.count) == 0


class Process(Gateway):
    """The gateway of another process: what runs in it has that process's name."""

    here = threading.local()

    def __init__(self, name):
        super().__init__(threads=1, timeout_s=20)
        self._name = name

    async def run(self, function, *args, **kwargs):
        def named():
            self.here.name = self._name
            return function(*args, **kwargs)

        return await super().run(named)


@pytest.fixture
def two_processes(monkeypatch):
    """The name of a process is that of the gateway by which it is asked."""
    monkeypatch.setattr("streams.connections.lease.process_name", lambda: Process.here.name)


async def test_of_two_processes_one_publishes_and_the_other_takes_over(make_hub, two_processes, monkeypatch):
    hub = await make_hub(vitals_every_s=0.05)
    read_by = []

    def read(self, *, loop_lag_s):
        read_by.append(self._hub.name)
        return {}

    monkeypatch.setattr(VitalSigns, "read", read)

    class Other:
        """A hub of another process, as far as vital signs look at it."""

        def __init__(self, name):
            self.name, self.gateway = name, Process(name)
            self.loop, self.settings = hub.loop, hub.settings
            self.events_in = self.events_out = 0

    first, second = Other("first"), Other("second")
    tasks = {one.name: asyncio.create_task(publish_vitals(one)) for one in (first, second)}
    await aeventually(lambda: len(read_by) >= 4)
    assert len(set(read_by)) == 1, "one holds it and renews it"
    holder = read_by[0]
    tasks[holder].cancel()
    await asyncio.wait([tasks[holder]])
    before = len(read_by)
    await aeventually(lambda: len(read_by) >= before + 2)
    assert set(read_by[before:]) == {"first", "second"} - {holder}
    for task in tasks.values():
        task.cancel()
    await asyncio.wait(tasks.values())
    for one in (first, second):
        one.gateway.close()


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
