"""Readers that stop reading, behind a network that holds their bytes: what the topic's policy says becomes of them."""

import asyncio

import pytest

from tests.conformance.checks import check_continuity, check_manners, seq_of, soon
from tests.conformance.clients import FOREVER_S, TECHNIQUES, Event, Gap, reading
from tests.conformance.sites import SQLITE
from tests.conformance.writers import WRITERS
from tests.harness.proxy import Proxy
from tests.harness.publishers import Ledger

LIMIT_S = 90.0
MAX_LAG = 8
FILLING = "x" * 100_000
ROUNDS, ROUND = 4, 18  # 7 MB: more than all the buffers between the server and the stalled reader
SMALL_BUFFER = 65_536
SLOW_READERS = """
from streams.models import Topic
Topic.objects.filter(name={name!r}).update(slow_readers={policy!r}, max_lag={max_lag})
"""

pytestmark = [
    pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join),
    pytest.mark.parametrize("technique", ["sse", "ndjson", "websocket"]),  # a poll is no lag: it answers and is gone
]


class Stalled:
    """A reader of a topic with a policy that was stalled, outrun, released, and has caught up."""

    def __init__(self, site, technique, topic, policy):
        self._site, self._technique, self.topic, self._policy = site, technique, topic, policy
        self.ledger = Ledger()

    async def run(self):
        """Let it happen; the reader."""
        writer = WRITERS["http"](self._site.url, self.topic, self._site.headers, self.ledger)
        await writer.publish(["first"])
        code = SLOW_READERS.format(name=self.topic, policy=self._policy, max_lag=MAX_LAG)
        await asyncio.to_thread(self._site.operate, code)
        async with asyncio.timeout(LIMIT_S), Proxy.to(self._site.port, receive_buffer=SMALL_BUFFER) as network:
            reader = TECHNIQUES[self._technique](network.url, [self.topic], self._site.headers, silence_s=FOREVER_S)
            async with reading(reader):
                await soon(lambda: reader.events)
                (link,) = network.links
                link.stall()
                for number in range(ROUNDS):
                    await writer.publish([f"{number} {one} {FILLING}" for one in range(ROUND)])
                link.release()
                await soon(lambda: seq_of(self.position(reader)) == self.head)
                await writer.publish(["last"])
                await soon(lambda: seq_of(self.position(reader)) == self.head)
        check_manners(reader)
        check_continuity(reader, self.topic)
        assert reader.events[-1].data == "last"
        return reader

    @property
    def head(self):
        """The number of the newest event."""
        return len(self.ledger.acknowledged)

    @staticmethod
    def position(reader):
        """The id of the event, or the gap, that was told last."""
        last = reader.told[-1]
        return last.resumed_at if isinstance(last, Gap) else last.id


async def test_one_that_must_not_miss_is_served_from_the_log(small, technique, topic):
    stalled = Stalled(small, technique, topic, "replay")
    reader = await stalled.run()
    assert not reader.gaps
    assert {event.data: event.id for event in reader.events} == stalled.ledger.acknowledged
    assert len(reader.lines) == 1


async def test_one_that_may_miss_is_set_to_the_head_and_told_how_much_it_missed(small, technique, topic):
    stalled = Stalled(small, technique, topic, "skip")
    reader = await stalled.run()
    assert len(reader.lines) == 1
    (gap,) = reader.gaps
    assert gap.reason == "lagged"
    assert gap.lost > MAX_LAG
    assert gap.lost == stalled.head - len(reader.events)
    assert {event.id for event in reader.events} <= set(stalled.ledger.acknowledged.values())


async def test_one_that_is_disconnected_is_told_how_far_it_was_behind_and_comes_back_for_it(small, technique, topic):
    stalled = Stalled(small, technique, topic, "disconnect")
    reader = await stalled.run()
    assert not reader.gaps
    assert {event.data: event.id for event in reader.events} == stalled.ledger.acknowledged
    (close,) = reader.closes
    assert close == {"reason": "lagged", "reconnect": True, "behind": close["behind"]}
    assert close["behind"] > MAX_LAG
    assert len(reader.lines) == 2
    resumed_after = stalled.head - 1 - close["behind"]  # "last" came when it was back
    assert seq_of(reader.lines[1].asked) == resumed_after
    assert reader.close_codes == ([4408] if technique == "websocket" else [])
    assert isinstance(reader.told[resumed_after - 1], Event)
