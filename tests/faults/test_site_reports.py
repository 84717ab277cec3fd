"""Reports from real servers, on both databases: the rows of a second tool, failures half-way, clients that leave."""

import asyncio
import csv
import io
import sqlite3
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.harness.components import find_binary
from tests.harness.readers import request
from tests.harness.site import Site
from tests.harness.waiting import aeventually
from tests.reports.conftest import table

SMALL_BUFFER = 4_096
LEFT_S = 10.0  # a second, on a machine that has nothing else to do
ROWS = 20_000
FILL = f"""
from streams.eventlog import append
from streams.models import Topic
from streams.wire.event import NewEvent
for name in ("rows", "big"):
    Topic.objects.create(name=name, visibility="public")
data = '{{{{"number":%d,"text":"a, \\\\\\\\"b\\\\\\\\" grün"}}}}'
append("rows", [NewEvent(data % n, "kind-%d" % (n % 7), "key-%d" % n if n % 3 else None) for n in range({ROWS})])
for _ in range(40):
    append("big", [NewEvent('"' + "x" * 250_000 + '"')] * 10)
""".replace("{{", "{").replace("}}", "}")
SELECT = """
SELECT seq, type, key, data FROM streams_event
WHERE topic_id = (SELECT id FROM streams_topic WHERE name = 'rows') ORDER BY seq
"""


PAIRS = {"sqlite": "uvicorn", "postgres": "daphne"}


@pytest.fixture(scope="module", params=PAIRS)
def filled(request, tmp_path_factory):
    """A site that is set up with two topics; its folder and database."""
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").new_database()
    site = Site(PAIRS[request.param], folder, url).set_up()
    site.manage("shell", "-v0", "-c", FILL)
    return site


@pytest.fixture
def site(filled):
    """It runs, either server on either database."""
    site = Site(filled.server, filled.folder, filled.env["DATABASE_URL"], STREAMS_VITALS_EVERY_S="0.1")
    yield site.start()
    site.kill()


def second_tool(site):
    """The rows as the database's own program prints them."""
    url = site.env["DATABASE_URL"]
    if url.startswith("sqlite"):
        command = [find_binary("sqlite3"), "-csv", url.removeprefix("sqlite:///"), SELECT]
    else:
        query = f"\\copy ({SELECT.strip()}) TO STDOUT CSV".replace("\n", " ")
        command = [find_binary("psql"), url.replace("postgres:", "postgresql:"), "-qc", query]
    printed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return list(csv.reader(io.StringIO(printed, newline="")))


async def reports_under_way(site):
    """How many the server's own vital signs tell of."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{site.url}/events/system?transport=poll&last_event_id=-1&timeout=1")
    newest = answer.json()["events"][-1:]
    return newest[0]["data"]["connections"].get("report", 0) if newest else None  # nothing was told yet


async def test_the_rows_are_those_that_a_second_tool_reads(site):
    async with httpx.AsyncClient(trust_env=False, headers={"Accept-Encoding": "gzip"}) as client:
        answer = await client.get(f"{site.url}/report?topic=rows&columns=seq,type,key,data")
    assert answer.headers["transfer-encoding"] == "chunked"
    header, rows = table(answer.content)
    assert header == ["seq", "type", "key", "data"]
    assert rows == second_tool(site)
    assert len(rows) == ROWS


async def test_the_header_comes_before_anything_was_read(site):
    async with request(site.url, "/report?topic=big") as warm:
        await anext(warm.pieces())
    begun = time.monotonic()
    async with request(site.url, "/report?topic=big&format=csv") as response:
        assert await anext(response.pieces()) == b"seq,time,type,data\r\n"
    assert time.monotonic() - begun < 0.5


async def test_a_client_that_leaves_stops_the_work(site):
    async with request(site.url, "/report?topic=big", receive_buffer=SMALL_BUFFER) as response:
        await anext(response.pieces())
        await aeventually(lambda: _is(site, 1))
    await aeventually(lambda: _is(site, 0), limit_s=LEFT_S)
    assert "Traceback" not in site.log()


async def _is(site, count):
    return await reports_under_way(site) == count


async def _cut(response):
    """All that still comes, until it is cut: never to an end."""
    said = b""
    with pytest.raises((EOFError, OSError)):
        async for piece in response.pieces():
            said = (said + piece)[-1_000:]
    assert not response.ended
    assert b"total:" not in said


async def test_a_database_that_fails_half_way_cuts_the_report(site, breaking):
    async with request(site.url, "/report?topic=big", receive_buffer=SMALL_BUFFER) as response:
        await anext(response.pieces())
        await aeventually(lambda: _is(site, 1))
        with breaking(site):
            await _cut(response)
            await aeventually(lambda: "report events-big of g:anonymous breaks off after" in site.log())
    await asyncio.to_thread(site.kill)


@pytest.fixture
def breaking(request, filled):
    """``with broken(site)``: its database does not answer as it should, for as long as the block runs."""

    @contextmanager
    def broken(site):
        url = site.env["DATABASE_URL"]
        if url.startswith("sqlite"):
            with sqlite3.connect(Path(url.removeprefix("sqlite:///")), timeout=20) as database:
                database.execute("ALTER TABLE streams_event RENAME TO streams_gone")
            try:
                yield
            finally:
                with database:
                    database.execute("ALTER TABLE streams_gone RENAME TO streams_event")
                database.close()
        else:
            server = request.getfixturevalue("postgres")
            server.stop()
            try:
                yield
            finally:
                server.start()

    return broken
