"""Clients of the field read us: each through cuts of its connection, resuming in the way that is natural to it."""

import asyncio
import itertools
import json
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.async_api import async_playwright
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.browser.conftest import ARGUMENTS
from tests.conformance.sites import SQLITE
from tests.conformance.writers import WRITERS
from tests.harness.components import find_binary
from tests.harness.proxy import Link, Proxy
from tests.harness.publishers import Ledger
from tests.harness.sse import EventSourceParser

LIMIT_S = 60.0
CUTS, REACH = 3, 1_000
LAST = "the last"
CURL_CUT = {18, 56, 7, 52}  # partial file, failure in receiving, could not connect, empty reply
EVENT_SOURCE = """
([path, last]) => new Promise((resolve, reject) => {
  const told = [];
  const source = new EventSource(path + "?last_event_id=earliest");
  source.onmessage = ({ data, lastEventId }) => {
    told.push([lastEventId, JSON.parse(data)]);
    if (told.at(-1)[1] === last) { source.close(); resolve(told); }
  };
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


async def run(*command):
    """Start a program whose output is read."""
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)


async def curl(url, path, headers):
    """``curl -N``, called again with ``Last-Event-ID`` when it ends."""
    told, position = [], "earliest"
    while True:
        options = [f"-H{name}: {text}" for name, text in (headers | {"Last-Event-ID": position}).items()]
        process = await run(find_binary("curl"), "-sN", "--noproxy", "*", *options, url + path)
        parser = EventSourceParser()
        parser.last_event_id = position
        while chunk := await process.stdout.read(1_000):
            told += [[message.last_event_id, message.json] for message in parser.feed(chunk)]
            if told and told[-1][1] == LAST:
                process.terminate()
                await process.wait()
                return told
        assert await process.wait() in CURL_CUT
        position = parser.last_event_id


async def node(url, path, headers):
    """``fetch`` with a reader, in Node."""
    script = Path(__file__).with_name("follow.mjs")
    process = await run(find_binary("node"), str(script), url + path, headers["Authorization"], LAST)
    output, _ = await process.communicate()
    return json.loads(output)


def with_httpx(url, path, headers):
    """``httpx.stream`` and its lines."""
    told, position = [], "earliest"
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=LIMIT_S) as client:
        while True:
            lines = {"transport": "ndjson", "last_event_id": position}
            with suppress(httpx.TransportError), client.stream("GET", path, params=lines) as answer:
                for line in filter(None, answer.iter_lines()):
                    event = json.loads(line)
                    if "id" in event:
                        position = event["id"]
                        told.append([position, event["data"]])
                        if event["data"] == LAST:
                            return told


def with_websockets(url, path, headers):
    """The ``websockets`` library, as a script uses it."""
    told, position = [], "earliest"
    while True:
        address = f"{url.replace('http', 'ws')}{path}?last_event_id={position}"
        with (
            suppress(OSError, EOFError, WebSocketException),
            connect(address, additional_headers=headers, proxy=None) as socket,
        ):
            for text in socket:
                frame = json.loads(text)
                if "id" in frame:
                    position = frame["id"]
                    told.append([position, frame["data"]])
                    if frame["data"] == LAST:
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


CLIENTS = {
    "curl": curl,
    "httpx": lambda *where: asyncio.to_thread(with_httpx, *where),
    "node": node,
    "websockets": lambda *where: asyncio.to_thread(with_websockets, *where),
}
BUILT_IN = {"EventSource": EVENT_SOURCE, "WebSocket": WEB_SOCKET}


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


@pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join)
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_program_reads_on_after_cuts(small, topic, client, scene, chance):
    network, writer, ledger = scene
    words = map("word {}".format, itertools.count())
    async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as group:
        reading = group.create_task(CLIENTS[client](network.url, f"/events/{topic}", small.headers))
        await publish_until_cut(network, writer, words, chance)
    assert reading.result() == [[event_id, word] for word, event_id in ledger.acknowledged.items()]


@pytest.mark.parametrize("small", SQLITE, indirect=True, ids="-".join)
@pytest.mark.parametrize("built_in", BUILT_IN)
async def test_a_browser_reads_on_after_cuts(small, topic, built_in, scene, chance):
    network, writer, ledger = scene
    words = map("word {}".format, itertools.count())
    async with asyncio.timeout(LIMIT_S), page_of(network.url) as page, asyncio.TaskGroup() as group:
        reading = group.create_task(page.evaluate(BUILT_IN[built_in], [f"/events/{topic}", LAST]))
        await publish_until_cut(network, writer, words, chance)
    assert reading.result() == [[event_id, word] for word, event_id in ledger.acknowledged.items()]
