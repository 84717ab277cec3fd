"""Answers in a room: what the log holds when all goes well, and whatever else happens."""

import hashlib
import json
from datetime import date, timedelta
from functools import partial

import pytest
from django.utils import timezone

from streams.chat.demo import DemoProvider
from streams.chat.generation_rows import Outcome, end_generation
from streams.chat.generation_turns import end_abandoned
from streams.chat.generations import GenerationRunner
from streams.chat.provider import Finished, Usage
from streams.chat.rooms import ensure_room
from streams.chat.talk import asks_model
from streams.eventlog import delete_topic
from streams.models import Event, Generation, ModelPrice, Topic
from streams.models.generation import GenerationStatus
from streams.publishing import Identity, publish
from tests.chat.saying import say
from tests.harness.waiting import aeventually

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def hub(make_hub):
    """Retries follow at once; a wait of more than 2 s is too long."""
    return await make_hub(generation_retry_s=0.01, max_retry_wait_s=2)


@pytest.fixture
async def room(hub):
    return await hub.gateway.run(ensure_room, "lobby", title="Lobby")


@pytest.fixture
def run(hub, room):
    """``run(provider, text)``: say it in the room and wait for the end; the row and the log of the answer."""

    async def run(provider, text="@claude hello", client_id="c1"):
        runner = GenerationRunner(hub, provider)
        event_id, refused = await say(runner, room, ADA, text=text, client_id=client_id)
        assert refused is None
        await aeventually(lambda: not runner._running, limit_s=30)
        return event_id, *await hub.gateway.run(read, room)

    return run


def read(room):
    events = [
        (event.type, json.loads(event.data), event.seq)
        for event in Event.objects.filter(topic=room.topic).order_by("seq")
    ]
    return Generation.objects.order_by("created_at").last(), events


def text_of(events, generation):
    return "".join(
        data["text"]
        for kind, data, _ in events
        if kind == "generation.delta" and data["generation"] == str(generation.pk)
    )


async def test_an_answer_is_a_run_of_events_and_a_row(hub, run, make_claude):
    price = {"input_usd": 3, "output_usd": 15, "since": date(2026, 1, 1)}
    await hub.gateway.run(partial(ModelPrice.objects.update_or_create, model="claude-sonnet-4-6", defaults=price))
    asked, generation, events = await run(make_claude("normal"))
    kinds = [kind for kind, _, _ in events]
    assert kinds[:2] == ["message", "generation.start"]
    assert kinds[-1] == "generation.end"
    assert set(kinds[2:-1]) <= {"generation.delta", "generation.thinking", "generation.block"}
    start, end = events[1], events[-1]
    assert start[1]["message"] == int(asked.rpartition("-")[2]) == generation.message_seq
    assert (start[1]["version"], start[1]["status"], start[1]["question"]) == (1, "running", "@claude hello")
    assert (generation.start_seq, generation.end_seq) == (start[2], end[2])
    assert generation.text == text_of(events, generation) != ""
    assert end[1]["status"] == generation.status == "done"
    assert end[1]["length"] == len(generation.text)
    assert end[1]["sha256"] == hashlib.sha256(generation.text.encode()).hexdigest()
    assert end[1]["usage"]["output_tokens"] == generation.output_tokens > 0
    assert end[1]["usage"]["estimated"] is False
    cost = (generation.input_tokens * 3 + generation.output_tokens * 15) / 1_000_000
    assert end[1]["usage"]["cost_usd"] == pytest.approx(cost)
    assert (generation.html, end[1]["html"]) == (
        "".join(data["html"] for kind, data, _ in events if kind == "generation.block"),
        None,
    )
    assert end[1]["blocks"] == kinds.count("generation.block") > 0
    assert generation.created_at <= generation.started_at <= generation.first_text_at <= generation.ended_at


FAILURES = {
    "rate-limit": ("rate_limit_error", True),
    "spend-limit": ("spend_limit", False),
    "overloaded": ("overloaded_error", True),
    "bad-key": ("authentication_error", False),
    "error-first": ("overloaded_error", True),
    "error-mid": ("overloaded_error", True),
    "reset": ("connection_lost", True),
    "cut": ("connection_lost", True),
    "clean-eof": ("incomplete", True),
    "empty": ("incomplete", True),
    "stop-refusal": ("refusal", False),
}


@pytest.mark.parametrize("scenario", FAILURES)
async def test_a_failure_is_told_with_its_reason_and_keeps_the_text(scenario, run, make_claude):
    kind, retryable = FAILURES[scenario]
    _, generation, events = await run(make_claude(scenario))
    end = events[-1][1]
    assert events[-1][0] == "generation.end"
    assert end["status"] == generation.status == "failed"
    assert end["error"]["type"] == kind
    assert end["error"]["retryable"] is retryable
    assert end["error"]["message"] == generation.error_message != ""
    assert "sk-ant" not in json.dumps(events)
    assert generation.text == text_of(events, generation)
    assert bool(generation.text) == (scenario in ("error-mid", "reset", "cut", "clean-eof", "stop-refusal"))


async def test_a_huge_answer_is_whole(run, make_claude):
    _, generation, events = await run(make_claude("huge"))
    assert generation.status == "done"
    assert len(generation.text) >= 1_000_000
    assert generation.text == text_of(events, generation)
    assert len(events) < 2_000  # pieces were joined


async def test_what_the_model_thinks_is_told_and_kept(run, make_claude):
    _, generation, events = await run(make_claude("thinking"))
    told = [data["text"] for kind, data, _ in events if kind == "generation.thinking"]
    assert "".join(told) == generation.thinking != ""
    assert generation.status == "done"


