"""A socket outlives the moment in which it was opened: its reader may lose a right, its topic go, its server end."""

import asyncio
import sqlite3

import httpx
import pytest

from tests.harness.site import SERVERS, Site
from tests.harness.sockets import connected
from tests.harness.waiting import aeventually

PASSWORD = "long-enough-1"
MAKE = f"""
from django.contrib.auth.models import Permission, User
from streams.models import Topic
for name in ("disabled", "gone", "out", "changed", "unnamed", "mute", "staying"):
    user = User.objects.create_user(name, password="{PASSWORD}")
    user.user_permissions.add(Permission.objects.get(codename="add_event"))
Topic.objects.create(name="private", visibility="private").readers.set(User.objects.all())
Topic.objects.create(name="members")
"""
TOLD = {"type": "stream.close", "data": {"reason": "unauthorized", "reconnect": False}}


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}", STREAMS_RECHECK_S="0.2").set_up()
    site.manage("shell", "-v0", "-c", MAKE)
    yield site.start()
    site.kill()


@pytest.fixture
def change(site):
    """``change("UPDATE …")``: what an operator does in the admin."""

    def run(sql):
        with sqlite3.connect(site.folder / "site.sqlite3", timeout=20) as database:
            assert database.execute(sql).rowcount > 0, sql
        database.close()

    return run


@pytest.fixture
async def sign_in(site):
    """``await sign_in(name)``: a browser in which that user is signed in, and its headers for a socket."""
    browsers = []

    async def signed_in(name):
        browser = httpx.AsyncClient(base_url=site.url, timeout=30, trust_env=False)
        browsers.append(browser)
        page = await browser.get("/login/")
        form = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": csrf_of(page)}
        assert (await browser.post("/login/", data=form)).status_code == 302
        return browser, {"Cookie": f"sessionid={browser.cookies['sessionid']}"}

    yield signed_in
    for browser in browsers:
        await browser.aclose()


def csrf_of(page):
    return page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]


USER = "user_id = (SELECT id FROM auth_user WHERE username ="
LOSSES = {
    "disabled": "UPDATE auth_user SET is_active = 0 WHERE username = 'disabled'",
    "gone": "DELETE FROM django_session WHERE session_key = '{session}'",
    "changed": "UPDATE auth_user SET password = 'x' WHERE username = 'changed'",
    "unnamed": f"DELETE FROM streams_topic_readers WHERE {USER} 'unnamed')",
}


@pytest.mark.parametrize("name", LOSSES)
async def test_a_user_who_loses_the_right_is_told_and_closed_and_nobody_else_is(site, sign_in, change, name):
    (_, headers), (_, others) = await sign_in(name), await sign_in("staying")
    path = "/events/private"
    async with connected(site, path, headers) as socket, connected(site, path, others) as other:
        await socket.opened()
        await other.opened()
        change(LOSSES[name].format(session=headers["Cookie"].partition("=")[2]))
        assert await socket.end() == ([TOLD], 4401)
        assert (await other.ask(op="publish", topic="private", data=name))["op"] == "ack"


async def test_a_user_who_signs_out_is_told_and_closed(site, sign_in):
    browser, headers = await sign_in("out")
    async with connected(site, "/events?topic=members&topic=private", headers) as socket:
        await socket.opened()
        page = await browser.get("/")
        answer = await browser.post("/logout/", data={"csrfmiddlewaretoken": csrf_of(page)})
        assert answer.status_code in (200, 302), answer.text[:300]
        assert await socket.end() == ([TOLD], 4401)


async def test_a_topic_that_was_subscribed_to_later_counts_as_well(site, sign_in, change):
    _, headers = await sign_in("mute")
    async with connected(site, "/events/members", headers) as socket:
        await socket.opened()
        assert (await socket.ask(op="subscribe", topic="private"))["op"] == "ack"
        change(f"DELETE FROM streams_topic_readers WHERE {USER} 'mute')")
        assert await socket.end() == ([TOLD], 4401)


async def test_a_socket_that_reads_nothing_is_closed_too_once_its_token_is_revoked(site, change):
    tokens = [await asyncio.to_thread(site.token, "--read", "*", "--publish", "*") for _ in range(2)]
    async with connected(site, "/events", tokens[0]) as revoked, connected(site, "/events", tokens[1]) as other:
        await revoked.opened()
        await other.opened()
        change("UPDATE streams_token SET revoked_at = '2020-01-01' WHERE id = (SELECT max(id) - 1 FROM streams_token)")
        assert await revoked.end() == ([TOLD], 4401)
        assert (await other.ask(op="ping"))["op"] == "ack"


async def test_who_loses_the_right_to_publish_reads_on_and_is_refused(site, sign_in, change):
    _, headers = await sign_in("mute")
    async with connected(site, "/events/members", headers) as socket:
        await socket.opened()
        assert (await socket.ask(op="publish", topic="members", data=1))["op"] == "ack"
        change(f"DELETE FROM auth_user_user_permissions WHERE {USER} 'mute')")

        async def refused():
            answer = await socket.ask(op="publish", topic="members", data=2)
            return answer["op"] == "error" and answer["error"]["code"] == "forbidden"

        await aeventually(refused)
        assert (await socket.ask(op="unsubscribe", topic="members"))["op"] == "ack"


async def test_a_topic_that_is_deleted_closes_its_readers(site, sign_in):
    _, headers = await sign_in("staying")
    async with connected(site, "/events", headers) as socket:
        await socket.opened()
        await socket.ask(op="publish", topic="short-lived", data=1)
        await socket.ask(op="subscribe", topic="short-lived")
        code = "from streams.models import Topic; Topic.objects.get(name='short-lived').delete()"
        await asyncio.to_thread(site.manage, "shell", "-v0", "-c", code)
        frames, closed = await socket.end()
        assert frames == [{"type": "stream.close", "data": {"reason": "expired", "reconnect": False}}]
        assert closed == 4404


async def test_a_server_that_ends_tells_every_socket_and_the_next_one_serves_it_on(make_site, server, sqlite_url):
    site = await asyncio.to_thread(lambda: make_site(server, sqlite_url).start())
    headers = await asyncio.to_thread(site.token, "--read", "*", "--publish", "*")
    async with connected(site, "/events", headers) as idle, connected(site, "/events", headers) as reading:
        await idle.opened()
        await reading.opened()
        first = await reading.ask(op="publish", topic="on", data=1)
        await reading.ask(op="subscribe", topic="on")
        ending = asyncio.gather(idle.end(), reading.end())
        await asyncio.to_thread(site.terminate)
        told = {"type": "stream.close", "data": {"reason": "shutdown", "reconnect": True}}
        assert await ending == [([told], 1012)] * 2
    await asyncio.to_thread(site.start)
    async with connected(site, f"/events/on?last_event_id={first['id']}", headers) as again:
        await again.opened()
        await again.send(op="publish", ref=1, topic="on", data=2)
        assert (await again.get(lambda frame: "topic" in frame))["data"] == 2
