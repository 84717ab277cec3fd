"""``manage.py tail``."""

import asyncio
import importlib
import json
from contextlib import asynccontextmanager
from io import StringIO

import pytest
from django.core.management import CommandError
from django.core.management.color import no_style
from django.db import OperationalError

from streams.eventlog import append, reset
from streams.management.commands import tail
from streams.models import Event, Topic
from streams.publishing import apublish
from streams.wire.event import NewEvent
from tests.harness.waiting import aeventually


def fill(count):
    return append("orders", [NewEvent(f'{{"n":{number}}}', "update") for number in range(1, count + 1)])


class Tail:
    """A command that runs in the test's loop; its lines so far."""

    def __init__(self):
        self.out, self.err = StringIO(), StringIO()
        self.command = tail.Command(stdout=self.out, stderr=self.err, no_color=True)
        self.command.style = no_style()

    @property
    def lines(self):
        return self.out.getvalue().splitlines()


@asynccontextmanager
async def tailing(topic="orders", wish="-10", *, as_json=False):
    run = Tail()
    run.task = asyncio.create_task(run.command._run(topic, wish, as_json=as_json))
    try:
        yield run
    finally:
        run.task.cancel()
        await asyncio.wait([run.task])


async def test_prints_the_last_events_and_then_those_that_come(hub):
    done = await hub.gateway.run(fill, 12)
    async with tailing() as run:
        await aeventually(lambda: len(run.lines) == 10)
        await apublish("orders", "new")
        await aeventually(lambda: len(run.lines) == 11)
    time, event_id, event_type, data = run.lines[0].split(" ", 3)
    assert (event_id, event_type, data) == (done.ids[2], "update", '{"n":3}')
    assert time.endswith("Z")
    assert run.lines[-1].endswith('-13 message "new"')


@pytest.mark.parametrize(("wish", "first"), [("earliest", 1), ("-2", 4), ("3", 4)])
async def test_begins_where_it_is_told_to(hub, wish, first):
    await hub.gateway.run(fill, 5)
    async with tailing(wish=wish) as run:
        await aeventually(lambda: len(run.lines) == 6 - first)
    assert run.lines[0].endswith(f'{{"n":{first}}}')


async def test_prints_json_that_programs_can_read(hub):
    done = await hub.gateway.run(fill, 1)
    async with tailing(as_json=True) as run:
        await aeventually(lambda: run.lines)
    line = json.loads(run.lines[0])
    assert line == {"id": done.ids[0], "type": "update", "time": line["time"], "data": {"n": 1}}


async def test_a_gap_is_told_on_standard_error(hub):
    await hub.gateway.run(fill, 5)
    await hub.gateway.run(lambda: Event.objects.filter(seq__lte=3).delete())
    async with tailing(wish="1") as run:
        await aeventually(lambda: len(run.lines) == 2)
        assert run.err.getvalue() == "gap: trimmed, lost 2\n"
        await hub.gateway.run(reset, "orders")
        await aeventually(lambda: "gap: epoch" in run.err.getvalue())


async def test_a_database_that_goes_away_is_waited_for_and_nothing_is_missed_or_doubled(make_hub, monkeypatch):
    monkeypatch.setattr(tail, "RETRY_S", 0.05)
    hub = await make_hub(log_page_events=2)
    await hub.gateway.run(fill, 10)
    module, failures = importlib.import_module("streams.hub.hub"), []
    real = module.read_page

    def fail_now_and_then(name, topic_id, after, **limits):
        if after in (4, 8) and failures.count(after) < 2:
            failures.append(after)
            raise OperationalError("gone")
        return real(name, topic_id, after, **limits)

    monkeypatch.setattr(module, "read_page", fail_now_and_then)
    async with tailing(wish="earliest") as run:
        await aeventually(lambda: len(run.lines) == 10)
        await apublish("orders", "new")
        await aeventually(lambda: len(run.lines) == 11)
    assert failures == [4, 4, 8, 8]
    assert [line.split()[1].split("-")[1] for line in run.lines] == [str(seq) for seq in range(1, 12)]
    assert run.err.getvalue().count("the database does not answer; try again; again in 0.05 s") == 4


async def test_a_database_that_is_away_at_the_start_is_waited_for_too(hub, monkeypatch):
    monkeypatch.setattr(tail, "RETRY_S", 0.05)
    await hub.gateway.run(fill, 3)
    module, calls = importlib.import_module("streams.hub.hub"), []
    real = module.read_head

    def fail_at_first(name):
        calls.append(name)
        if len(calls) < 3:
            raise OperationalError("gone")
        return real(name)

    monkeypatch.setattr(module, "read_head", fail_at_first)
    async with tailing() as run:
        await aeventually(lambda: len(run.lines) == 3)


async def test_a_missing_topic_is_said(hub):
    async with tailing("nowhere") as run:
        with pytest.raises(CommandError, match="no topic 'nowhere'"):
            await run.task


async def test_a_topic_that_is_deleted_ends_it_with_a_word(hub):
    await hub.gateway.run(fill, 1)
    async with tailing() as run:
        await aeventually(lambda: run.lines)
        await hub.gateway.run(lambda: Topic.objects.all().delete())
        with pytest.raises(CommandError):
            await run.task