async def test_that_the_model_thinks_is_told_once_where_it_does_not_show_what(run, make_claude):
    _, generation, events = await run(make_claude("thinking-omitted"))
    assert [data["text"] for kind, data, _ in events if kind == "generation.thinking"] == [""]
    assert (generation.thinking, generation.status) == ("", "done")


async def test_the_same_message_twice_is_said_and_answered_once(hub, room):
    runner = GenerationRunner(hub, DemoProvider(None, speed=100))
    first = await say(runner, room, ADA, text="@claude hello", client_id="c1")
    again = await say(runner, room, ADA, text="@claude hello", client_id="c1")
    assert first[0] == again[0]
    await aeventually(lambda: not runner._running)
    _, events = await hub.gateway.run(read, room)
    assert [kind for kind, _, _ in events].count("generation.start") == 1


async def test_the_question_after_a_failed_one_is_answered_for_itself(run):
    await run(DemoProvider(None, speed=100), "/demo error", "c1")
    _, generation, _ = await run(DemoProvider(None, speed=100), "@claude hello", "c2")
    assert generation.status == "done"
    assert generation.text.startswith("Hello")


def test_a_long_request_id_does_not_keep_an_answer_from_its_end():
    answer = Generation.objects.create(asked_by="g:ada", question="hello", model="m", label="Claude")
    finished = Finished("end_turn", Usage(1, 1), "r" * 200)
    assert end_generation(answer.pk, None, Outcome(GenerationStatus.DONE, "hi", finished))
    answer.refresh_from_db()
    assert (answer.status, answer.request_id) == ("done", "r" * 100)


async def test_an_ended_process_ends_its_answers_as_interrupted(hub, room, make_claude):
    runner = GenerationRunner(hub, make_claude("slow"))
    await say(runner, room, ADA, text="@claude hello", client_id="c1")

    async def growing():
        _, events = await hub.gateway.run(read, room)
        return any(kind == "generation.delta" for kind, _, _ in events)

    await aeventually(growing)
    await runner.end_all()
    generation, events = await hub.gateway.run(read, room)
    assert generation.status == "interrupted"
    assert generation.text == text_of(events, generation) != ""
    assert events[-1][0] == "generation.end"
    assert events[-1][1]["error"]["retryable"] is True


async def test_a_room_that_is_deleted_during_an_answer_leaves_nothing_of_it(hub, room, make_claude, messages_api):
    runner = GenerationRunner(hub, make_claude("slow"))
    await say(runner, room, ADA, text="@claude hello", client_id="c1")
    request = await messages_api.request()

    def delete():
        room.delete()
        delete_topic("room:lobby")

    await hub.gateway.run(delete)
    await aeventually(lambda: not runner._running)
    assert request.left.is_set()
    assert not await hub.gateway.run(Topic.objects.filter(name="room:lobby").exists)


async def test_a_process_that_ends_lets_an_answer_come_to_its_end_if_that_is_soon(hub, room, make_claude):
    for scenario, within_s, status in (("normal", 20, "done"), ("slow", 0.01, "interrupted")):
        runner = GenerationRunner(hub, make_claude(scenario))
        await say(runner, room, ADA, text="@claude hello", client_id=scenario)
        await runner.finish(within_s)
        generation, events = await hub.gateway.run(read, room)
        assert (generation.status, events[-1][0]) == (status, "generation.end")
        await runner.admission.idle()


async def test_what_a_dead_process_left_is_ended_once_with_its_text(hub, room):
    def leave_behind():
        row = Generation(topic=room.topic, asked_by="g:ada", question="?", model="m", label="Claude")
        publish("room:lobby", {"generation": str(row.pk), "status": "running"}, type="generation.start")
        row.start_seq = 1
        row.save(force_insert=True)
        publish("room:lobby", {"generation": str(row.pk), "text": "Half an "}, type="generation.delta")
        publish("room:lobby", {"generation": str(row.pk), "text": "answer"}, type="generation.delta")
        Generation.objects.update(renewed_at=timezone.now() - timedelta(seconds=20))
        return row.pk

    left = await hub.gateway.run(leave_behind)
    assert await hub.gateway.run(end_abandoned, older_than_s=60) == 0
    assert await hub.gateway.run(partial(end_abandoned, older_than_s=15, mine=[left])) == 0
    assert await hub.gateway.run(end_abandoned, older_than_s=15) == 1
    assert await hub.gateway.run(end_abandoned, older_than_s=15) == 0
    generation, events = await hub.gateway.run(read, room)
    assert (generation.status, generation.text) == ("interrupted", "Half an answer")
    assert [kind for kind, _, _ in events].count("generation.end") == 1


async def test_no_more_answers_run_than_may(hub, room, make_claude, monkeypatch):
    runner = GenerationRunner(hub, make_claude("slow"))
    object.__setattr__(hub, "settings", type(hub.settings)(max_generations=1))
    await say(runner, room, ADA, text="@claude one", client_id="c1")
    said, refused = await say(runner, room, ADA, text="@claude two", client_id="c2")
    assert said
    assert refused["code"] == "limit"
    await runner.end_all()


@pytest.mark.parametrize(
    ("text", "asked"),
    [("@claude hello", True), ("hello @Claude!", True), ("(@claude)", True), ("mail me@claude.example", False),
     ("@claudette", False), ("claude", False), ("@@claude", False), ("/demo table", True), ("say /demo", False)],
)  # fmt: skip
def test_who_mentions_claude_asks_it(text, asked):
    assert asks_model(text, demo=True) is asked


def test_demo_commands_are_the_demo_models():
    assert not asks_model("/demo table", demo=False)
