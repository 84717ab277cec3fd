"""What can't be delivered is told, once, where it is missing, and with the exact number."""

import asyncio

import pytest

from tests.conformance.checks import check_continuity, check_manners, seq_of, soon
from tests.conformance.clients import TECHNIQUES, Event, Gap, reading
from tests.conformance.writers import WRITERS
from tests.harness.proxy import Link, Proxy
from tests.harness.publishers import Ledger

LIMIT_S = 90.0
KEPT = 5
EVERY = 30  # bytes: less than any block that says something, so that a cut falls between any two
SITES = [("daphne", "sqlite"), ("uvicorn", "postgres")]
TRIM = """
from streams.eventlog import trim
from streams.models import Topic
Topic.objects.filter(name={name!r}).update(retain_events={kept})
result = trim(Topic.objects.get(name={name!r}))
"""
RESET = """
from streams.eventlog import reset
result = reset({name!r})
"""

pytestmark = [
    pytest.mark.parametrize("small", SITES, indirect=True, ids="-".join),
    pytest.mark.parametrize("technique", TECHNIQUES),
]


class Log:
    """A topic of the test's own: ``append`` waits for the answer, ``trim`` and ``reset`` are an operator's."""

    def __init__(self, site, name):
        self.site, self.name, self.ledger = site, name, Ledger()
        self._writer = WRITERS["http"](site.url, name, site.headers, self.ledger)

    async def append(self, count):
        begin = len(self.ledger.acknowledged)
        await self._writer.publish([f"event {number}" for number in range(begin, begin + count)])

    @property
    def ids(self):
        """The ids of all that was acknowledged, in the order of publishing."""
        return list(self.ledger.acknowledged.values())

    async def trim(self):
        """Keep KEPT events."""
        await asyncio.to_thread(self.site.operate, TRIM.format(name=self.name, kept=KEPT))

    async def reset(self):
        """Begin anew; the new epoch."""
        return await asyncio.to_thread(self.site.operate, RESET.format(name=self.name))


async def up_to(reader, event_id):
    """Wait until the reader was told the event."""
    await soon(lambda: reader.told and isinstance(reader.told[-1], Event) and reader.told[-1].id == event_id)


async def away(reader, network):
    """Send the reader away; it may come back when ``reader.may_connect`` is set."""
    reader.may_connect.clear()
    network.cut()
    lines = len(reader.lines)
    await soon(lambda: not network.links)
    assert len(reader.lines) == lines


async def test_a_reader_that_was_away_is_told_how_many_events_were_trimmed(small, technique, topic):
    log = Log(small, topic)
    await log.append(10)
    async with asyncio.timeout(LIMIT_S), Proxy.to(small.port) as network:
        reader = TECHNIQUES[technique](network.url, [topic], small.headers)
        async with reading(reader):
            await up_to(reader, log.ids[-1])
            await away(reader, network)
            await log.append(30)
            await log.trim()
            reader.may_connect.set()
            await up_to(reader, log.ids[-1])
            await log.append(1)
            await up_to(reader, log.ids[-1])
    check_manners(reader)
    check_continuity(reader, topic)
    assert reader.gaps == [Gap(topic, log.ids[9], log.ids[-KEPT - 2], 25, "trimmed")]
    assert [event.id for event in reader.events] == log.ids[:10] + log.ids[-KEPT - 1 :]


async def test_a_gap_is_told_once_though_the_line_breaks_all_around_it(small, technique, topic):
    """However the connection is cut while the gap is under way: it is told, and the events after it come once."""
    log = Log(small, topic)
    await log.append(10)
    async with asyncio.timeout(LIMIT_S), Proxy.to(small.port) as network:
        reader = TECHNIQUES[technique](network.url, [topic], small.headers)
        async with reading(reader):
            await up_to(reader, log.ids[-1])
            await away(reader, network)
            await log.append(30)
            await log.trim()
            for after in range(0, 3_000, EVERY):
                striking = asyncio.create_task(network.strike(Link.cut, after=after))
                reader.may_connect.set()
                await soon(lambda striking=striking: striking.done() or caught_up_with(reader, log))
                striking.cancel()
                await away(reader, network)
                assert reader.position, f"cut after {after} bytes, it does not know any more where it was"
                if caught_up_with(reader, log):
                    break
    check_manners(reader)
    check_continuity(reader, topic)
    assert reader.gaps == [Gap(topic, log.ids[9], log.ids[-KEPT - 1], 25, "trimmed")]
    assert [event.id for event in reader.events] == log.ids[:10] + log.ids[-KEPT:]


def caught_up_with(reader, log):
    return reader.events[-1].id == log.ids[-1]


@pytest.mark.parametrize("where", ["there", "away"])
async def test_a_log_that_begins_anew_is_told_as_such(small, technique, topic, where):
    log = Log(small, topic)
    await log.append(10)
    async with asyncio.timeout(LIMIT_S), Proxy.to(small.port) as network:
        reader = TECHNIQUES[technique](network.url, [topic], small.headers)
        async with reading(reader):
            await up_to(reader, log.ids[-1])
            if where == "away":
                await away(reader, network)
            epoch = await log.reset()
            await log.append(12)
            reader.may_connect.set()
            await up_to(reader, log.ids[-1])
    check_manners(reader)
    check_continuity(reader, topic)
    assert reader.gaps == [Gap(topic, log.ids[9], f"{epoch}-0", None, "epoch")]
    assert [seq_of(event.id) for event in reader.events] == [*range(1, 11), *range(1, 13)]
    assert [event.id for event in reader.events] == log.ids
