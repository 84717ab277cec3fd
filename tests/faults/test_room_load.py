"""Rooms that answer at once, and readers on either way that are cut and reload: all end with the same bytes."""

import asyncio
import random
from functools import partial

import httpx
import pytest

import tests.fakes.paced  # noqa: F401 - the scenario
from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.proxy import Proxy
from tests.harness.room_reader import RoomReader, RoomState, in_rooms
from tests.harness.site import SERVERS, Site
from tests.harness.waiting import aeventually, free_port

ROOMS, TOKENS, PACE_S = 5, 80, 0.02
OVER = ("websocket", "sse")
MAKE = f"""
from streams.chat.rooms import ensure_room
from streams.publishing import create_token
for number in range({ROOMS}):
    ensure_room(f"load-{{number}}", title=f"Load {{number}}")
print(create_token(name="load", read=["room:*"], publish=["room:*"])[1])
"""


@pytest.fixture(scope="module", params=SERVERS)
def answering(request, tmp_path_factory):
    """A site whose answers come from the fake at ``api_port``, with rooms and a token."""
    folder, api_port = tmp_path_factory.mktemp("site"), free_port()
    asks = {"ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{api_port}"}
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}", **asks).set_up()
    site.api_port = api_port
    token = site.manage("shell", "-v0", "-c", MAKE).stdout.strip()
    site.headers = {"Authorization": f"Bearer {token}"}
    yield site.start()
    site.kill()


def stands_at(reader, position):
    return reader.state.position == position


async def test_whoever_reads_however_and_whatever_happens_to_them_sees_the_same_bytes(answering):
    site = answering
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    slugs = [f"load-{number}" for number in range(ROOMS)]
    done = asyncio.Event()

    async def ask(client, slug):
        for question in (f"[[paced]] {TOKENS} tokens", f"@claude [[paced]] {TOKENS} tokens"):
            say = {"op": "say", "text": question, "client_id": f"{slug} {question}"}
            for _ in range(2):  # the second is a repetition
                answer = await client.post(f"/rooms/{slug}/ops", json=say)
                assert answer.status_code == 200, answer.text

    async def disturb(network, reloading):
        while not done.is_set():
            await asyncio.sleep(chance.uniform(0.05, 0.3))
            if network.links and chance.random() < 0.7:
                chance.choice(network.links).cut()
            else:
                chance.choice(reloading).refresh()

    async with (
        FakeMessagesAPI(port=site.api_port, pace_s=PACE_S),
        Proxy.to(site.port) as network,
        httpx.AsyncClient(base_url=site.url, headers=site.headers, trust_env=False, timeout=30) as client,
    ):
        calm = [RoomReader(site.url, slug, site.headers, over) for slug in slugs for over in OVER]
        cut = [RoomReader(network.url, slug, site.headers, over) for slug in slugs for over in OVER]
        reloading = [RoomReader(site.url, slug, site.headers, chance.choice(OVER)) for slug in slugs]
        readers = [*calm, *cut, *reloading]
        async with in_rooms(readers):
            disturbing = asyncio.create_task(disturb(network, reloading))
            await asyncio.gather(*(ask(client, slug) for slug in slugs))
            await aeventually(lambda: all(reader.state.ends for reader in calm), limit_s=60)
            done.set()
            await disturbing
            for slug in slugs:
                stands = RoomState(f"room:{slug}")
                stands.begin((await client.get(f"/rooms/{slug}/history")).json())
                assert (list(stands.ends.values()), len(stands.messages)) == (["done"], 2)
                for one in (reader for reader in readers if reader.slug == slug):
                    await aeventually(partial(stands_at, one, stands.position), limit_s=30)
                    assert one.state.shown == stands.shown, f"seed {seed}, {slug}, {one.over}"
        assert sum(reader.openings for reader in cut) > len(cut), f"seed {seed}: nobody was cut"
