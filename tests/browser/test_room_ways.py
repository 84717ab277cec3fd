"""A room in a browser where no WebSocket gets through: people chat all the same."""

import asyncio
import base64
import hashlib
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from tests.browser.conftest import answer, live, opened, say
from tests.harness.nginx import Nginx
from tests.harness.readers import dial
from tests.harness.site import Site

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@pytest.fixture
def refusing(tmp_path_factory):
    """The address of an nginx, in production before a site, that knows no upgrades."""
    folder = tmp_path_factory.mktemp("site")
    site = Site("uvicorn", folder, f"sqlite:///{folder / 'site.sqlite3'}", DJANGO_BEHIND_PROXY="1", STREAMS_GUESTS="1")
    edits = [(r"^ *proxy_set_header Upgrade .*;.*\n", "")]
    try:
        with Nginx(tmp_path_factory.mktemp("nginx"), site.set_up().start().port, edits=edits) as proxy:
            yield proxy.url
    finally:
        site.kill()


@asynccontextmanager
async def muting(site):
    """The address of a proxy that opens every WebSocket itself, and passes nothing on; requests it lets through."""

    async def carry(reader, writer):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [line.partition(b": ") for line in head.split(b"\r\n")]
        headers = {name.lower(): value for name, _, value in lines}
        if headers.get(b"upgrade", b"").lower() == b"websocket":
            accept = base64.b64encode(hashlib.sha1(headers[b"sec-websocket-key"] + GUID).digest())
            answer = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
            writer.write(b"\r\n".join([*answer, b"Sec-WebSocket-Accept: " + accept, b"", b""]))
            while await reader.read(65_536):
                pass
            writer.close()
        else:
            upstream_reader, upstream = await dial(site.url)
            upstream.write(head)
            await asyncio.gather(carry(reader, upstream), carry(upstream_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_behind_a_proxy_that_refuses_sockets_a_room_is_whole(browser, refusing):
    async with (
        opened(browser, f"{refusing}/rooms/lobby/", quiet=False, ignore_https_errors=True) as page,
        opened(browser, f"{refusing}/rooms/lobby/", quiet=False, ignore_https_errors=True) as other,
    ):
        for one in (page, other):
            await live(one)
            await expect(one.locator("#state")).to_have_text("Live over SSE")
        await say(page, "Is anybody here?")
        await expect(other.locator("article.message .said")).to_have_text("Is anybody here?")
        await say(other, "/demo long")
        for one in (page, other):
            growing = one.locator("article.generation[data-status=running] .answer")
            await expect(growing).to_contain_text(" ")
        await other.get_by_role("button", name="Stop").first.click()
        shown = [await (await answer(one, "stopped")).locator(".answer").text_content() for one in (page, other)]
        assert shown[0] == shown[1]
        await page.reload()
        await expect(page.locator("#state")).to_have_text("Live over SSE", timeout=3_000)  # remembered


async def test_behind_a_proxy_that_opens_sockets_and_passes_nothing_a_room_is_whole(browser, site, fresh_room):
    async with (
        muting(site) as url,
        opened(browser, url + fresh_room, quiet=False) as page,
        opened(browser, site.url + fresh_room) as other,
    ):
        await live(other)
        await say(page, "written before anything gets through")
        await live(page)
        await expect(page.locator("#state")).to_have_text("Live over SSE")
        await expect(other.locator("article.message .said")).to_have_text("written before anything gets through")
        await say(other, "/demo table")
        bodies = [await (await answer(one)).locator(".answer").inner_html() for one in (page, other)]
        assert bodies[0] == bodies[1]
