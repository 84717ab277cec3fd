"""Thousands of connections over two processes: listed, told, ended, and gone with their process."""

import asyncio
import json
import resource
import time

import psycopg
import pytest

from tests.harness.crowd import crowd
from tests.harness.site import Site
from tests.harness.waiting import aeventually

MEMBERS = 2_000
LIVE = """
SELECT process.server, count(*) FROM streams_liveconnection connection
JOIN streams_process process ON process.name = connection.process_id
WHERE closed_at IS NULL AND process.expires_at > now() GROUP BY 1
"""
NO_LIMITS = {
    "STREAMS_MAX_STREAMS": "100000",
    "STREAMS_MAX_STREAMS_PER_ADDRESS": "100000",
    "STREAMS_MAX_STREAMS_PER_USER": "100000",
}


@pytest.fixture(autouse=True)
def many_descriptors():
    """As many as the system gives."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def pair(postgres, tmp_path):
    """A process of either server on one database, without a channel layer that reaches the other; running."""
    url = postgres.new_database()
    sites = [Site(server, tmp_path, url, **NO_LIMITS) for server in ("daphne", "uvicorn")]
    sites[0].set_up()
    sites[0].manage("publish", "quiet", "first")
    try:
        yield [site.start() for site in sites]
    finally:
        for site in sites:
            site.kill()


class Table:
    """What the database says of the connections."""

    def __init__(self, connection):
        self._connection = connection

    def live(self):
        """How many live connections each server has."""
        return dict(self._connection.execute(LIVE).fetchall())

    def one(self, user_agent):
        """The row of a member: id, technique, address, topics, close_reason."""
        return self._connection.execute(
            "SELECT id, technique, address, topics, close_reason FROM streams_liveconnection WHERE user_agent = %s",
            [user_agent],
        ).fetchone()

    def reasons(self):
        """How many ended for which reason."""
        return dict(
            self._connection.execute(
                "SELECT close_reason, count(*) FROM streams_liveconnection WHERE closed_at IS NOT NULL GROUP BY 1"
            ).fetchall()
        )


@pytest.fixture
def table(pair):
    with psycopg.connect(pair[0].env["DATABASE_URL"], autocommit=True) as connection:
        yield Table(connection)


async def test_thousands_are_listed_and_those_of_a_killed_process_vanish(pair, table):
    daphne, uvicorn = pair
    async with crowd([daphne.url, uvicorn.url], "quiet", MEMBERS) as members:
        await aeventually(lambda: table.live() == {"Daphne": MEMBERS / 2, "uvicorn": MEMBERS / 2}, limit_s=10)
        chosen = members[MEMBERS // 3]
        _, technique, address, topics, _ = table.one(chosen.user_agent)
        assert (technique, address, topics) == (chosen.technique, "127.0.0.1", " quiet ")
        killed = time.monotonic()
        uvicorn.kill()
        await aeventually(lambda: table.live() == {"Daphne": MEMBERS / 2}, limit_s=15)
        assert time.monotonic() - killed < 15
        await aeventually(lambda: table.reasons() == {"died": MEMBERS / 2}, limit_s=15)
    await aeventually(lambda: table.live() == {}, limit_s=15)
    assert table.reasons()["left"] == MEMBERS / 2


OPERATE = """
import json, time
from django.contrib.auth import get_user_model
from streams.connections import operate
from streams.models import LiveConnection
by, _ = get_user_model().objects.get_or_create(username="operator")
chosen = LiveConnection.objects.filter(user_agent__in={agents!r})
began = time.time()
{act}
print(json.dumps(time.time()))
"""


def act(site, agents, what):
    """Do something to the connections of these user agents, in a process of its own; when it was done."""
    return json.loads(site.manage("shell", "-v0", "-c", OPERATE.format(agents=agents, act=what)).stdout)


async def test_a_notice_and_an_end_reach_the_right_ones_wherever_they_live(pair, table):
    async with crowd([site.url for site in pair], "quiet", 24) as members:
        await aeventually(lambda: sum(table.live().values()) == 24)
        told = members[:12]
        agents = [member.user_agent for member in told]
        await asyncio.to_thread(act, pair[0], agents, "operate.send_notice(by, chosen, 'Going down at noon.')")
        await aeventually(lambda: all(b"Going down at noon." in member.received for member in told))
        assert {member.technique for member in told} == {"sse", "ndjson", "websocket", "longpoll"}
        assert not any(b"Going down" in member.received for member in members[12:])
        streams = [member for member in told if member.technique != "longpoll"]  # which has answered
        agents = [member.user_agent for member in streams]
        await asyncio.to_thread(act, pair[1], agents, "operate.end_connections(by, chosen)")
        await aeventually(lambda: all(b"kicked" in member.received for member in streams), limit_s=2)
        await aeventually(lambda: all(table.one(agent)[-1] == "kicked" for agent in agents))
        assert not any(member.ended_at for member in members[12:])
        assert all(b"\x11\x3a" in one.received for one in streams if one.technique == "websocket"), "close code 4410"
