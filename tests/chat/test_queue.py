"""One answer of a room at a time: the others wait, and each has its turn, whichever process it belongs to."""

import asyncio
from contextlib import suppress
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import pytest

from streams.chat.history import history
from streams.chat.rooms import ensure_room
from streams.errors import Conflict
from streams.models import Generation
from streams.publishing import Identity
from tests.chat.answers import ask, has_told, log_of, row, running, told_of
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


async def test_a_repetition_has_its_answer_whatever_the_limits_are_by_now(make_hub, make_claude):
    """A client that lost the ack says it again: that is no question more, and takes nobody's place."""
    hub = await make_hub(max_generations_per_user=1, max_questions_per_min=1)
    room = await hub.gateway.run(partial(ensure_room, "lobby", title="Lobby"))
    async with running(hub, make_claude("silent")) as (runner,):
        first = await ask(runner, room, ADA, "one", "c1")
        assert (await ask(runner, room, ADA, "two", "c2"))["code"] == "limit"
        assert await ask(runner, room, ADA, "one", "c1") == first


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
        assert runner.admission._by_account.total() == 4
        await do(runner, dens[0], BEN, "stop", generation=others[0])
        await do(runner, room, ADA, "stop", generation=second)
        assert runner.admission._by_account.total() == 2


@pytest.fixture
async def full(make_hub, make_claude):
    """Another runner, and one that is full: ``waits``, the answer whose turn has come there, was offered.

    ``dens``: what it writes meanwhile, with their rooms. Two may be written at once in a process.
    """
    hub = await make_hub(max_generations=2)
    room, *dens = [
        await hub.gateway.run(partial(ensure_room, slug, title="Room")) for slug in ("lobby", "den-1", "den-2")
    ]
    async with running(hub, *(make_claude("silent") for _ in range(3))) as (one, busy, idle):
        first = await ask(one, room, ADA, "one", "c0")
        waits = await ask(busy, room, ADA, "two", "c1")
        asked = [(den, await ask(busy, den, BEN, "x", f"c{n}")) for n, den in enumerate(dens, 2)]
        await do(one, room, ADA, "stop", generation=first)
        told = await has_told(hub, room, waits, "state", status="queued")
        yield SimpleNamespace(hub=hub, room=room, busy=busy, idle=idle, waits=waits, dens=asked, told=told["error"])


def item_of(room, generation):
    return next(one for one in history(room)["items"] if one.get("generation") == generation)


async def test_a_room_is_told_why_its_turn_waits_and_who_comes_later_sees_it(full):
    text = "2 answers are being written where it waits (limit 2)"
    assert full.told == {"type": "busy", "message": text, "retryable": True}
    seen = await full.hub.gateway.run(item_of, full.room, full.waits)
    assert (seen["status"], seen["error"]) == ("queued", full.told)
    for den, generation in full.dens[:1]:
        await do(full.busy, den, BEN, "stop", generation=generation)
    await has_told(full.hub, full.room, full.waits, "state", status="running")
    assert (await full.hub.gateway.run(item_of, full.room, full.waits))["error"] is None
    told = await full.hub.gateway.run(told_of, full.room, full.waits)
    assert [data["status"] for kind, data in told if kind == "state"] == ["queued", "running"]


async def test_what_waits_in_a_process_that_is_full_is_begun_by_another(full):
    """The other one looks for it while it looks for answers of processes that died; the first one lets go of it."""
    before = await full.hub.gateway.run(row, full.waits)
    looking = asyncio.create_task(full.idle.keep_ending_abandoned())
    await has_told(full.hub, full.room, full.waits, "state", status="running")
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    after = await full.hub.gateway.run(row, full.waits)
    assert (before.owner, after.owner) == ("", full.idle._owner)
    await aeventually(lambda: len(full.busy._running) == 2)
    assert (await full.hub.gateway.run(row, full.waits)).status == "running"
    await full.idle.take_over()
    assert len(full.idle._running) == 1


async def test_an_offered_answer_is_stopped_like_any_other(full):
    assert await do(full.idle, full.room, ADA, "stop", generation=full.waits) == {"status": "stopped"}
    await full.idle.take_over()
    assert full.idle._running == {}


async def test_one_place_that_becomes_free_is_given_once(make_hub, make_claude):
    """Two rooms wait for it at the same time."""
    hub = await make_hub(max_generations=3)
    rooms = [await hub.gateway.run(partial(ensure_room, f"den-{n}", title="Den")) for n in range(3)]
    async with running(hub, make_claude("silent"), make_claude("silent")) as (one, runner):
        firsts = [await ask(one, room, ADA, "x", f"a{n}") for n, room in enumerate(rooms[:2])]
        waiting = [await ask(runner, room, ADA, "x", f"b{n}") for n, room in enumerate(rooms[:2])]
        await ask(runner, rooms[2], BEN, "x", "c0")
        with runner.admission.counted("u:1"):
            for room, first in zip(rooms, firsts, strict=False):
                await do(one, room, ADA, "stop", generation=first)

            async def begun():
                rows = [await hub.gateway.run(row, generation) for generation in waiting]
                return sorted(one.status for one in rows) == ["queued", "running"] and any(not r.owner for r in rows)

            await aeventually(begun)
            assert runner.admission._by_account.total() == 3
