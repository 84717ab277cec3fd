"""Versions of an answer: made once for each asking, one of them chosen."""

import pytest

from streams.chat.demo import DemoProvider
from streams.chat.here import Here
from streams.chat.rooms import ensure_room
from streams.chat.versions import ask_again
from streams.errors import Conflict, Forbidden, InvalidInput, NotFound
from streams.models import Generation
from streams.publishing import Identity
from tests.chat.answers import ask, has_told, log_of, row, running, told_of
from tests.chat.saying import do

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
BEN = Identity("guest", "g:ben", "Ben Owl", by_cookie=True)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def room(hub):
    return await hub.gateway.run(ensure_room, "lobby", title="Lobby")


def chosen():
    return {str(one.pk): one.version for one in Generation.objects.filter(chosen=True)}


async def test_another_version_is_made_once_for_an_asking_and_is_the_chosen_one(hub, room, make_claude):
    async with running(hub, make_claude("normal")) as (runner,):
        first = await ask(runner, room, ADA, "hello", "c1")
        await has_told(hub, room, first, "end")
        made = [
            (await do(runner, room, BEN, "regenerate", generation=first, client_id="r1"))["generation"]
            for _ in range(2)
        ]
        assert made[0] == made[1] != first
        await has_told(hub, room, made[0], "end")
        start = await has_told(hub, room, made[0], "start")
        assert (start["version"], start["question"], start["asked_by"]) == (2, "@claude hello", BEN.as_author())
        assert start["message"] == (await has_told(hub, room, first, "start"))["message"]
        assert await hub.gateway.run(chosen) == {made[0]: 2}
        third = (await do(runner, room, ADA, "regenerate", generation=made[0], client_id="r2"))["generation"]
        await has_told(hub, room, third, "end")
        assert await hub.gateway.run(chosen) == {third: 3}


async def test_who_asked_chooses_a_version_and_that_is_told_once(hub, room, make_claude):
    async with running(hub, make_claude("normal")) as (runner,):
        first = await ask(runner, room, ADA, "hello", "c1")
        await has_told(hub, room, first, "end")
        second = (await do(runner, room, ADA, "regenerate", generation=first, client_id="r1"))["generation"]
        await has_told(hub, room, second, "end")
        with pytest.raises(Forbidden):
            await do(runner, room, BEN, "choose", generation=first)
        assert await do(runner, room, ADA, "choose", generation=first) == {}
        assert await do(runner, room, ADA, "choose", generation=first) == {}
        assert await hub.gateway.run(chosen) == {first: 1}
        told = [data for kind, data, _ in await hub.gateway.run(log_of, room) if kind == "generation.chosen"]
        assert told == [{"generation": first, "by": ADA.as_author()}]


@pytest.mark.parametrize(("scenario", "status"), [("spend-limit", "failed"), ("stall", "stopped")])
async def test_what_came_to_no_good_end_is_asked_again(scenario, status, hub, room, make_claude):
    async with running(hub, make_claude(scenario), make_claude("normal")) as (bad, good):
        first = await ask(bad, room, ADA, "hello", "c1")
        if status == "stopped":
            await has_told(hub, room, first, "delta")
            with pytest.raises(Conflict, match="an answer to this is running"):
                await do(good, room, ADA, "regenerate", generation=first, client_id="r1")
            await do(bad, room, ADA, "stop", generation=first)
        assert (await has_told(hub, room, first, "end"))["status"] == status
        again = (await do(good, room, ADA, "regenerate", generation=first, client_id="r1"))["generation"]
        assert (await has_told(hub, room, again, "end"))["status"] == "done"


async def test_an_edited_question_is_asked_as_it_reads_now(hub, room, make_claude):
    async with running(hub, make_claude("echo")) as (runner,):
        first = await ask(runner, room, ADA, "hello", "c1")
        await has_told(hub, room, first, "end")
        seq = (await hub.gateway.run(row, first)).message_seq
        here = Here(runner, room, ADA, ADA.id)
        again = await ask_again(here, seq, "@claude good bye", "e1")
        assert again == await ask_again(here, seq, "@claude good bye", "e1")
        await has_told(hub, room, again, "end")
        made = await hub.gateway.run(row, again)
        assert (made.version, made.question) == (2, "@claude good bye")


async def test_a_version_by_another_model_is_of_that_model_if_it_is_offered(hub, room, make_claude):
    async with running(hub, make_claude("normal"), DemoProvider(None, speed=100)) as (claude, demo):
        first = await ask(claude, room, ADA, "hello", "c1")
        await has_told(hub, room, first, "end")
        models = []
        for runner, client_id, model in ((claude, "r1", "claude-haiku-4-5"), (demo, "r2", "demo")):
            asking = {"generation": first, "client_id": client_id, "model": model}
            made = (await do(runner, room, ADA, "regenerate", **asking))["generation"]
            assert (await has_told(hub, room, made, "end"))["status"] == "done"
            models.append((await hub.gateway.run(told_of, room, made))[0][1]["model"])
        assert models == ["claude-haiku-4-5", "demo"]
        with pytest.raises(InvalidInput, match=r"no model 'claude-haiku-4-5' here \(demo\)"):
            await do(demo, room, ADA, "regenerate", generation=first, client_id="r3", model="claude-haiku-4-5")


@pytest.mark.parametrize("generation", ["", "nonsense", "5b4ac721-8437-4a7c-b6db-a1cf62cb1a4e", None, 7])
async def test_what_is_no_answer_of_the_room_has_no_versions(hub, room, generation):
    async with running(hub, DemoProvider(None)) as (runner,):
        for op, fields in (("regenerate", {"client_id": "r1"}), ("choose", {})):
            with pytest.raises(NotFound):
                await do(runner, room, ADA, op, generation=generation, **fields)


@pytest.mark.parametrize("fields", [{}, {"client_id": ""}, {"client_id": 7}, {"client_id": "x" * 65}, {"client_id": "r", "model": 7}, {"client_id": "r", "model": "x" * 101}])  # fmt: skip  # noqa: E501
async def test_a_version_that_is_asked_for_in_a_wrong_way_is_refused(hub, room, fields):
    async with running(hub, DemoProvider(None)) as (runner,):
        with pytest.raises(InvalidInput):
            await do(runner, room, ADA, "regenerate", generation="x", **fields)
