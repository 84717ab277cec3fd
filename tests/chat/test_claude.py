"""The provider against every way an upstream can behave; each fault is caused on a real socket."""

import asyncio
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.chat.claude import ClaudeProvider
from streams.chat.claude_failures import redact, retry_after_s, stop_reason
from streams.chat.provider import Counted, Finished, Prompt, TextPiece, ThinkingPiece, Turn, Usage
from streams.errors import GenerationFailed
from tests.chat.conftest import API_KEY, MakeClaude
from tests.fakes.messages_api import FakeMessagesAPI
from tests.fakes.messages_parts import ANSWER, THOUGHT
from tests.fakes.messages_scenarios import HOSTILE, HUGE, SCENARIOS

PROMPT = Prompt((Turn("user", "Amber Fox: @claude hello"),), "You are in a room.", "claude-sonnet-4-6", 1_000)
BEGINNING = "The beginning"


@dataclass
class Outcome:
    """What came, until the end or the failure."""

    text: str = ""
    thoughts: list[str] = field(default_factory=list)
    counted: Counted | None = None
    finished: Finished | None = None
    failure: GenerationFailed | None = None
    pieces: int = 0


async def outcome_of(provider: ClaudeProvider, prompt: Prompt = PROMPT) -> Outcome:
    outcome = Outcome()
    try:
        async with asyncio.timeout(20), aclosing(provider.stream(prompt)) as pieces:
            async for piece in pieces:
                outcome.pieces += 1
                if isinstance(piece, TextPiece):
                    assert piece.text
                    outcome.text += piece.text
                elif isinstance(piece, ThinkingPiece):
                    outcome.thoughts.append(piece.text)
                elif isinstance(piece, Counted):
                    assert outcome.pieces == 1
                    outcome.counted = piece
                else:
                    outcome.finished = piece
    except GenerationFailed as failure:
        outcome.failure = failure
    return outcome


# -- what arrives ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scenario",
    "normal slow late close burst bytewise split gzip crlf comments citations deltas unknown-event".split(),  # noqa: SIM905
)
async def test_a_whole_answer_arrives_however_its_bytes_are_cut(make_claude: MakeClaude, scenario: str) -> None:
    outcome = await outcome_of(make_claude(scenario))
    assert outcome.text == ANSWER
    assert outcome.failure is None
    assert outcome.counted == Counted(Usage(12, 0))
    assert outcome.finished == Finished("end_turn", Usage(12, 15), FakeMessagesAPI.request_id)


async def test_a_delta_of_a_kind_yet_unknown_is_passed_over(make_claude: MakeClaude) -> None:
    assert (await outcome_of(make_claude("unknown-delta"))).text == ANSWER


async def test_pieces_arrive_as_they_are_written_and_not_at_the_end(make_claude: MakeClaude) -> None:
    async with aclosing(make_claude("stall").stream(PROMPT)) as pieces:
        assert await asyncio.wait_for(anext(pieces), 10) == Counted(Usage(12, 0))
        assert await asyncio.wait_for(anext(pieces), 10) == TextPiece("The")


async def test_the_request_carries_the_prompt_and_nothing_that_the_api_refuses(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI
) -> None:
    turns = (Turn("user", "one"), Turn("assistant", "two"), Turn("user", "three"))
    await outcome_of(make_claude("normal"), Prompt(turns, "", "claude-haiku-5-5", 77))
    await outcome_of(make_claude("normal"))
    first, second = (request.json for request in messages_api.requests)
    assert first == {
        "model": "claude-haiku-5-5",
        "max_tokens": 77,
        "stream": True,
        "cache_control": {"type": "ephemeral"},
        "messages": [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"},
        ],
    }
    assert second["system"] == "You are in a room."


