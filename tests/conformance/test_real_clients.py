"""Clients of the field read us, by the examples of docs/clients.md as they stand there, while connections are cut."""

import asyncio
import itertools
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import async_playwright

from tests.conformance.sites import SQLITE
from tests.conformance.writers import WRITERS
from tests.harness.browsing import ARGUMENTS
from tests.harness.components import find_binary
from tests.harness.proxy import Link, Proxy
from tests.harness.publishers import Ledger
from tests.harness.site import ROOT

LIMIT_S = 60.0
CUTS, REACH = 3, 1_000
LAST = "the last"
STRANGE = "a line is ended by none of these: ".ljust(100, ".") + "\n \r \x85 \u2028 \U0001f30a"  # the key ends before
PAGE = (ROOT / "docs/clients.md").read_text()
EVENT_SOURCE = """
([path, last]) => new Promise((resolve, reject) => {
  const told = [];
  const log = (id, data) => {
    told.push([id, data]);
    if (data === last) { source.close(); resolve(told); }
  };
  const console = { log, warn: reject };
  EXAMPLE
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) reject(new Error("it has given up")); };
})
"""
WEB_SOCKET = """
([path, last]) => new Promise((resolve) => {
  const told = [];
  const open = () => {
    const position = told.at(-1)?.[0] ?? "earliest";
    const socket = new WebSocket(`ws://${location.host}${path}?last_event_id=${position}`);
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (!frame.id) return;
      told.push([frame.id, frame.data]);
      if (frame.data === last) { socket.onclose = null; socket.close(); resolve(told); }
    };
    socket.onclose = () => setTimeout(open, 50);
  };
  open();
})
"""


def snippet(name):
    """An example of the page, as it stands there."""
    (found,) = re.findall(rf"<!-- snippet: {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    return found


PROGRAMS = {  # what runs an example, and what it needs to do so: to print an envelope a line
    "curl": (("bash",), 'follow "$URL"'),
    "httpx": (
        (sys.executable, "-u"),
        """
import os
for event in follow(os.environ["URL"], {"Authorization": "Bearer " + os.environ["TOKEN"]}, retry_s=0.02):
    print(json.dumps(event))
""",
    ),
    "websockets": (
        (sys.executable, "-u"),
        """
import os
async def main():
    headers = {"Authorization": "Bearer " + os.environ["TOKEN"]}
    async for event in follow(os.environ["URL"].replace("http", "ws"), headers, retry_s=0.02):
        print(json.dumps(event))
asyncio.run(main())
""",
    ),
    "fetch": (
        ("node", "--input-type=module", "-"),
        """
const headers = { authorization: `Bearer ${process.env.TOKEN}` };
for await (const event of follow(process.env.URL, headers, "earliest", 20)) console.log(JSON.stringify(event));
""",
    ),
}


async def run(name, url, headers):
    """The ids and data that an example prints, up to the last event; then it is killed."""
    (binary, *options), rest = PROGRAMS[name]
    ours = {"URL": url, "TOKEN": headers["Authorization"].removeprefix("Bearer "), "RETRY_S": "0.02", "NO_PROXY": "*"}
    process = await asyncio.create_subprocess_exec(
        find_binary(binary), *options, env=os.environ | ours, stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    told = []
    try:
        process.stdin.write(f"{snippet(name)}\n{rest}".encode())
        process.stdin.close()
        while not told or told[-1][1] != LAST:
            line = await process.stdout.readline()
            assert line, f"{name} has ended, status {await process.wait()}"
            if line.startswith(b"{"):
                event = json.loads(line)
                told.append([event["id"], event["data"]])
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return told


@asynccontextmanager
async def page_of(url):
    """A page of the site in Chromium, from which it may read as a guest."""
    path = find_binary("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = await browser.new_page()
        await page.goto(f"{url}/login/")
        yield page
        await browser.close()


EXAMPLE = snippet("eventsource").replace('"/events/orders', 'path + "')
BUILT_IN = {"EventSource": EVENT_SOURCE.replace("EXAMPLE", EXAMPLE), "WebSocket": WEB_SOCKET}


async def publish_until_cut(network, writer, words, chance):
    """Publish while connections break, each at a byte of chance's choice; then the last event."""
    for _ in range(CUTS):
        striking = asyncio.create_task(network.strike(Link.cut, after=chance.randrange(REACH)))
        while not striking.done():
            await writer.publish([next(words)])
    await writer.publish([LAST])


@pytest.fixture
async def scene(small, topic):
    """A network, a writer that does not go through it, and its ledger, in which the first event is."""
    ledger = Ledger()
    writer = WRITERS["http"](small.url, topic, small.headers, ledger)
    await writer.publish(["the first"])
    async with Proxy.to(small.port) as network:
        yield network, writer, ledger


def test_every_example_of_the_page_is_run():
    names = set(re.findall(r"<!-- snippet: (\S+) -->", PAGE))
    assert names == {*PROGRAMS, "eventsource", "room"}
    assert PAGE.count("\n```\n") == len(names)


@pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join)
@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_program_reads_on_after_cuts(small, topic, program, scene, chance):
    network, writer, ledger = scene
    words = itertools.chain([STRANGE], map("word {}".format, itertools.count()))
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        reading = group.create_task(run(program, f"{network.url}/events/{topic}", small.headers))
        await publish_until_cut(network, writer, words, chance)
    assert reading.result() == [[event_id, word] for word, event_id in ledger.acknowledged.items()]


ASKING = """
import os
for piece in ask(os.environ["URL"], "lobby", "@claude hello", {"Authorization": "Bearer " + os.environ["TOKEN"]}):
    print(json.dumps(piece))
"""


@pytest.mark.parametrize("small", SQLITE[:1], indirect=True, ids="-".join)
async def test_a_program_is_answered_in_a_room_while_its_stream_is_cut(small):
    program = f"{snippet('httpx').replace('retry_s=2.0', 'retry_s=0.02')}\n{snippet('room')}\n{ASKING}"
    async with asyncio.timeout(LIMIT_S), Proxy.to(small.port) as network:
        ours = {"URL": network.url, "TOKEN": small.headers["Authorization"].removeprefix("Bearer "), "NO_PROXY": "*"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-u", "-c", program, env=os.environ | ours, stdout=PIPE
        )
        told = [await process.stdout.readline()]
        await network.strike(Link.cut, after=500)
        told += (await process.stdout.read()).splitlines()
        assert await process.wait() == 0
    answer = "".join(json.loads(line) for line in told if line.startswith(b'"'))
    assert answer.startswith("Hello! I am")
    assert answer.endswith("failures stream.")
    assert any(line.startswith(b"again:") for line in told)


@pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join)
@pytest.mark.parametrize("built_in", BUILT_IN)
async def test_a_browser_reads_on_after_cuts(small, topic, built_in, scene, chance):
    network, writer, ledger = scene
    words = map("word {}".format, itertools.count())
    async with asyncio.timeout(LIMIT_S), page_of(network.url) as page, asyncio.TaskGroup() as group:
        reading = group.create_task(page.evaluate(BUILT_IN[built_in], [f"/events/{topic}", LAST]))
        await publish_until_cut(network, writer, words, chance)
    assert reading.result() == [[event_id, word] for word, event_id in ledger.acknowledged.items()]
