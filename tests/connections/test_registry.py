"""The connections of this process."""

import pytest

from streams.connections import Connection, Registry
from streams.publishing.identity import NOBODY


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
