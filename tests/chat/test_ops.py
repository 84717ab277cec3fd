"""``POST /rooms/<slug>/ops``: what a socket does, a request does too."""

import json
import re
from pathlib import Path

import httpx
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client

from streams.chat.model import close_runner
from streams.chat.operations import OPERATIONS
from streams.chat.rooms import ensure_room
from streams.models import Event, Topic
from streams.publishing import create_token
from tests.harness.asgi import Transport, request
from tests.harness.waiting import aeventually

SECRET = "a" * 32
TRANSCRIPT = Path(__file__).parents[1] / "transcripts" / "room-ops.jsonl"
PATH = "/rooms/lobby/ops"


@pytest.fixture
async def hub(make_hub):
    hub = await make_hub(max_messages_per_s=2, max_operations_per_s=5)
    await hub.gateway.run(ensure_room, "lobby", title="Lobby")
    yield hub
    await close_runner(hub)


@pytest.fixture
async def cookie(hub):
    """Of a user who is signed in, with the CSRF token that goes with it."""
    return await hub.gateway.run(sign_in, "ann")


def sign_in(name):
    client = Client()
    client.force_login(User.objects.get_or_create(username=name)[0])
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    return f"{django_settings.SESSION_COOKIE_NAME}={session}; csrftoken={SECRET}"


async def post(body, path=PATH, **headers):
    headers = {name.replace("_", "-"): text for name, text in headers.items()}
    if "Cookie" in headers:
        headers.setdefault("X-CSRFToken", SECRET)
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    status, answered, text = await request(
        "POST", path, headers={"Content-Type": "application/json"} | headers, body=body
    )
    return status, json.loads(text), answered


def said():
    return list(Event.objects.filter(topic__name="room:lobby", type="message").values_list("data", flat=True))


def code(answer):
    return answer["error"]["code"]


async def test_what_the_transcript_says(hub, cookie):
    lines = [json.loads(line) for line in TRANSCRIPT.read_text().splitlines()]
    for asked, told in zip(lines[::2], lines[1::2], strict=True):
        status, answer, headers = await post(asked, Cookie=cookie)
        assert status == (400 if "error" in told else 200)
        assert headers["cache-control"] == "no-store"
        assert without_chance(answer) == without_chance(told)
    await aeventually(lambda: hub.gateway.run(Event.objects.filter(type="generation.end").exists))


def without_chance(answer):
    """Ids lead somewhere else each time, and errors have the id of the request."""
    kept = {"error": {**answer["error"], "request_id": ""}} if "error" in answer else answer
    return re.sub(r'"(id|generation)": "[^"]+"', r"\1", json.dumps(kept, sort_keys=True))


async def test_the_same_client_id_is_said_once_however_it_comes(hub, cookie):
    one = {"op": "say", "text": "once", "client_id": "c1"}
    answers = [await post(one, Cookie=cookie) for _ in range(2)]
    assert answers[0][:2] == answers[1][:2]
    assert len(await hub.gateway.run(said)) == 1
    assert (await post(one | {"text": "other"}, Cookie=cookie))[0] == 409


async def test_a_page_of_another_site_and_one_without_the_token_are_refused(hub, cookie):
    one = {"op": "say", "text": "forged", "client_id": "c1"}
    for headers in ({"X_CSRFToken": "b" * 32}, {"Origin": "https://evil.example"}):
        status, answer, _ = await post(one, Cookie=cookie, **headers)
        assert (status, code(answer)) == (403, "forbidden")
    status, answer, _ = await post(one, Origin="https://evil.example")
    assert (status, "evil.example" in answer["error"]["message"]) == (403, True)
    assert await hub.gateway.run(said) == []


async def test_who_may_not_is_told_why(hub):
    def prepare():
        Topic.objects.filter(pk=ensure_room("secret", title="Secret").topic_id).update(visibility="private")
        return [create_token(name="robot", **scopes)[1] for scopes in ({"read": ["room:*"]}, {"publish": ["room:*"]})]

    one = {"op": "say", "text": "hello", "client_id": "c1"}
    reader, blind = await hub.gateway.run(prepare)
    status, answer, headers = await post(one)
    assert (status, code(answer)) == (401, "unauthorized")
    assert headers["www-authenticate"].startswith("Bearer")
    assert (await post(one, Authorization="Bearer st_wrong"))[0] == 401
    assert (await post(one, Authorization=f"Bearer {reader}"))[0] == 403
    for path in ("/rooms/lobby/ops", "/rooms/nowhere/ops"):
        assert code((await post(one, path, Authorization=f"Bearer {blind}"))[1]) == "no_such_topic"
    assert code((await post(one, "/rooms/secret/ops", Cookie=await hub.gateway.run(sign_in, "ben")))[1]) == (
        "no_such_topic"
    )


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "an operation is a JSON object, not list"),
        (b'{"op": ["say"]}', 400, "no operation ['say']"),
        (b'{"op": "ping"}', 400, f"there are: {', '.join(OPERATIONS)}"),
        (b"[" * 200, 400, ""),
        (b'{"op": "stop", "generation": "x"}', 404, ""),
        (b'{"op": "say", "text": "' + b"x" * 8_001 + b'", "client_id": "c"}', 413, "8001 characters (limit 8000)"),
        (b'"' + b"x" * 300_000 + b'"', 413, "the body has 300002 bytes (limit 262144)"),
    ],
    ids=["broken", "list", "op-of-another-type", "ping", "deep", "unknown-answer", "long-text", "long-body"],
)
async def test_bad_input_is_told_with_its_limit(hub, cookie, body, status, message):
    got, answer, _ = await post(body, Cookie=cookie)
    assert (got, message in answer["error"]["message"]) == (status, True), answer


async def test_only_json_is_posted(hub, cookie):
    status, headers, _ = await request("GET", PATH)
    assert (status, headers["allow"]) == (405, "POST, OPTIONS")
    assert (await post({"op": "say"}, Cookie=cookie, Content_Type="text/plain"))[0] == 415


async def test_one_account_has_one_rate_over_all_requests_and_is_told_when_to_come_again(hub, cookie):
    async with httpx.AsyncClient(transport=Transport(), base_url="http://testserver") as client:
        headers = {"Cookie": cookie, "X-CSRFToken": SECRET}
        answers = [await client.post(PATH, json={"op": "dance"}, headers=headers) for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {400, 429}
    assert answers.index(refused[0]) >= 50
    assert refused[0].json()["error"]["message"].endswith("the limit of 5 a second")
    assert refused[0].headers["retry-after"] == "1"
    status, answer, _ = await post(b'{"op": "say", "many": [' + b"1," * 5_000 + b"1]}", Cookie=cookie)
    assert (status, code(answer)) == (429, "limit")
