"""Who is in a room, and who no longer is: over two processes, one on each server, that share a database."""

import asyncio

import httpx
import pytest

from tests.harness.site import Site
from tests.harness.sockets import connected, of_type

LIMIT_S = 10.0  # the rights are asked for again after a minute only: what comes sooner was told at once
MAKE = """
from django.contrib.auth.models import User
from django.test import Client
from streams.chat.making import make_room
from streams.publishing import identify
for name in ("ann", "ben"):
    client = Client()
    client.force_login(User.objects.create_user(name))
    print(client.cookies["sessionid"].value)
make_room(identify(User.objects.get(username="ann"), None, {}), title="Den", kind="invitation", members=["ben"])
"""


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    both = [Site(server, folder, url, STREAMS_RECHECK_S="60", STREAMS_LEASE_S="2") for server in ("daphne", "uvicorn")]
    both[0].set_up()
    made = both[0].manage("shell", "-v0", "-c", MAKE).stdout.split()
    for site in both:
        site.start()
    yield both, [{"Cookie": f"sessionid={key}"} for key in made]
    for site in both:
        assert "Traceback" not in site.log()
        site.kill()


def of_people(*names):
    """A frame that tells that just these are here."""

    def wanted(frame):
        return frame.get("type") == "presence" and [one["name"] for one in frame["data"]["people"]] == list(names)

    return wanted


async def lines(stream, wanted):
    async for line in stream.aiter_lines():
        if wanted in line:
            return line
    raise AssertionError(f"the stream ended without {wanted}")


async def test_who_is_removed_in_one_process_stops_reading_in_the_other_at_once(sites):
    (one, other), (ann, ben) = sites
    query = "/events?topic=room:den&topic=room:den:live"
    async with (
        connected(one, "/ws/rooms/den", ann) as hers,
        connected(other, "/ws/rooms/den", ben) as his,
        httpx.AsyncClient(base_url=other.url, timeout=30, trust_env=False) as client,
        client.stream("GET", query, headers={**ben, "Accept": "application/x-ndjson"}) as reading,
    ):
        await his.get(of_people("ann", "ben"))
        await hers.get(of_people("ann", "ben"))
        assert reading.status_code == 200
        opened = await his.ask(op="typing")
        assert opened["op"] == "ack"
        assert (await hers.get(of_type("typing")))["data"]["person"]["name"] == "ben"
        person = (await his.ask(op="say", text="hello", client_id="1"))["id"] and next(
            frame["data"]["you"]["id"] for frame in his.passed if frame.get("type") == "stream.open"
        )
        async with asyncio.timeout(LIMIT_S):
            assert (await hers.ask(op="role", person=person, role="removed"))["op"] == "ack"
            told = await his.get(of_type("stream.close"))
            assert told["data"] == {"reason": "unauthorized", "reconnect": False}
            assert '"unauthorized"' in await lines(reading, "stream.close")
            await hers.get(of_people("ann"))
        for path in ("/rooms/den/history", "/rooms/den/ops", "/rooms/den/search?q=hello", query, "/rooms/den/settings"):
            assert (await client.get(path, headers={**ben, "Accept": "application/json"})).status_code in (404, 405), (
                path
            )
        assert (await client.get("/rooms", headers={**ben, "Accept": "application/json"})).json()["rooms"][0][
            "slug"
        ] == "lobby"


async def test_the_people_of_a_process_that_is_killed_leave_with_its_lease(sites):
    (one, other), (ann, ben) = sites
    async with connected(one, "/ws/rooms/lobby", ann) as hers, connected(other, "/ws/rooms/lobby", ben):
        await hers.get(of_people("ann", "ben"))
        other.kill()
        async with asyncio.timeout(LIMIT_S):
            await hers.get(of_people("ann"))
