"""The connections of this process."""

import pytest

from streams.connections import Connection, Registry


def test_a_connection_is_counted_as_long_as_its_block_runs():
    registry = Registry()
    with registry.opened(Connection("sse", ("orders",), "u:1")) as first:
        with registry.opened(Connection("websocket", ("orders", "room:lobby"), "g:1")):
            assert len(registry) == 2
            assert registry.by_technique() == {"sse": 1, "websocket": 1}
            assert registry.by_topic() == {"orders": 2, "room:lobby": 1}
        assert list(registry) == [first]
    assert (len(registry), registry.by_technique(), registry.by_topic()) == (0, {}, {})


def test_whichever_way_the_block_ends():
    registry = Registry()
    with pytest.raises(ValueError, match="broken"), registry.opened(Connection("sse", ("orders",), "u:1")):
        raise ValueError("broken")
    assert len(registry) == 0


def test_two_of_the_same_person_are_two():
    registry = Registry()
    with registry.opened(Connection("sse", ("a",), "u:1")), registry.opened(Connection("sse", ("a",), "u:1")):
        assert len(registry) == 2


def test_it_may_change_while_it_is_looked_through():
    registry = Registry()
    with registry.opened(Connection("sse", ("a",), "u:1")), registry.opened(Connection("sse", ("b",), "u:2")):
        for _ in registry:
            with registry.opened(Connection("sse", ("c",), "u:3")):
                pass