@pytest.mark.parametrize(
    ("scenario", "begins", "least"),
    [
        ("big-code", "```python", 30_000),
        ("big-list", "- an item", 30_000),
        ("hostile", HOSTILE, 100),
        ("echo", "Amber", 10),
    ],
)
async def test_any_text_arrives_as_it_is(make_claude: MakeClaude, scenario: str, begins: str, least: int) -> None:
    outcome = await outcome_of(make_claude(scenario))
    assert outcome.finished is not None
    assert outcome.text.startswith(begins)
    assert len(outcome.text) >= least


async def test_one_megabyte_arrives_whole_and_the_loop_keeps_turning(make_claude: MakeClaude) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    provider = make_claude("huge")
    await outcome_of(make_claude("normal"))  # the import, which others may have spared us, is not what is counted
    async with asyncio.TaskGroup() as group:
        counter = group.create_task(count_turns())
        outcome = await outcome_of(provider)
        counter.cancel()
    assert outcome.text == HUGE
    assert outcome.finished is not None
    assert turns > outcome.pieces / 64


async def test_thinking_that_is_shown_arrives_as_thinking(make_claude: MakeClaude) -> None:
    outcome = await outcome_of(make_claude("thinking"))
    assert "".join(outcome.thoughts) == THOUGHT
    assert outcome.text == ANSWER
    assert outcome.finished == Finished("end_turn", Usage(12, 40, thinking_tokens=25), FakeMessagesAPI.request_id)


@pytest.mark.parametrize("scenario", ["thinking-omitted", "thinking-redacted"])
async def test_thinking_whose_text_is_withheld_is_still_told(make_claude: MakeClaude, scenario: str) -> None:
    outcome = await outcome_of(make_claude(scenario))
    assert outcome.thoughts == [""]
    assert outcome.text == ANSWER


async def test_a_tool_that_nobody_offered_adds_nothing_to_the_answer(make_claude: MakeClaude) -> None:
    outcome = await outcome_of(make_claude("tool-use"))
    assert outcome.text == ANSWER
    assert outcome.finished is not None
    assert outcome.finished.stop_reason == "tool_use"


async def test_several_text_blocks_are_one_answer(make_claude: MakeClaude) -> None:
    assert (await outcome_of(make_claude("blocks"))).text == "First. Second."


