"""Answers of two processes in one room: they queue, are stopped from the other side, and outlive a kill -9."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from tests.fakes.messages_api import FakeMessagesAPI
from tests.faults.test_site_drain import guest
from tests.harness.site import Site
from tests.harness.sockets import connected

LEASE_S = 5.0


@pytest.fixture
async def messages_api():
    async with FakeMessagesAPI() as api:
        yield api


@pytest.fixture
async def sites(make_site, sqlite_url, tmp_path, messages_api):
    """Two servers on one database; the model is scripted."""
    env = {
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "ANTHROPIC_BASE_URL": messages_api.url(),
        "STREAMS_GENERATION_LEASE_S": str(LEASE_S),
    }
    one = await asyncio.to_thread(make_site, "daphne", sqlite_url, **env)
    other = Site("uvicorn", tmp_path, sqlite_url, **env)
    try:
        await asyncio.gather(asyncio.to_thread(one.start), asyncio.to_thread(other.start))
        yield one, other
    finally:
        other.kill()


@asynccontextmanager
async def in_lobby(site, headers=None):
    headers = headers or await guest(site)
    async with connected(site, "/ws/rooms/lobby", headers) as socket:
        socket.headers = headers
        socket.you = (await socket.opened())["data"]["you"]
        yield socket


async def ask(socket, text, client_id):
    ack = await socket.ask(op="say", text=f"@claude {text}", client_id=client_id)
    return ack["generation"]


async def told(socket, kind, generation, **fields):
    """The data of the next event of that kind about the answer, also if it passed while something else was read."""

    def wanted(frame):
        data = frame.get("data")
        is_it = frame.get("type") == f"generation.{kind}" and data["generation"] == generation
        return is_it and fields.items() <= data.items()

    passed = next(filter(wanted, socket.passed), None)
    return (passed or await socket.get(wanted))["data"]


async def test_two_processes_share_the_queue_of_a_room_and_stop_each_others_answers(sites, messages_api):
    async with in_lobby(sites[0]) as ada, in_lobby(sites[1]) as ben, asyncio.timeout(60):
        first = await ask(ada, "[[stall]] one", "c1")
        second = await ask(ben, "[[normal]] two", "c2")
        third = await ask(ada, "[[normal]] three", "c3")
        assert [(await told(ben, "start", one))["status"] for one in (first, second, third)] == [
            "running",
            "queued",
            "queued",
        ]
        await told(ben, "delta", first)
        refused = await ben.ask(op="stop", generation=first)
        assert refused["error"]["code"] == "forbidden"
        async with in_lobby(sites[1], ada.headers) as tab:
            request = messages_api.requests[0]
            assert not request.left.is_set()
            began = time.monotonic()
            ack = await tab.ask(op="stop", generation=first)
            assert (ack["status"], request.left.is_set()) == ("stopped", True)
            assert time.monotonic() - began < 2
        assert (await told(ada, "end", first))["by"] == ada.you
        ends = [await told(ada, "end", one) for one in (second, third)]
        assert [end["status"] for end in ends] == ["done", "done"]
        assert [one.last_user_text.rpartition(" ")[2] for one in messages_api.requests] == ["one", "two", "three"]


async def test_a_killed_process_leaves_an_interrupted_answer_with_its_text_and_the_next_has_its_turn(sites):
    async with in_lobby(sites[1]) as ben, asyncio.timeout(60):
        async with in_lobby(sites[0]) as ada:
            first = await ask(ada, "[[stall]] one", "c1")
            second = await ask(ben, "[[normal]] two", "c2")
            await told(ben, "delta", first)
        sites[0].kill()
        killed = time.monotonic()
        end = await told(ben, "end", first)
        assert time.monotonic() - killed < LEASE_S * 4 / 3 + 1
        assert (end["status"], end["length"], end["html"]) == ("interrupted", 13, "<p>The beginning</p>\n")
        assert (end["error"]["type"], end["error"]["retryable"]) == ("interrupted", True)
        assert (await told(ben, "end", second))["status"] == "done"
