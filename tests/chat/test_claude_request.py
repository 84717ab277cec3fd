"""What the vendor is sent: thinking as each model takes it, files, caching; and the count of a prompt."""

import logging
from dataclasses import replace

import pytest

from streams.chat.claude_request import request_of
from streams.chat.provider import Attached, Prompt, Turn
from tests.chat.conftest import MakeClaude
from tests.chat.test_claude import PROMPT, outcome_of
from tests.fakes.messages_api import FakeMessagesAPI
from tests.fakes.messages_models import MODELS, RETIRING
from tests.fakes.messages_parts import ANSWER

PNG = b"\x89PNG\r\n\x1a\n and the rest"
THOUGHTFUL = replace(PROMPT, thinking=True, max_tokens=4_000)


@pytest.mark.parametrize("asked_before", [False, True], ids=["as shipped", "as listed"])
@pytest.mark.parametrize("model", MODELS)
async def test_no_model_refuses_what_it_is_told_of_thinking(
    make_claude: MakeClaude,
    messages_api: FakeMessagesAPI,
    caplog: pytest.LogCaptureFixture,
    model: str,
    asked_before: bool,
) -> None:
    provider = make_claude()
    if asked_before:
        assert (await provider.catalogue.current()).source == "api"
    for prompt in (THOUGHTFUL, replace(THOUGHTFUL, thinking=False)):
        assert (await outcome_of(provider, replace(prompt, model=model))).text == ANSWER
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    wanted, unwanted = (one.json.get("thinking") for one in messages_api.requests if one.method == "POST")
    assert wanted == {
        "claude-haiku-4-5": {"type": "enabled", "budget_tokens": 2_000},
        RETIRING: {"type": "enabled", "budget_tokens": 2_000},
        "claude-plain-1": None,
    }.get(model, {"type": "adaptive", "display": "summarized"})
    turned_off = asked_before and model not in ("claude-opus-5-5", "claude-plain-1")
    assert unwanted == ({"type": "disabled"} if turned_off else None)


async def test_a_model_that_takes_no_word_of_thinking_is_asked_without_and_remembered(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI, caplog: pytest.LogCaptureFixture
) -> None:
    provider = make_claude("thinking-refused")
    for _ in range(2):
        assert (await outcome_of(provider, THOUGHTFUL)).text == ANSWER
    assert ["thinking" in one.json for one in messages_api.requests] == [True, False, False]
    assert [one.getMessage().split(" does")[0] for one in caplog.records if one.levelno == logging.WARNING] == [
        PROMPT.model
    ]


async def test_files_go_before_the_words_of_their_turn(make_claude: MakeClaude, messages_api: FakeMessagesAPI) -> None:
    files = (Attached("a.png", "image/png", PNG), Attached("notes.txt", "text/plain", "one\ntwo"))
    outcome = await outcome_of(make_claude("normal"), replace(PROMPT, turns=(Turn("user", "Ann: look", files),)))
    assert outcome.text == ANSWER
    (turn,) = messages_api.requests[0].json["messages"]
    assert [block["type"] for block in turn["content"]] == ["text", "image", "text", "text"]
    assert turn["content"][1]["source"]["media_type"] == "image/png"
    assert turn["content"][2]["text"] == "The attached file notes.txt:\n\none\ntwo\n\n(end of notes.txt)"
    assert turn["content"][3]["text"] == "Ann: look"


async def test_the_vendor_is_told_of_people_only_what_tells_it_nothing(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI
) -> None:
    await outcome_of(make_claude("normal"), replace(PROMPT, asked_by="5f0c"))
    assert messages_api.requests[0].json["metadata"] == {"user_id": "5f0c"}


async def test_an_answer_is_never_longer_than_its_model_writes(make_claude: MakeClaude) -> None:
    facts = make_claude().catalogue.facts("claude-sonnet-4-6")
    assert request_of(replace(PROMPT, max_tokens=1_000_000), facts)["max_tokens"] == facts.max_tokens


async def test_the_vendor_counts_a_prompt_and_a_failure_to_is_none(
    make_claude: MakeClaude, messages_api: FakeMessagesAPI
) -> None:
    messages_api.tokens = 4_711
    assert await make_claude().count_tokens(PROMPT) == 4_711
    assert set(messages_api.requests[0].json) == {"model", "messages", "system"}
    assert await make_claude("overloaded").count_tokens(PROMPT) is None


def test_a_prompt_of_nothing_but_words_is_sent_as_words() -> None:
    turns = (Turn("user", "one"), Turn("assistant", "two"), Turn("user", "three"))
    request = request_of(Prompt(turns, "", "m", 10), request_facts())
    assert [turn["content"] for turn in request["messages"]] == ["one", "two", "three"]
    assert "system" not in request


def request_facts():  # type: ignore[no-untyped-def]
    from streams.chat.catalogue import unknown_model

    return unknown_model("m")
