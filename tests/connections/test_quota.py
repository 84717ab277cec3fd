"""How many streams one person, one address and one process may have open."""

from contextlib import ExitStack

import pytest

from streams.connections import Connection, Registry
from streams.connections.peer import Peer
from streams.errors import LimitReached
from streams.publishing.identity import ANYBODY, Identity

ADA, BOB = Identity("user", "u:1", "Ada"), Identity("user", "u:2", "Bob")
GUEST = Identity("guest", ANYBODY, "Guest")


def a_stream(who=GUEST, address="192.0.2.1"):
    return Connection("sse", who, peer=Peer(address=address))


@pytest.mark.parametrize(
    ("limit", "streams", "one_more", "text"),
    [
        ("max_streams_per_user", [(ADA, "192.0.2.1"), (ADA, "192.0.2.2")], (ADA, "192.0.2.3"),
         r"2 streams of yours are open \(limit 2\)"),
        ("max_streams_per_address", [(ADA, "192.0.2.1"), (GUEST, "192.0.2.1")], (BOB, "192.0.2.1"),
         r"2 streams from 192\.0\.2\.1 are open \(limit 2\)"),
        ("max_streams", [(ADA, "192.0.2.1"), (BOB, "192.0.2.2")], (GUEST, "192.0.2.3"),
         r"2 streams are open here \(limit 2\)"),
    ],
    ids=["of a person", "from an address", "in all"],
)  # fmt: skip
def test_one_too_many_is_told_the_limit_and_a_place_given_back_is_free(
    streams_settings, limit, streams, one_more, text
):
    streams_settings(**{limit: 2})
    registry = Registry()
    refused = registry.refused_by_code["limit"]
    with ExitStack() as held:
        for stream in streams:
            held.enter_context(registry.opened(a_stream(*stream)))
        waits = set()
        for _ in range(20):
            with pytest.raises(LimitReached, match=text) as told, registry.opened(a_stream(*one_more)):
                pass
            waits.add(told.value.retry_after_s)
        assert len(waits) > 10, "not all come back at once"
        assert all(8 <= wait <= 14 for wait in waits)
        assert (len(registry), registry.refused_by_code["limit"]) == (2, refused + 20)
    registry.check_room(*one_more)
    assert (len(registry), len(registry.quota)) == (0, 0)


def test_guests_without_a_session_and_clients_without_an_address_are_not_one(streams_settings):
    streams_settings(max_streams_per_user=1, max_streams_per_address=1)
    registry = Registry()
    with ExitStack() as held:
        for address in ("192.0.2.1", "192.0.2.2", "", "", ""):
            held.enter_context(registry.opened(a_stream(GUEST, address)))
        assert len(registry) == 5
