"""The topic that every technique is tried on."""

import pytest

from tests.harness.fixtures import make_hub, no_queries_in_the_loop, streams_settings  # noqa: F401
from tests.transports.topics import fill


@pytest.fixture
async def orders(hub):
    """Ten events of a public topic; their ids."""
    return (await hub.gateway.run(fill, 10)).ids