@pytest.mark.parametrize(
    "reason",
    ["end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "model_context_window_exceeded"],
)
async def test_the_stop_reason_is_passed_on(make_claude: MakeClaude, reason: str) -> None:
    outcome = await outcome_of(make_claude(f"stop-{reason}"))
    assert outcome.finished is not None
    assert outcome.finished.stop_reason == reason
    assert outcome.text == BEGINNING


@pytest.mark.parametrize(
    ("scenario", "usage"), [("cache", Usage(13 + 200 + 1_024, 15, 1_024, 200)), ("usage-null", Usage(12, 15))]
)
async def test_input_counts_what_went_through_the_cache(make_claude: MakeClaude, scenario: str, usage: Usage) -> None:
    outcome = await outcome_of(make_claude(scenario))
    assert outcome.finished is not None
    assert outcome.finished.usage == usage


async def test_a_body_that_never_ends_after_message_stop_does_not_hold_the_answer(make_claude: MakeClaude) -> None:
    outcome = await outcome_of(make_claude("lingering"))
    assert outcome.text == ANSWER
    assert outcome.finished is not None


async def test_streams_share_one_client_and_its_connections(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI
) -> None:
    provider = make_claude("normal")
    for _ in range(3):
        assert (await outcome_of(provider)).text == ANSWER
    assert messages_api.connections == 1
    outcomes = await asyncio.gather(*(outcome_of(provider) for _ in range(5)))
    assert [outcome.text for outcome in outcomes] == [ANSWER] * 5


# -- what fails -----------------------------------------------------------------------------------------------------

BEFORE_THE_STREAM = {
    "rate-limit": ("rate_limit_error", "rate limit; try again in 12 s", True),
    "rate-limit-ms": ("rate_limit_error", "rate limit; try again in 2 s", True),
    "rate-limit-hour": ("rate_limit_error", "rate limit; try again in 60 min", True),
    "rate-limit-odd": ("rate_limit_error", "rate limit; try again in a moment", True),
    "spend-limit": ("spend_limit", "monthly spend limit reached", False),
    "overloaded": ("overloaded_error", "Claude is busy", True),
    "api-error": ("api_error", "internal error", True),
    "timeout-error": ("timeout_error", "too long", True),
    "bad-key": ("authentication_error", "refuses this server's key", False),
    "billing": ("billing_error", "billing", False),
    "forbidden": ("permission_error", "refuses this server's key", False),
    "html-403": ("permission_error", "refuses this server's key", False),
    "unknown-model": ("not_found_error", "the model claude-sonnet-4-6", False),
    "too-large": ("request_too_large", "too large", False),
    "bad-request": ("context_window", "takes: prompt is too long: 208310 tokens > 200000 maximum [key]", False),
    "new-error": ("teapot_error", "HTTP 418: A kind of error that came later", False),
    "html-502": ("api_error", "Claude's API answered HTTP 502", True),
    "error-first": ("overloaded_error", "Claude is busy", True),
    "empty": ("incomplete", "Claude sent no answer", True),
    "no-event-lines": ("incomplete", "Claude sent no answer", True),
    "refusal-empty": ("refusal", "Claude declined to answer this", False),
}
AFTER_SOME_TEXT = {
    "error-mid": ("overloaded_error", "Claude is busy", True),
    "error-text": ("api_error", "reports an error", True),
    "reset": ("connection_lost", "was cut", True),
    "cut": ("connection_lost", "was cut", True),
    "clean-eof": ("incomplete", "cut off before its end", True),
    "bad-json": ("bad_response", "can't be read", True),
    "bad-utf8": ("bad_response", "can't be read", True),
    "wrong-index": ("bad_response", "can't be read", True),
    "null-text": ("bad_response", "can't be read", True),
    "usage-missing": ("bad_response", "can't be read", True),
    "stop-refusal": ("refusal", "Claude declined to answer this: This asks for malware.", False),
}


@pytest.mark.parametrize(
    ("scenario", "kind", "text", "retryable"), [(name, *rest) for name, rest in BEFORE_THE_STREAM.items()]
)
async def test_a_failure_before_any_text_is_told_as_what_it_is(
    make_claude: MakeClaude, scenario: str, kind: str, text: str, retryable: bool
) -> None:
    outcome = await outcome_of(make_claude(scenario))
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.retryable) == (kind, retryable)
    assert text in str(outcome.failure)
    assert outcome.failure.request_id == FakeMessagesAPI.request_id
    assert (outcome.text, outcome.finished is not None) == ("", kind == "refusal")


@pytest.mark.parametrize(
    ("scenario", "kind", "text", "retryable"), [(name, *rest) for name, rest in AFTER_SOME_TEXT.items()]
)
async def test_a_failure_in_the_middle_comes_after_the_text_that_had_come(
    make_claude: MakeClaude, scenario: str, kind: str, text: str, retryable: bool
) -> None:
    outcome = await outcome_of(make_claude(scenario))
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.retryable) == (kind, retryable)
    assert text in str(outcome.failure)
    assert outcome.text
    assert outcome.finished == (
        Finished("refusal", Usage(12, 15), outcome.failure.request_id) if kind == "refusal" else None
    )


async def test_an_error_while_thinking_ends_the_answer(make_claude: MakeClaude) -> None:
    outcome = await outcome_of(make_claude("error-thinking"))
    assert outcome.failure is not None
    assert outcome.failure.kind == "api_error"
    assert "".join(outcome.thoughts) == THOUGHT


