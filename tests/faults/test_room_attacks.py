"""Whoever floods or poisons a room: refused with a reason that names the limit, and the others notice nothing."""

import asyncio
import json
import time
from contextlib import asynccontextmanager, suppress
from itertools import count

import httpx
import pytest
import websockets

from tests.harness.site import Site
from tests.harness.sockets import Socket, connected

PROMPT_S = 5.0  # what others may wait meanwhile: this machine has more to do than ours
HOSTILE = [
    None,
    True,
    -1,
    0,
    2**70,
    1e300,
    "",
    " ",
    "x" * 70,
    "\u202egnp",
    "a\nb",
    "\x00",
    [],
    [1],
    {},
    {"a": {"b": []}},
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """In production's settings, with guests."""
    folder = tmp_path_factory.mktemp("site")
    site = Site("uvicorn", folder, f"sqlite:///{folder / 'site.sqlite3'}")
    yield site.set_up().start()
    site.kill()


async def guest(site):
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(site.url)
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}


@asynccontextmanager
async def people(site, number):
    """So many guests, each in the lobby by a socket of their own."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(guest(site)) for _ in range(number)]
    sockets: list[Socket] = []
    contexts = [connected(site, "/ws/rooms/lobby", task.result()) for task in tasks]
    try:
        for context in contexts:
            sockets.append(await context.__aenter__())
            await sockets[-1].opened()
        yield sockets
    finally:
        for context in contexts[: len(sockets)]:
            await context.__aexit__(None, None, None)


async def hears(socket, text):
    """How long it took until ``text`` came, which was said just now."""
    begun = time.monotonic()
    await socket.get(lambda frame: frame.get("type") == "message" and frame["data"]["text"] == text)
    return time.monotonic() - begun


async def say(socket, text, client_id):
    return await socket.ask(op="say", text=text, client_id=client_id)


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("say", {"op": "say", "text": "flood"}),
        ("typing", {"op": "typing"}),
        ("read", {"op": "read", "seq": 1}),
        ("react", {"op": "react", "message": 1, "emoji": "👍", "on": True}),
    ],
)
async def test_a_thousand_operations_a_second_end_in_4429_while_others_talk_at_once(site, name, operation):
    async with people(site, 3) as (flooder, talker, reader):
        flooding = asyncio.create_task(flood(flooder, operation))
        waits = []
        for number in range(5):
            text = f"{name} meanwhile {number}"
            heard = asyncio.create_task(hears(reader, text))
            assert (await say(talker, text, text))["op"] == "ack"
            waits.append(await heard)
        refusals, code = await flooding
        assert max(waits) < PROMPT_S, waits
        assert code == 4429
        assert refusals[-1]["code"] == "limit"
        assert refusals[-1]["retryable"] is True
        assert "(limit 100 a second)" in refusals[-1]["message"]
        assert (await say(talker, f"{name} after", f"{name} after"))["op"] == "ack"


async def flood(socket, operation):
    """As fast as the socket takes them; what was refused, and the close code."""

    async def send():
        with suppress(websockets.ConnectionClosed):
            for number in count():
                await socket.send(ref=number, client_id=f"flood-{number}", **operation)
                await asyncio.sleep(0)  # or we would not hear that it was closed

    sending = asyncio.create_task(send())
    frames, code = await socket.end()
    await sending
    return [frame["error"] for frame in frames if frame.get("op") == "error"], code


async def test_a_paste_of_a_megabyte_is_refused_and_the_room_is_unharmed(site):
    async with people(site, 3) as (paster, larger, other):
        refused = await say(paster, "x" * 1_000_000, "paste")
        assert refused["error"]["code"] == "too_large"
        assert refused["error"]["message"] == "the message has 1000000 characters (limit 8000)"
        assert (await say(paster, "shorter then", "shorter"))["op"] == "ack"
        assert await hears(other, "shorter then") < PROMPT_S
        await larger.send(op="say", ref=1, text="x" * 1_048_600, client_id="larger")
        _, code = await larger.end()
        assert code == 1009
        assert (await say(other, "still here", "still"))["op"] == "ack"


async def test_piled_marks_are_refused_and_texts_that_turn_round_reach_others_as_they_were(site):
    async with people(site, 2) as (one, other):
        pile = "Z" + "\u0335\u0321\u0488" * 3_334
        refused = await say(one, pile[:8_000], "pile")
        assert (refused["op"], refused["error"]["code"]) == ("error", "invalid")
        assert "7999 combining marks on one character (limit" in refused["error"]["message"]
        kept = {
            "bidi": "\u202e\u2066evil.exe\u2067" * 100,
            "marks": "Việt, क्षि, שָׁלוֹם, ก็, e\u0301\u0323",
            "family": "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣",
            "invisible": "\u200b\u2060\ufeff.",
        }
        for name, text in kept.items():
            assert (await say(one, text, name))["op"] == "ack", name
            await hears(other, text)


async def test_fields_of_every_type_are_refused_or_done_and_never_break_the_socket(site):
    async with people(site, 2) as (one, other):
        fields = {
            "say": ["text", "client_id", "reply_to", "files", "model"],
            "edit": ["message", "text", "again"],
            "delete": ["message"],
            "react": ["message", "emoji", "on"],
            "stop": ["generation"],
            "regenerate": ["generation", "client_id", "model"],
            "choose": ["generation"],
            "typing": ["text"],
            "read": ["seq"],
            "set": ["title", "description", "model", "system", "thinking"],
            "invite": ["user", "role"],
            "role": ["person", "role"],
            "mute": ["person", "minutes"],
        }
        codes = set()
        for op, names in fields.items():
            for value in HOSTILE:
                answer = await one.ask(op=op, **dict.fromkeys(names, value))
                codes.add(answer["error"]["code"] if answer["op"] == "error" else "ack")
                if "limit" in codes:  # nothing of this is counted as talk
                    await asyncio.sleep(answer["error"].get("retry_after_s", 0))
                    codes.discard("limit")
        assert codes <= {"ack", "invalid", "not_found", "forbidden", "too_large", "unauthorized", "conflict"}, codes
        for ref in (True, [], {}, None):
            await one.send_raw(json.dumps({"op": "ping", "ref": ref}))
            answer = await one.get(lambda frame: frame.get("op") in ("ack", "error"))
            assert answer["ref"] is None
        for op in HOSTILE:
            assert (await one.ask(op=op))["error"]["code"] == "invalid"
        assert (await say(other, "unharmed", "unharmed"))["op"] == "ack"
        assert await hears(one, "unharmed") < PROMPT_S
    assert "Traceback" not in site.log()


async def test_what_belongs_to_another_room_is_out_of_reach(site):
    make = (
        "from streams.chat.rooms import ensure_room\n"
        "from streams.models import Generation\n"
        "room = ensure_room('other', title='Other')\n"
        "print(Generation.objects.create(topic=room.topic, start_seq=1, question='?', asked_by='u:1', label='x').pk)"
    )
    generation = site.manage("shell", "-v0", "-c", make).stdout.strip()
    async with people(site, 1) as (one,):
        for op in ("stop", "choose", "regenerate"):
            answer = await one.ask(op=op, generation=generation, client_id="c")
            assert answer["error"]["code"] == "not_found", answer
