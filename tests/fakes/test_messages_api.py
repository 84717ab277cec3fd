"""The fake is worth what it refuses and what it records."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.messages_api import FakeMessagesAPI
from tests.fakes.messages_parts import ANSWER
from tests.fakes.messages_scenarios import SCENARIOS

KEY = {"authorization": "Bearer sk-ant-test", "anthropic-version": "2026-10-21"}
BODY = {"model": "claude-sonnet-4-6", "max_tokens": 10, "messages": [{"role": "user", "content": "hello"}]}


@pytest_asyncio.fixture
async def api() -> AsyncIterator[FakeMessagesAPI]:
    async with FakeMessagesAPI(pace_s=0.001) as api:
        yield api


async def send(
    api: FakeMessagesAPI, method: str, path: str, body: object = None, headers: dict[str, str] = KEY
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    raw = json.dumps(body).encode() if body is not None else b""
    host, port = api.url().removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), f"content-length: {len(raw)}"]
    writer.write("\r\n".join([*lines, "", ""]).encode() + raw)
    return reader, writer


async def exchange(api: FakeMessagesAPI, *args: Any) -> tuple[int, Any]:
    """One request and its whole answer: status, and JSON or the raw body."""
    reader, writer = await send(api, *args)
    async with asyncio.timeout(5):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "chunked" in head:
            body: Any = await reader.readuntil(b"\r\n0\r\n\r\n")
        else:
            length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    return int(head.split(" ")[1]), body


async def test_a_stream_is_events_in_chunks(api: FakeMessagesAPI) -> None:
    status, body = await exchange(api, "POST", "/v1/messages", {**BODY, "stream": True})
    assert status == 200
    assert b"event: message_start\ndata: {" in body
    assert body.index(b"event: ping") < body.index(b"content_block_delta") < body.index(b"event: message_stop")


async def test_without_stream_the_message_comes_whole(api: FakeMessagesAPI) -> None:
    status, body = await exchange(api, "POST", "/v1/messages", BODY)
    assert (status, body["content"][0]["text"], body["stop_reason"]) == (200, ANSWER, "end_turn")


async def test_models_and_tokens_are_counted_out(api: FakeMessagesAPI) -> None:
    status, models = await exchange(api, "GET", "/fake/slow/v1/models?limit=100")
    assert (status, models["has_more"], models["first_id"]) == (200, False, models["data"][0]["id"])
    status, page = await exchange(api, "GET", "/v1/models?limit=2&after_id=" + models["first_id"])
    assert (page["has_more"], [one["id"] for one in page["data"]]) == (True, [one["id"] for one in models["data"][1:3]])
    status, count = await exchange(api, "POST", "/v1/messages/count_tokens", BODY)
    assert status == 200
    assert count["input_tokens"] > 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"temperature": 0.5}, "temperature: Extra inputs are not permitted"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": " "}]}, "non-empty content"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4_000}}, "budget_tokens"),
        ({"thinking": {"type": "adaptive"}, "model": "claude-haiku-4-5"}, "'adaptive' is not supported by this model"),
        ({"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}, "Could not process image"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 'first message must use the "user" role'),
    ],
)
async def test_what_the_api_refuses_is_refused(api: FakeMessagesAPI, change: dict[str, Any], text: str) -> None:
    status, body = await exchange(api, "POST", "/v1/messages", {**BODY, **change})
    assert (status, body["type"], body["error"]["type"]) == (400, "error", "invalid_request_error")
    assert text in body["error"]["message"]


async def test_without_a_key_or_a_version_nothing_is_answered(api: FakeMessagesAPI) -> None:
    status, body = await exchange(api, "POST", "/v1/messages", BODY, {"anthropic-version": "2026-10-21"})
    assert (status, body["error"]["type"]) == (401, "authentication_error")
    status, _ = await exchange(api, "POST", "/v1/messages", BODY, {"x-api-key": "sk-ant-test"})
    assert status == 400


async def test_the_path_names_the_scenario_and_the_text_overrules_it(api: FakeMessagesAPI) -> None:
    assert (await exchange(api, "POST", "/fake/overloaded/v1/messages", BODY))[0] == 529
    asks = {**BODY, "messages": [{"role": "user", "content": "please [[too-large]]"}]}
    assert (await exchange(api, "POST", "/fake/overloaded/v1/messages", asks))[0] == 413
    assert [request.scenario for request in api.requests] == ["overloaded", "too-large"]
    assert (await exchange(api, "POST", "/fake/nonesuch/v1/messages", BODY))[0] == 400


async def test_the_moment_a_client_leaves_is_recorded(api: FakeMessagesAPI) -> None:
    reader, writer = await send(api, "POST", "/fake/stall/v1/messages", {**BODY, "stream": True})
    await asyncio.wait_for(reader.readuntil(b"message_start"), 5)
    request = await asyncio.wait_for(api.request(), 5)
    assert request.left_at is None
    writer.close()
    await writer.wait_closed()
    await asyncio.wait_for(request.left.wait(), 5)
    assert not request.answered


def test_every_group_of_faults_has_its_scenarios() -> None:
    assert len(SCENARIOS) > 60
    assert {"normal", "stall", "spend-limit", "error-mid", "reset", "bad-utf8", "huge", "thinking"} <= set(SCENARIOS)
