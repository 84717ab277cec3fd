"""The connections of this process."""

import asyncio
import sys

import pytest

from streams.connections import Connection, Registry, serving
from streams.errors import CloseReason
from streams.publishing.identity import NOBODY

module = sys.modules[Connection.__module__]  # the package gives its name to the registry itself


def reading(technique, *topics):
    return Connection(technique, NOBODY, topics=topics)


def test_a_connection_is_counted_as_long_as_its_block_runs():
    registry = Registry()
    with registry.opened(reading("sse", "orders")) as first:
        with registry.opened(reading("websocket", "orders", "room:lobby")):
            assert len(registry) == 2
            assert registry.by_technique() == {"sse": 1, "websocket": 1}
            assert registry.by_topic() == {"orders": 2, "room:lobby": 1}
        assert list(registry) == [first]
    assert (len(registry), registry.by_technique(), registry.by_topic()) == (0, {}, {})


def test_whichever_way_the_block_ends():
    registry = Registry()
    with pytest.raises(ValueError, match="broken"), registry.opened(reading("sse", "orders")):
        raise ValueError("broken")
    assert len(registry) == 0


def test_two_of_the_same_person_are_two():
    registry = Registry()
    with registry.opened(reading("sse", "a")), registry.opened(reading("sse", "a")):
        assert len(registry) == 2


def test_it_may_change_while_it_is_looked_through():
    registry = Registry()
    with registry.opened(reading("sse", "a")), registry.opened(reading("sse", "b")):
        for _ in registry:
            with registry.opened(reading("sse", "c")):
                pass


async def test_whoever_reads_that_it_ends_is_not_dropped(monkeypatch):
    monkeypatch.setattr(module, "FAREWELL_S", 0.01)
    aborted, told = [], []
    with serving(send_of(aborted)):
        connection = Connection("sse", NOBODY, told.append)
    connection.end(CloseReason.KICKED)
    await asyncio.sleep(0.05)
    assert (told, aborted) == ([CloseReason.KICKED], [])


async def test_whoever_does_not_is_dropped_once(monkeypatch, caplog):
    monkeypatch.setattr(module, "FAREWELL_S", 0.01)
    aborted, told = [], []
    with serving(send_of(aborted)):
        connection = Connection("sse", NOBODY, told.append)
        connection.end(CloseReason.KICKED)
        connection.end(CloseReason.KICKED)
        assert aborted == []
        await asyncio.sleep(0.05)
    assert (len(told), aborted) == (2, [True])
    assert caplog.messages == [f"dropped a sse stream of {NOBODY.id}, which did not read that it ends: kicked"]


def send_of(aborted):
    def send(message):
        raise AssertionError("nothing is sent")

    send.abort = lambda: aborted.append(True)
    return send
