"""One answer of a room at a time: the others wait, and each has its turn, whichever process it belongs to."""

from functools import partial
from itertools import pairwise

import pytest

from streams.chat.history import history
from streams.chat.rooms import ensure_room
from streams.errors import Conflict
from streams.models import Generation
from streams.publishing import Identity
from tests.chat.answers import ask, has_told, log_of, row, running
from tests.chat.saying import do
from tests.harness.waiting import aeventually

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
BEN = Identity("guest", "g:ben", "Ben Owl", by_cookie=True)
TURN = (("generation.state", "running"), ("generation.end", "done"))
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def hub(make_hub):
    return await make_hub(max_queued_per_room=3, max_generations=4)


@pytest.fixture
async def room(hub):
    return await hub.gateway.run(ensure_room, "lobby", title="Lobby")


async def test_questions_are_answered_in_their_order_by_whichever_process_has_them(hub, room, make_claude):
    async with running(hub, make_claude("slow"), make_claude("normal")) as (one, other):
        asked = [
            await ask(runner, room, who, f"number {number}", f"c{number}")
            for number, (runner, who) in enumerate([(one, ADA), (other, BEN), (one, BEN), (other, ADA)])
        ]
        for generation in asked:
            assert (await has_told(hub, room, generation, "end"))["status"] == "done"
    told = [
        (kind, asked.index(data["generation"]), data.get("status"))
        for kind, data, _ in await hub.gateway.run(log_of, room)
        if kind in ("generation.start", "generation.state", "generation.end")
    ]
    assert told == [
        ("generation.start", 0, "running"),
        ("generation.start", 1, "queued"),
        ("generation.start", 2, "queued"),
        ("generation.start", 3, "queued"),
        ("generation.end", 0, "done"),
        *((kind, number, state) for number in (1, 2, 3) for kind, state in TURN),
    ]
    rows = [await hub.gateway.run(row, generation) for generation in asked]
    for before, after in pairwise(rows):
        assert before.ended_at <= after.started_at
        assert after.started_at > after.created_at


async def test_one_too_many_in_the_queue_is_refused_with_the_limit(hub, room, make_claude):
    async with running(hub, make_claude("silent")) as (runner,):
        asked = [await ask(runner, room, ADA, f"number {number}", f"c{number}") for number in range(5)]
        refused = asked[4]
        assert (refused["code"], refused["message"]) == ("limit", "3 answers are waiting in this room (limit 3)")
        assert await do(runner, room, ADA, "stop", generation=asked[1]) == {"status": "stopped"}
        again = await ask(runner, room, ADA, "number 4", "c4")  # the same message: said once, answered now
        states = [item["status"] for item in (await hub.gateway.run(history, room))["items"] if "status" in item]
        assert states == ["running", "stopped", "queued", "queued", "queued"]
        assert isinstance(again, str)


async def test_a_question_that_is_deleted_is_gone_from_its_answers_and_is_answered_no_more(hub, room, make_claude):
    async with running(hub, make_claude("silent")) as (runner,):
        first = await ask(runner, room, ADA, "secret one", "c1")
        second = await ask(runner, room, ADA, "secret two", "c2")
        for message in (1, 3):
            await do(runner, room, ADA, "delete", message=message)
        end = await has_told(hub, room, second, "end")
        assert (end["status"], end["by"]["id"]) == ("stopped", ADA.id)
        assert (await hub.gateway.run(row, first)).status == "running"
        everything = await hub.gateway.run(
            lambda: [history(room), log_of(room), *Generation.objects.values("question")]
        )
        assert "secret" not in str(everything)
        with pytest.raises(Conflict, match="was deleted"):
            await do(runner, room, ADA, "regenerate", generation=second, client_id="r1")
        assert await ask(runner, room, ADA, "secret two", "c2") == second


async def test_rooms_do_not_wait_for_each_other(hub, room, make_claude):
    den = await hub.gateway.run(lambda: ensure_room("den", title="Den"))
    async with running(hub, make_claude("silent"), make_claude("normal")) as (silent, runner):
        await ask(silent, room, ADA, "one", "c1")
        generation = await ask(runner, den, ADA, "two", "c2")
        assert (await has_told(hub, den, generation, "end"))["status"] == "done"


async def test_a_process_that_ends_ends_what_waits_there_as_interrupted(hub, room, make_claude):
    async with running(hub, make_claude("silent"), make_claude("normal")) as (one, other):
        first = await ask(one, room, ADA, "one", "c1")
        second = await ask(other, room, ADA, "two", "c2")
        await other.end_all()
        assert (await hub.gateway.run(row, second)).status == "interrupted"
        assert (await hub.gateway.run(row, first)).status == "running"


async def test_a_turn_comes_only_when_the_process_has_room_for_it(hub, room, make_claude):
    """Four answers may be written here: three of other rooms and the first of this one."""
    dens = [await hub.gateway.run(lambda n=n: ensure_room(f"den-{n}", title="Den")) for n in range(3)]
    async with running(hub, make_claude("silent")) as (runner,):
        first = await ask(runner, room, ADA, "one", "c0")
        second = await ask(runner, room, ADA, "two", "c9")
        others = [await ask(runner, den, BEN, "x", f"c{number}") for number, den in enumerate(dens, 1)]
        fourth = await hub.gateway.run(lambda: ensure_room("den-4", title="Den"))
        assert (await ask(runner, fourth, BEN, "x", "c5"))["message"] == "4 answers are being written here (limit 4)"
        await do(runner, room, ADA, "stop", generation=first)
        await has_told(hub, room, second, "state", status="running")
        await aeventually(lambda: runner.admission._by_account.total() == 4)
        await do(runner, dens[0], BEN, "stop", generation=others[0])
        await do(runner, room, ADA, "stop", generation=second)
        await aeventually(lambda: runner.admission._by_account.total() == 2)


async def test_one_free_place_is_for_one_and_the_room_that_asked_first_has_it(hub, make_claude):
    """Four may be written: in each of two rooms one waits behind another, and a fifth room takes the place between."""
    rooms = [await hub.gateway.run(partial(ensure_room, f"den-{n}", title="Den")) for n in range(5)]
    async with running(hub, make_claude("silent")) as (runner,):
        firsts = [await ask(runner, den, ADA, "one", f"a{n}") for n, den in enumerate(rooms[:2])]
        seconds = [await ask(runner, den, BEN, "two", f"b{n}") for n, den in enumerate(rooms[:2])]
        others = [await ask(runner, den, ADA, "x", f"c{n}") for n, den in enumerate(rooms[2:4])]
        runner._watch.begins = False
        for den, first in zip(rooms, firsts, strict=False):
            await do(runner, den, ADA, "stop", generation=first)
        last = await ask(runner, rooms[4], ADA, "y", "d1")
        runner._watch.begins = True
        await has_told(hub, rooms[0], seconds[0], "state", status="running")
        await aeventually(lambda: runner.admission._by_account.total() == 4)
        assert (await hub.gateway.run(row, seconds[1])).status == "queued"
        for den, one in ((rooms[2], others[0]), (rooms[4], last)):
            await do(runner, den, ADA, "stop", generation=one)
        await has_told(hub, rooms[1], seconds[1], "state", status="running")
