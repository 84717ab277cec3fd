"""The doorbell between processes: a hint on the channel layer, which may hang, lose and come late."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from streams.eventlog import append
from streams.hub import Announcement, announce, doorbell
from streams.hub.doorbell import COURTESY_BYTES, GROUP, OUTBOX, decode, encode
from streams.publishing import apublish, publish
from streams.wire.event import LogEvent, NewEvent
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

NOW = datetime(2026, 11, 23, 4, 43, 0, 123_456, tzinfo=UTC)


def an_announcement(data='"x\\n\u2028"', count=2):
    events = tuple(LogEvent("orders", "abcd2345", seq, "update", data, NOW) for seq in range(1, count + 1))
    return Announcement("orders", "abcd2345", count, events)


class Layer:
    """A channel layer between processes, with one queue a channel; it may hang."""

    def __init__(self):
        self.sent, self.channels, self.groups = [], {}, {}
        self.works = asyncio.Event()
        self.works.set()

    async def new_channel(self):
        name = f"channel-{len(self.channels)}"
        self.channels[name] = asyncio.Queue()
        return name

    async def group_add(self, group, channel):
        self.groups.setdefault(group, []).append(channel)

    async def group_send(self, group, message):
        await self.works.wait()
        self.sent.append(json.loads(json.dumps(message)))
        for channel in self.groups.get(group, []):
            self.channels[channel].put_nowait(self.sent[-1])

    async def receive(self, channel):
        return await self.channels[channel].get()


@pytest.fixture
async def layer(monkeypatch):
    layer = Layer()
    monkeypatch.setattr(doorbell, "get_channel_layer", lambda: layer)
    return layer


def test_what_is_heard_is_what_was_rung():
    announcement = an_announcement()
    heard = decode(json.loads(json.dumps(encode(announcement))))
    assert heard == announcement
    assert heard.events[0].created_at == NOW


def test_events_come_along_only_while_they_are_small():
    data = '"' + "x" * (COURTESY_BYTES // 2) + '"'
    assert len(encode(an_announcement(data, 1))["events"]) == 1
    large = decode(encode(an_announcement(data, 2)))
    assert (large.head, large.events) == (2, ()), "the head is told: readers read the log"


async def test_what_another_process_rings_reaches_the_readers_here(layer, make_hub):
    hub = await make_hub(head_poll_s=3_600)
    await aeventually(lambda: layer.groups.get(GROUP))
    await apublish("orders", 0)
    async with reading(hub, "orders") as reader:
        done = await hub.gateway.run(append, "orders", [NewEvent("1")])  # as another process would
        await layer.group_send(GROUP, encode(Announcement("orders", done.epoch, done.head, done.new)))
        await aeventually(lambda: reader.seqs == [2])
        done = await hub.gateway.run(append, "orders", [NewEvent("2")])
        await layer.group_send(GROUP, encode(Announcement("orders", done.epoch, done.head)))
        await aeventually(lambda: reader.seqs == [2, 3])


async def test_what_is_published_here_is_rung_and_the_echo_repeats_nothing(layer, make_hub):
    hub = await make_hub(head_poll_s=3_600)
    await aeventually(lambda: layer.groups.get(GROUP))
    await apublish("orders", 0)
    async with reading(hub, "orders") as reader:
        await apublish("orders", 1)
        await hub.gateway.run(publish, "orders", 2)
        await aeventually(lambda: len(layer.sent) == 3 and len(reader.events) == 2)
        await apublish("orders", 3)
        await aeventually(lambda: len(reader.events) == 3)
    assert reader.seqs == [2, 3, 4]


async def test_a_layer_that_hangs_delays_no_publish_and_fills_no_memory(layer, make_hub):
    hub = await make_hub(head_poll_s=3_600)
    layer.works.clear()
    await apublish("orders", 0)
    async with reading(hub, "orders") as reader:
        for _ in range(OUTBOX + 100):
            hub.doorbell.ring(an_announcement())
        await apublish("orders", 1)
        await aeventually(lambda: reader.seqs == [2])
    assert hub.doorbell._outbox.qsize() <= OUTBOX


async def test_a_message_that_makes_no_sense_stops_the_listener_only_for_a_moment(layer, make_hub, caplog):
    hub = await make_hub(head_poll_s=3_600)
    await aeventually(lambda: layer.groups.get(GROUP))
    await apublish("orders", 0)
    async with reading(hub, "orders") as reader:
        await layer.group_send(GROUP, {"type": "junk"})
        await aeventually(lambda: len(layer.groups[GROUP]) == 2)
        done = await hub.gateway.run(append, "orders", [NewEvent("1")])
        await layer.group_send(GROUP, encode(Announcement("orders", done.epoch, done.head, done.new)))
        await aeventually(lambda: reader.seqs == [2])
    assert "doorbell: listen failed" in caplog.text


@pytest.mark.usefixtures("transactional_db")
def test_a_process_without_a_hub_rings_all_the_same_and_a_layer_that_fails_fails_no_publish(monkeypatch, caplog):
    class Broken:
        async def group_send(self, group, message):
            raise OSError("no Redis here")

    monkeypatch.setattr(doorbell, "get_channel_layer", Broken)
    assert publish("orders", 1).endswith("-1")
    assert "doorbell not rung" in caplog.text
    announce(an_announcement())
