"""``POST /chat`` on both servers, against a scripted Messages API: real sockets on both sides."""

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing

import httpx
import pytest

from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.site import SERVERS, Site
from tests.harness.waiting import aeventually

KEY = "sk-ant-test-do-not-show-0123456789"


@pytest.fixture(scope="module", params=SERVERS)
def chat_site(request, tmp_path_factory):
    """A site that has a key; the fake listens where the site was told to ask."""
    from tests.harness.waiting import free_port

    folder, api_port = tmp_path_factory.mktemp("site"), free_port()
    site = Site(
        request.param,
        folder,
        f"sqlite:///{folder / 'site.sqlite3'}",
        ANTHROPIC_API_KEY=KEY,
        ANTHROPIC_BASE_URL=f"http://127.0.0.1:{api_port}",
    )
    site.api_port = api_port
    yield site.set_up().start()
    site.kill()


@pytest.fixture
async def api(chat_site):
    async with FakeMessagesAPI(port=chat_site.api_port, pace_s=0.01) as api:
        yield api


@asynccontextmanager
async def asked(site, message, **body):
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False) as client,
        client.stream("POST", f"{site.url}/chat", json={"message": message, **body}) as response,
    ):
        yield response


async def blocks(response):
    """Each block of the stream as (event, data)."""
    text = ""
    async for piece in response.aiter_text():
        text += piece
        while "\n\n" in text:
            block, _, text = text.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            if fields:
                yield fields.get("event", "message"), fields["data"]


async def read(response):
    return [block async for block in blocks(response)]


async def test_the_answer_comes_in_pieces_and_ends_with_done(chat_site, api):
    async with asked(chat_site, "[[echo]] Grüße 🌊") as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["streams-model"] == "claude-sonnet-4-6"
        *pieces, last = await read(response)
    assert last == ("message", "[DONE]")
    assert "Grüße 🌊" in "".join(json.loads(data)["text"] for _, data in pieces)
    assert api.requests[-1].json["model"] == "claude-sonnet-4-6"
    assert api.requests[-1].json["max_tokens"] == 4096
    assert api.requests[-1].json["stream"] is True


async def test_the_first_piece_does_not_wait_for_the_last(chat_site, api):
    async with asked(chat_site, "[[stall]]") as response:
        async for kind, data in blocks(response):
            assert kind == "message"
            assert json.loads(data)["text"]
            break


@pytest.mark.parametrize(
    ("scenario", "status", "usage"),
    [
        ("stall", "interrupted", (12, 4, True)),
        ("error-mid", "failed", (12, 4, True)),
        ("stop-refusal", "failed", (12, 15, False)),
    ],
)
async def test_what_an_answer_without_an_end_has_cost_is_counted(scenario, status, usage, chat_site, api):
    async with asked(chat_site, f"[[{scenario}]]") as response:
        async for _ in blocks(response):
            if scenario == "stall":
                break

    def newest():
        with closing(sqlite3.connect(chat_site.folder / "site.sqlite3")) as database:
            fields = "status, input_tokens, output_tokens, estimated"
            return database.execute(f"SELECT {fields} FROM streams_generation ORDER BY created_at DESC").fetchone()

    await aeventually(lambda: newest() == (status, *usage))


@pytest.mark.parametrize("scenario", ["slow", "stall", "silent", "pings"])
async def test_a_caller_who_leaves_closes_the_call_upstream_within_a_second(scenario, chat_site, api):
    async with asked(chat_site, f"[[{scenario}]]"):
        request = await api.request()
    async with asyncio.timeout(1):
        await request.left.wait()


@pytest.mark.parametrize(
    ("scenario", "kind", "retryable"),
    [
        ("rate-limit", "rate_limit_error", True),
        ("overloaded", "overloaded_error", True),
        ("bad-key", "authentication_error", False),
        ("error-mid", "overloaded_error", True),
        ("cut", "connection_lost", True),
        ("clean-eof", "incomplete", True),
    ],
)
async def test_a_failure_is_told_in_band_and_never_as_done(scenario, kind, retryable, chat_site, api):
    async with asked(chat_site, f"[[{scenario}]]") as response:
        received = await read(response)
    assert ("message", "[DONE]") not in received
    event, data = received[-1]
    error = json.loads(data)["error"]
    assert event == "error"
    assert (error["type"], error["retryable"]) == (kind, retryable)
    assert error["message"]
    assert KEY not in str(received)
    assert KEY not in chat_site.log()


async def test_a_conversation_goes_on_with_what_was_said(chat_site, api):
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        first = await client.post(f"{chat_site.url}/chat", json={"message": "[[echo]] My name is Ada."})
        conversation = first.headers["streams-conversation"]
        body = {"message": "[[echo]] What is my name?", "conversation": conversation}
        second = await client.post(f"{chat_site.url}/chat", json=body)
        assert second.headers["streams-conversation"] == conversation
        unknown = {"message": "hi", "conversation": "5b4ac721-8437-4a7c-b6db-a1cf62cb1a4e"}
        assert (await client.post(f"{chat_site.url}/chat", json=unknown)).status_code == 404
    turns = api.requests[-1].json["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert "Ada" in str(turns[0]["content"])


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {}, 400),
        (b'{"message": ""}', {}, 400),
        (b'{"message": 7}', {}, 400),
        (b"[]", {}, 400),
        (b"{", {}, 400),
        (b'{"message": "hi", "conversation": "x"}', {}, 404),
        (b'{"message": "' + b"x" * 8_001 + b'"}', {}, 413),
        (b'{"message": "hi"}', {"Content-Type": "text/plain"}, 415),
        (b'{"message": "hi"}', {"Authorization": "Bearer st_unknown"}, 401),
        (b'{"message": "hi"}', {"Authorization": "Basic abc"}, 400),
    ],
)
async def test_bad_requests_are_refused_with_a_reason(body, headers, status, chat_site):
    async with httpx.AsyncClient(trust_env=False) as client:
        headers = {"Content-Type": "application/json"} | headers
        response = await client.post(f"{chat_site.url}/chat", content=body, headers=headers)
    assert response.status_code == status
    assert response.json()["error"]["message"]


async def test_only_a_token_that_may_chat_is_answered(chat_site, api):
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        refused = await client.post(
            f"{chat_site.url}/chat", json={"message": "hi"}, headers=chat_site.token("--read", "*")
        )
        answered = await client.post(f"{chat_site.url}/chat", json={"message": "hi"}, headers=chat_site.token("--chat"))
        got = await client.get(f"{chat_site.url}/chat")
    assert refused.status_code == 403
    assert answered.text.endswith("data: [DONE]\n\n")
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
