"""Stop: whoever may, wherever it is written, whatever it is doing; the call upstream is closed first."""

import asyncio
import time

import pytest

from streams.chat.rooms import ensure_room
from streams.errors import Forbidden, NotFound, Unavailable
from streams.models import Generation, Member, Role
from streams.publishing import Identity
from tests.chat.answers import ask, has_told, row, running, told_of
from tests.chat.saying import do

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
BEN = Identity("guest", "g:ben", "Ben Owl", by_cookie=True)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def hub(make_hub):
    return await make_hub()


@pytest.fixture
async def room(hub):
    return await hub.gateway.run(ensure_room, "lobby", title="Lobby")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "another-process"])
async def test_the_call_upstream_is_closed_before_a_stop_is_confirmed(elsewhere, hub, room, make_claude, messages_api):
    async with running(hub, make_claude("stall"), make_claude("normal")) as (writer, other):
        generation = await ask(writer, room, ADA, "hello", "c1")
        await has_told(hub, room, generation, "delta")
        request = await messages_api.request()
        assert not request.left.is_set()
        began = time.monotonic()
        ack = await do(other if elsewhere else writer, room, ADA, "stop", generation=generation)
        assert ack == {"status": "stopped"}
        assert request.left.is_set()
        assert time.monotonic() - began < 2
        told = await hub.gateway.run(told_of, room, generation)
        kind, end = told[-1]
        assert (kind, end["status"], end["by"]) == ("end", "stopped", ADA.as_author())
        stopped = await hub.gateway.run(row, generation)
        assert stopped.text == "".join(data["text"] for kind, data in told if kind == "delta") == "The beginning"
        assert (stopped.html, stopped.html_chars) == ("<p>The beginning</p>\n", 13)
        assert (await do(other, room, ADA, "stop", generation=generation)) == {"status": "stopped"}


async def test_after_a_stop_the_input_is_exact_and_the_output_marked_as_estimated(hub, room, make_claude):
    async with running(hub, make_claude("stall")) as (runner,):
        generation = await ask(runner, room, ADA, "hello", "c1")
        await has_told(hub, room, generation, "delta")
        await do(runner, room, ADA, "stop", generation=generation)
        usage = (await has_told(hub, room, generation, "end"))["usage"]
    assert usage["input_tokens"] > 0
    assert (usage["output_tokens"], usage["estimated"]) == (4, True)  # 13 characters


async def test_only_who_asked_and_who_commands_the_room_may_stop(hub, room, make_claude):
    async with running(hub, make_claude("silent")) as (runner,):
        generation = await ask(runner, room, ADA, "hello", "c1")
        with pytest.raises(Forbidden):
            await do(runner, room, BEN, "stop", generation=generation)
        await hub.gateway.run(lambda: Member.objects.create(room=room, person=BEN.id, name=BEN.name, role=Role.OWNER))
        assert await do(runner, room, BEN, "stop", generation=generation) == {"status": "stopped"}
        end = await has_told(hub, room, generation, "end")
        assert (end["by"]["id"], end["usage"]) == (BEN.id, None)
        for unknown in ("x", None, 7, "5b4ac721-8437-4a7c-b6db-a1cf62cb1a4e"):
            with pytest.raises(NotFound):
                await do(runner, room, ADA, "stop", generation=unknown)


async def test_one_that_waits_and_one_that_is_to_be_tried_again_are_stopped_too(hub, room, make_claude, messages_api):
    async with running(hub, make_claude("overloaded"), make_claude("normal")) as (runner, other):
        first = await ask(runner, room, ADA, "one", "c1")
        second = await ask(other, room, ADA, "two", "c2")
        state = await has_told(hub, room, first, "state", status="retrying")
        assert (state["attempt"], state["error"]["type"]) == (2, "overloaded_error")
        assert state["retry_at"] > (await hub.gateway.run(row, first)).created_at.isoformat()[:19]
        assert await do(runner, room, ADA, "stop", generation=second) == {"status": "stopped"}
        assert await do(runner, room, ADA, "stop", generation=first) == {"status": "stopped"}
        assert [kind for kind, _ in await hub.gateway.run(told_of, room, second)] == ["start", "end"]
        assert len(messages_api.requests) == 1


async def test_an_answer_that_was_begun_goes_on_when_who_asked_leaves_in_the_middle_of_asking(hub, room, make_claude):
    async with running(hub, make_claude("normal")) as (runner,):
        asking = asyncio.ensure_future(ask(runner, room, ADA, "hello", "c1"))
        while not runner.admission._by_account:
            await asyncio.sleep(0)
        asking.cancel()
        generation = (await _only(hub)).pk
        assert (await has_told(hub, room, generation, "end"))["status"] == "done"


async def _only(hub):
    while (found := await hub.gateway.run(Generation.objects.first)) is None:
        await asyncio.sleep(0.01)
    return found


async def test_a_stop_that_nobody_hears_says_so_and_until_when(hub, room, make_claude, monkeypatch):
    monkeypatch.setattr("streams.chat.stopping.WAIT_S", 0.1)
    async with running(hub, make_claude("silent"), make_claude("normal")) as (writer, other):
        generation = await ask(writer, room, ADA, "hello", "c1")
        writer._watch._task.cancel()  # as a process that hangs
        with pytest.raises(Unavailable, match=r"does not hear; it is ended by \d\d:\d\d:\d\d UTC"):
            await do(other, room, ADA, "stop", generation=generation)
