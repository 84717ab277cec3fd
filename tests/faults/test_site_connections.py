"""Thousands of connections over two processes: listed, told, ended, and gone with their process."""

import asyncio
import re
import resource
import time

import httpx
import psycopg
import pytest

from tests.harness.crowd import crowd
from tests.harness.site import Site
from tests.harness.waiting import aeventually

MEMBERS = 2_000
SLACK = 2  # beside another test on the same machine
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


SUPERUSER = """
from django.contrib.auth import get_user_model
get_user_model().objects.create_superuser("operator", password="s3cret-word")
"""


class Operator:
    """A member of the staff with a browser, as far as it takes: signs in, and acts on the list of connections."""

    LIST = "/admin/streams/liveconnection/"

    def __init__(self, site):
        self.client = httpx.Client(base_url=site.url, follow_redirects=True, timeout=30, trust_env=False)
        self._post("/login/", {"username": "operator", "password": "s3cret-word"})

    def _post(self, path, form):
        self.client.get(path)
        form = form | {"csrfmiddlewaretoken": self.client.cookies["csrftoken"]}
        return self.client.post(path, data=form, headers={"Referer": str(self.client.base_url)}).raise_for_status()

    def find(self, query):
        """The keys of the connections that a search finds."""
        page = self.client.get(self.LIST, params={"q": query}).raise_for_status().text
        return re.findall(r'value="([0-9a-f]{16})"', page)

    def act(self, name, keys, **form):
        """Do something to these connections."""
        return self._post(self.LIST, {"action": name, "_selected_action": keys, "confirmed": "yes", **form})


@pytest.fixture
def operators(pair):
    """One in front of either process."""
    pair[0].manage("shell", "-v0", "-c", SUPERUSER)
    both = [Operator(site) for site in pair]
    yield both
    for one in both:
        one.client.close()


async def test_a_notice_and_an_end_reach_the_right_ones_wherever_they_live(pair, table, operators):
    async with crowd([site.url for site in pair], "quiet", 24) as members:
        await aeventually(lambda: sum(table.live().values()) == 24)
        told, others = members[:12], members[12:]
        keys = [table.one(member.user_agent)[0] for member in told]
        await asyncio.to_thread(operators[0].act, "notice", keys, text="Going down at noon.")
        await aeventually(lambda: all(b"Going down at noon." in member.received for member in told))
        assert {member.technique for member in told} == {"sse", "ndjson", "websocket", "longpoll"}
        assert not any(b"Going down" in member.received for member in others)
        streams = [member for member in told if member.technique != "longpoll"]  # which has answered
        keys = [table.one(member.user_agent)[0] for member in streams]
        await asyncio.to_thread(operators[1].act, "disconnect", keys)
        await aeventually(lambda: all(b"kicked" in member.received for member in streams), limit_s=2)
        await aeventually(lambda: all(table.one(member.user_agent)[-1] == "kicked" for member in streams))
        assert not any(member.ended_at for member in others)
        assert all(b"\x11\x3a" in one.received for one in streams if one.technique == "websocket"), "close code 4410"


async def test_thousands_are_listed_the_right_one_is_ended_and_those_of_a_killed_process_vanish(pair, table, operators):
    daphne, uvicorn = pair
    async with crowd([daphne.url, uvicorn.url], "quiet", MEMBERS) as members:
        await aeventually(lambda: table.live() == {"Daphne": MEMBERS / 2, "uvicorn": MEMBERS / 2}, limit_s=15)
        _, technique, address, topics, _ = table.one(members[7].user_agent)
        assert (technique, address, topics) == (members[7].technique, "127.0.0.1", " quiet ")
        for operator, member in zip(operators, (members[MEMBERS // 2 + 1], members[MEMBERS // 3 * 2]), strict=True):
            began = time.monotonic()
            (found,) = await asyncio.to_thread(operator.find, member.user_agent)
            await asyncio.to_thread(operator.act, "disconnect", [found])
            await aeventually(lambda member=member: b"kicked" in member.received or member.ended_at, limit_s=5)
            assert time.monotonic() - began < 2 * SLACK
        assert len([member for member in members if member.ended_at or b"kicked" in member.received]) == 2
        killed = time.monotonic()
        uvicorn.kill()
        await aeventually(lambda: "uvicorn" not in table.live(), limit_s=15)
        assert time.monotonic() - killed < 15
        await aeventually(lambda: table.reasons().get("died", 0) >= MEMBERS / 2 - 1, limit_s=15)
    await aeventually(lambda: table.live() == {}, limit_s=15)