@pytest.mark.parametrize(
    ("scenario", "wait_s"),
    [
        ("rate-limit", 12),
        ("rate-limit-ms", 2.5),
        ("rate-limit-hour", 3_600),
        ("rate-limit-odd", None),
        ("billing", None),
    ],
)
async def test_what_the_vendor_asks_to_wait_is_a_number(
    make_claude: MakeClaude, scenario: str, wait_s: float | None
) -> None:
    failure = (await outcome_of(make_claude(scenario))).failure
    assert failure is not None
    assert failure.retry_after_s == wait_s


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("0", 0), ("-5", 0), ("86400.5", 86_400.5), ("nan", None), ("inf", None), ("1e300", None),
        ("1795680000", None), ("Fri, 31 Dec 9999 23:59:59 GMT", None), ("Thu, 26 Nov 2026 07:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_what_nobody_could_wait_for_is_no_wait(value: str, wait_s: float | None) -> None:
    now = datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert retry_after_s({"retry-after": value}, now=now) == wait_s


def test_what_the_vendor_says_has_only_characters_that_a_database_keeps() -> None:
    assert redact("a\0b\ud800c", "k") == "a\ufffdb\ufffdc"
    assert [stop_reason(said) for said in ("end_turn", None, "a\0", "x" * 41)] == ["end_turn", *["unknown"] * 3]


async def test_a_date_in_retry_after_is_told_in_seconds(make_claude: MakeClaude) -> None:
    failure = (await outcome_of(make_claude("rate-limit-date"))).failure
    assert str(failure) in [f"rate limit; try again in {seconds} s" for seconds in range(25, 33)]


async def test_nothing_is_retried_unseen(make_claude: MakeClaude, messages_api: FakeMessagesAPI) -> None:
    provider = make_claude("flaky")
    for _ in range(2):
        failure = (await outcome_of(provider)).failure
        assert failure is not None
        assert failure.kind == "overloaded_error"
    assert (await outcome_of(provider)).text == ANSWER
    assert len(messages_api.requests) == 3


@pytest.mark.parametrize("scenario", ["stall", "silent"])
async def test_silence_upstream_ends_the_answer_after_the_read_timeout(make_claude: MakeClaude, scenario: str) -> None:
    outcome = await outcome_of(make_claude(scenario, read_timeout_s=0.2))
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.retryable) == ("idle_timeout", True)
    assert str(outcome.failure) == "Claude sent nothing for 0.2 s"
    assert outcome.text == (BEGINNING if scenario == "stall" else "")


async def test_pings_alone_keep_the_watchdog_quiet(make_claude: MakeClaude, messages_api: FakeMessagesAPI) -> None:
    task = asyncio.ensure_future(outcome_of(make_claude("pings", read_timeout_s=0.2)))
    await asyncio.wait_for(messages_api.request(), 10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(task, 0.6)


async def test_a_refused_connection_is_told_as_unreachable(make_claude: MakeClaude) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    outcome = await outcome_of(make_claude(base_url=f"http://127.0.0.1:{port}"))
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.retryable) == ("unreachable", True)
    assert "127.0.0.1" not in str(outcome.failure)


