"""Saying something by a form, without JavaScript."""

import re
from urllib.parse import urlencode

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client

from streams.chat.model import close_runner
from streams.chat.rooms import ensure_room
from streams.models import Message
from tests.harness.asgi import request

SECRET = "a" * 32


@pytest.fixture
async def hub(make_hub):
    hub = await make_hub(max_message_chars=20)
    await hub.gateway.run(ensure_room, "lobby", title="Lobby")
    yield hub
    await close_runner(hub)


def sign_in(name):
    client = Client()
    client.force_login(User.objects.create_user(name))
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    return f"{django_settings.SESSION_COOKIE_NAME}={session}; csrftoken={SECRET}"


async def send(cookie, text, client_id="form-1", path="/rooms/lobby/say", token=SECRET):
    body = urlencode({"text": text, "client_id": client_id, "csrfmiddlewaretoken": token}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie, "Accept": "text/html"}
    return await request("POST", path, headers=headers, body=body)


async def test_a_form_sent_twice_is_said_once_and_leads_to_its_message(hub):
    cookie = await hub.gateway.run(sign_in, "ann")
    for _ in range(2):
        status, headers, _ = await send(cookie, "hello")
        assert (status, headers["location"]) == (303, "/rooms/lobby/#m1")
    assert await Message.objects.acount() == 1
    assert (await send(cookie, "hello", token="b" * 32))[0] == 403
    assert (await send(cookie, "hello", path="/rooms/nowhere/say"))[0] == 404


async def test_what_is_refused_comes_back_with_the_reason_and_the_words(hub):
    cookie = await hub.gateway.run(sign_in, "ann")
    status, _, page = await send(cookie, "<b>far too long a text</b>")
    text = page.decode()
    assert status == 413
    assert "26 characters (limit 20)" in text
    assert "&lt;b&gt;far too long a text&lt;/b&gt;</textarea>" in text
    (fresh,) = re.findall('name="client_id" value="([0-9a-f]{32})"', text)
    status, headers, _ = await send(cookie, "short", client_id=fresh)
    assert (status, headers["location"]) == (303, "/rooms/lobby/#m1")
