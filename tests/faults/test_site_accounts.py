"""What people do to their accounts is felt by the streams that are open: on either server, within the recheck."""

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.harness.readers import request
from tests.harness.site import SERVERS, Site
from tests.harness.sockets import connected

PASSWORD, NEW = "river-lamp-42", "another-lamp-43"
TOPIC = "/events/room:lobby"
AGE_S = 3_600
TOLD = {"type": "stream.close", "data": {"reason": "unauthorized", "reconnect": False}}
EXPIRES_S = 0.5  # the streams are open by then


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    env = {"STREAMS_RECHECK_S": "0.2", "STREAMS_GUESTS": "1", "STREAMS_SIGN_UP": "1", "STREAMS_SIGN_IN_ATTEMPTS": "100"}
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    site = Site(request.param, folder, url, STREAMS_SESSION_AGE_S=str(AGE_S), **env).set_up()
    yield site.start()
    assert "Traceback" not in site.log()
    site.kill()


@pytest.fixture
async def browse(site):
    """``browse()``: a browser of its own."""
    async with AsyncExitStack() as stack:

        async def browser():
            client = httpx.AsyncClient(base_url=site.url, timeout=30, trust_env=False, headers={"Accept": "text/html"})
            return await stack.enter_async_context(client)

        yield browser


async def send(browser, path, **form):
    """Open a page and send its form."""
    page = await browser.get(path)
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    return await browser.post(path, data={**form, "csrfmiddlewaretoken": token})


async def sign_up(browser, name):
    answer = await send(browser, "/sign-up/", username=name, password1=PASSWORD, password2=PASSWORD)
    assert answer.status_code == 302, answer.text


async def sign_in(browser, name, password=PASSWORD):
    answer = await send(browser, "/login/", username=name, password=password)
    assert answer.status_code == 302, answer.text


async def signed_in(browser):
    return (await browser.get("/account/")).status_code == 200


def cookie(browser):
    return {"Cookie": f"sessionid={browser.cookies['sessionid']}"}


class Open:
    """Streams of one person, of two techniques."""

    def __init__(self, socket, blocks):
        self.socket, self.blocks = socket, blocks

    async def end(self):
        """Wait until both are told that they end, and why."""
        assert await self.socket.end() == ([TOLD], 4401)
        *_, last = [block async for block in self.blocks]
        assert (last.type, last.data) == (TOLD["type"], TOLD["data"])

    async def lives(self):
        return (await self.socket.ask(op="ping"))["op"] == "ack"


@asynccontextmanager
async def streams(site, headers):
    async with connected(site, TOPIC, headers) as socket, request(site.url, TOPIC, headers=headers) as response:
        await socket.opened()
        blocks = response.blocks()
        await anext(blocks)
        yield Open(socket, blocks)


async def test_a_new_password_ends_the_streams_of_all_other_sessions_and_this_one_goes_on(site, browse):
    here, there, bobs = await browse(), await browse(), await browse()
    await sign_up(here, "ann")
    await sign_in(there, "ann")
    await sign_up(bobs, "bob")
    async with streams(site, cookie(there)) as theirs, streams(site, cookie(bobs)) as others:
        old = cookie(here)
        answer = await send(here, "/account/password", old_password=PASSWORD, new_password1=NEW, new_password2=NEW)
        assert answer.headers["location"] == "/account/"
        async with streams(site, cookie(here)) as ours:
            await theirs.end()
            assert await ours.lives() and await others.lives()
    assert old != cookie(here)
    assert await signed_in(here) and not await signed_in(there)


async def test_signing_out_everywhere_ends_them_all(site, browse):
    here, there = await browse(), await browse()
    await sign_up(here, "cleo")
    await sign_in(there, "cleo")
    async with streams(site, cookie(here)) as ours, streams(site, cookie(there)) as theirs:
        assert (await send(here, "/account/sign-out", password=PASSWORD)).headers["location"] == "/login/"
        await asyncio.gather(ours.end(), theirs.end())
    assert not await signed_in(there)
    await sign_in(there, "cleo")


@pytest.mark.parametrize("guest", [False, True], ids=["user", "guest"])
async def test_a_session_that_expires_takes_its_streams_along(site, browse, guest):
    browser, other = await browse(), await browse()
    for one, name in ((browser, "dan"), (other, "dora")):
        await (one.get("/") if guest else sign_up(one, name))
    key = browser.cookies["sessionid"]
    age = await asyncio.to_thread(seconds_left, site, key)
    assert AGE_S - 60 < age <= AGE_S, "sessions are as old as the setting says"
    async with streams(site, cookie(browser)) as theirs, streams(site, cookie(other)) as others:
        await asyncio.to_thread(expire, site, key)
        assert await theirs.lives()
        await theirs.end()
        assert await others.lives()
    assert not await signed_in(browser)


def seconds_left(site, key):
    with sqlite3.connect(site.folder / "site.sqlite3", timeout=20) as database:
        (text,) = database.execute("SELECT expire_date FROM django_session WHERE session_key = ?", [key]).fetchone()
    database.close()
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()


def expire(site, key):
    at = (datetime.now(UTC) + timedelta(seconds=EXPIRES_S)).strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(site.folder / "site.sqlite3", timeout=20) as database:
        changed = database.execute("UPDATE django_session SET expire_date = ? WHERE session_key = ?", [at, key])
        assert changed.rowcount == 1
    database.close()


async def test_a_token_made_and_revoked_on_its_page_ends_with_its_streams(site, browse):
    browser = await browse()
    await sign_up(browser, "fay")
    page = await send(browser, "/account/tokens", name="wall", read="room:*")
    assert page.status_code == 201
    text = page.text.partition('id="token-text" tabindex="0">')[2].partition("<")[0]
    path = page.text.partition('href="/account/tokens/')[2].partition('"')[0]
    headers = {"Authorization": f"Bearer {text}"}
    async with streams(site, headers) as its, streams(site, cookie(browser)) as hers:
        assert (await its.socket.ask(op="publish", topic="room:lobby", data=1))["error"]["code"] == "forbidden"
        assert (await send(browser, f"/account/tokens/{path}")).headers["location"] == "/account/tokens"
        await its.end()
        assert await hers.lives()