@pytest.fixture
async def full_backlog() -> AsyncIterator[int]:
    """A port whose queue of connections is full, so that the next one is neither taken nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        yield port
        for each in waiting:
            each.close()


async def test_a_connection_that_is_not_taken_ends_after_the_connect_timeout(
    make_claude: MakeClaude, full_backlog: int
) -> None:
    outcome = await outcome_of(make_claude(base_url=f"http://127.0.0.1:{full_backlog}", connect_timeout_s=0.2))
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.retryable) == ("connect_timeout", True)
    assert "within 0.2 s" in str(outcome.failure)


async def test_a_server_without_the_package_says_so(make_claude: MakeClaude, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = make_claude("normal")

    def missing() -> None:
        raise ModuleNotFoundError("No module named 'anthropic'")

    monkeypatch.setattr(provider, "_open", missing)
    outcome = await outcome_of(provider)
    assert outcome.failure is not None
    assert (outcome.failure.kind, outcome.failure.retryable) == ("not_installed", False)


NOT_RUN = {"events-50k"}  # it takes 10 s, and is for measuring


def test_every_scenario_of_the_fake_is_met_by_a_test() -> None:
    texts = [Path(__file__).with_name(name).read_text() for name in ("test_claude.py", "test_claude_request.py")]
    named = set(re.findall(r"[\w-]+", "".join(texts)))
    general = {name for name, one in SCENARIOS.items() if one.play.__module__ == "tests.fakes.messages_scenarios"}
    assert {name for name in general - named if not name.startswith("stop-")} == set()


# -- leaving --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["slow", "stall", "pings", "silent"])
async def test_cancelling_closes_the_socket_upstream_within_a_second(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI, scenario: str
) -> None:
    task = asyncio.ensure_future(outcome_of(make_claude(scenario)))
    request = await asyncio.wait_for(messages_api.request(), 10)
    started = asyncio.get_running_loop().time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(request.left.wait(), 1)
    assert request.left_at is not None
    assert request.left_at - started < 1
    assert not request.answered


async def test_closing_the_generator_closes_the_socket_upstream_within_a_second(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI
) -> None:
    async with aclosing(make_claude("stall").stream(PROMPT)) as pieces:
        await anext(pieces)
    await asyncio.wait_for(messages_api.requests[0].left.wait(), 1)


async def test_one_who_leaves_during_the_import_costs_the_next_one_nothing(make_claude: MakeClaude) -> None:
    provider = make_claude("normal")
    task = asyncio.ensure_future(outcome_of(provider))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await outcome_of(provider)).text == ANSWER


# -- the key --------------------------------------------------------------------------------------------------------


async def test_the_given_key_is_sent_whatever_the_environment_holds(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-from-the-environment")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-from-the-environment")
    monkeypatch.setenv("ANTHROPIC_PROFILE", "nobody")
    await outcome_of(make_claude("normal"))
    headers = messages_api.requests[0].headers
    assert API_KEY in (headers.get("authorization", "") + headers.get("x-api-key", ""))
    assert "environment" not in str(headers)


def test_an_empty_key_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(ValueError, match="needs an API key"):
        ClaudeProvider("  ", None, "claude-sonnet-4-6")


@pytest.mark.parametrize("scenario", ["bad-key", "bad-request", "html-502", "error-mid", "cut", "normal"])
async def test_the_key_is_in_no_log_and_in_no_text(
    make_claude: MakeClaude, caplog: pytest.LogCaptureFixture, scenario: str
) -> None:
    caplog.set_level(logging.DEBUG)
    outcome = await outcome_of(make_claude(scenario))
    warnings = [record for record in caplog.records if record.name == "streams.chat.claude"]
    assert len(warnings) == (0 if scenario == "normal" else 1)
    assert all(FakeMessagesAPI.request_id in record.getMessage() for record in warnings)
    assert API_KEY not in caplog.text
    assert "leaked" not in "".join(record.getMessage() for record in warnings)
    assert API_KEY not in str(outcome.failure)


async def test_a_key_that_no_header_can_hold_is_not_quoted(
    messages_api: FakeMessagesAPI, loopback_without_proxy: None, caplog: pytest.LogCaptureFixture
) -> None:
    provider = ClaudeProvider("sk-ant-two\nlines-of-secret", messages_api.url("normal"), "claude-sonnet-4-6")
    outcome = await outcome_of(provider)
    await provider.aclose()
    assert outcome.failure is not None
    assert outcome.failure.__suppress_context__
    for shown in (str(outcome.failure), caplog.text):
        assert "sk-ant" not in shown
        assert "lines-of-secret" not in shown


def test_redaction_takes_out_whatever_looks_like_a_key() -> None:
    text = redact("Bearer abc.def and sk-ant-api03-xyz and\nx-api-key: hello and mine", "mine")
    assert text == "[key] and [key] and [key] and [key]"
    assert len(redact("long " * 1_000, "k")) == 300
