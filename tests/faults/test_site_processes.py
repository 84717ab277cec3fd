"""Several processes on one database: what only one may do is done by one, and taken over from one that dies."""

import asyncio
import json
import time
from contextlib import AsyncExitStack

import psycopg
import pytest
from websockets.asyncio.client import connect

from tests.harness.readers import Reader, reading, request
from tests.harness.site import Site
from tests.harness.waiting import aeventually

LEASE_S, VITALS_EVERY_S, GENERATION_LEASE_S = 3.0, 0.2, 3.0
SLACK_S = 3.0  # a busy machine


@pytest.fixture
def pair(postgres, tmp_path):
    """One process of either server on one database, with short leases; running."""
    env = {
        "STREAMS_LEASE_S": str(LEASE_S),
        "STREAMS_VITALS_EVERY_S": str(VITALS_EVERY_S),
        "STREAMS_GENERATION_LEASE_S": str(GENERATION_LEASE_S),
    }
    url = postgres.new_database()
    sites = [Site(server, tmp_path, url, **env) for server in ("daphne", "uvicorn")]
    sites[0].set_up()
    try:
        yield [site.start() for site in sites]
    finally:
        for site in sites:
            site.kill()


def holder(pair):
    """The site whose process holds the lease of the vital signs, or None."""
    with psycopg.connect(pair[0].env["DATABASE_URL"]) as connection:
        rows = connection.execute("SELECT owner FROM streams_lease WHERE name = 'vitals'").fetchall()
    assert len(rows) <= 1
    pids = {str(site.process.pid): site for site in pair}
    return pids.get(rows[0][0].split(":")[1]) if rows else None


async def test_one_process_publishes_the_vital_signs_and_another_takes_over_when_it_is_killed(pair):
    first = await aeventually(lambda: holder(pair))
    (second,) = (site for site in pair if site is not first)
    async with reading(Reader(second.url, "system")) as reader:
        await aeventually(lambda: len(reader.events) >= 11)
        span = reader.events[10].at - reader.events[0].at
        assert span >= 10 * VITALS_EVERY_S * 0.8, "two processes publish"
        assert holder(pair) is first
        await asyncio.to_thread(first.kill)
        killed = time.time()
        await aeventually(lambda: holder(pair) is second, limit_s=LEASE_S + SLACK_S)
        await aeventually(lambda: [e.at for e in reader.events if e.at > killed + 0.5], limit_s=LEASE_S + SLACK_S)
        assert reader.seqs() == list(range(reader.seqs()[0], reader.seqs()[-1] + 1))


async def test_an_answer_whose_process_was_killed_is_ended_as_interrupted_by_another_and_keeps_its_text(pair):
    doomed, other = pair
    async with AsyncExitStack() as stack:
        page = await stack.enter_async_context(request(doomed.url, "/"))
        cookie = {"Cookie": page.headers["set-cookie"].partition(";")[0]}
        room = await stack.enter_async_context(reading(Reader(other.url, "room:lobby", last_event_id="earliest")))
        socket = await stack.enter_async_context(
            connect(f"{doomed.ws_url}/ws/rooms/lobby", origin=doomed.url, additional_headers=cookie)
        )
        await socket.send(json.dumps({"op": "say", "ref": 1, "text": "@claude /demo slow", "client_id": "one"}))
        await aeventually(lambda: any(event.type == "generation.delta" for event in room.events), limit_s=20)
        await asyncio.to_thread(doomed.kill)
        end = await aeventually(
            lambda: next((e for e in room.events if e.type == "generation.end"), None),
            limit_s=GENERATION_LEASE_S * 4 / 3 + SLACK_S,
        )
        deltas = [event.data["text"] for event in room.events if event.type == "generation.delta"]
        assert end.data["status"] == "interrupted"
        assert end.data["error"]["retryable"] is True
        assert end.data["length"] == len("".join(deltas)) > 0
        async with request(other.url, "/rooms/lobby/history", headers=cookie) as response:
            items = json.loads(await response.body())["items"]
        answer = next(item for item in items if item["kind"] == "generation")
        assert (answer["status"], answer["text"]) == ("interrupted", "".join(deltas))
        assert room.seqs() == list(range(1, len(room.events) + 1))
        assert len([event for event in room.events if event.type == "generation.end"]) == 1
