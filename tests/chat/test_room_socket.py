"""The room's socket on both servers, by a real WebSocket client."""

import asyncio
import re

import httpx
import pytest

from tests.harness.site import SERVERS, Site
from tests.harness.sockets import answer_to, connected, of_type


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}")
    yield site.set_up().start()
    site.kill()


@pytest.fixture
async def guest(site):
    """The headers of a guest's browser."""
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(site.url)
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}


def in_room(site, headers, path="/ws/rooms/lobby", **options):
    return connected(site, path, headers, **options)


async def test_what_one_says_the_other_reads_as_an_envelope(site, guest):
    async with in_room(site, guest) as one, in_room(site, guest) as other:
        opened = await other.get(of_type("stream.open"))
        await one.send(op="say", ref=1, text="Hi there 🌊", client_id="say-1")
        ack = await one.get(answer_to(1))
        heard = await other.get(of_type("message"))
        assert heard["id"] == ack["id"]
        assert heard["topic"] == "room:lobby"
        assert heard["data"]["text"] == "Hi there 🌊"
        assert heard["data"]["author"] == opened["data"]["you"]
        assert heard["data"]["author"]["kind"] == "guest"


async def test_a_socket_that_comes_back_with_its_position_misses_nothing(site, guest):
    async with in_room(site, guest) as one:
        position = (await one.get(of_type("stream.open")))["data"]["last_event_id"]
        for n in range(3):
            await one.send(op="say", ref=n, text=f"number {n}", client_id=f"back-{n}")
            await one.get(answer_to(n))
    async with in_room(site, guest, f"/ws/rooms/lobby?last_event_id={position}") as again:
        heard = [await again.get(of_type("message")) for _ in range(3)]
    assert [frame["data"]["text"] for frame in heard] == ["number 0", "number 1", "number 2"]


async def test_what_passes_comes_over_the_same_socket_from_now_on_and_moves_no_position(site, guest):
    async def typed():
        """The id of another guest, of whose typing the room was told."""
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(site.url)
            cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        async with in_room(site, {"Cookie": cookies}) as other:
            you = (await other.opened())["data"]["you"]
            assert (await other.ask(op="typing"))["op"] == "ack"
            return you["id"]

    await typed()
    async with in_room(site, guest) as one:
        opening = (await one.opened())["data"]
        position, me = opening["last_event_id"], opening["you"]
        assert "," not in position
        other = await typed()
        passed = await one.get(of_type("typing"))
        assert (passed["topic"], passed["data"]["person"]["id"]) == ("room:lobby:live", other)
        await one.get(lambda frame: frame.get("type") == "presence" and me in frame["data"]["people"])
        async with in_room(site, guest) as late:  # that is said, and not said again: it comes with the opening
            present = (await late.opened())["data"]["present"]
            assert me in present["people"]
            assert present["position"]
    async with in_room(site, guest, f"/ws/rooms/lobby?last_event_id={position}") as again:
        assert (await again.opened())["data"]["last_event_id"] == position
        other = await typed()
        assert (await again.get(of_type("typing")))["data"]["person"]["id"] == other


async def test_a_position_of_another_log_is_told_as_a_gap(site, guest):
    async with in_room(site, guest, "/ws/rooms/lobby?last_event_id=zzzzzzzz-5") as socket:
        gap = await socket.get(of_type("stream.gap"))
        assert gap["data"]["reason"] == "epoch"
        assert gap["data"]["lost"] is None


async def test_refused_operations_are_answered_and_the_socket_goes_on(site, guest):
    async with in_room(site, guest) as socket:
        for ref, (operation, code) in enumerate(
            [
                ({"op": "say", "text": ""}, "invalid"),
                ({"op": "say", "text": "x" * 8_001, "client_id": "big"}, "too_large"),
                ({"op": "say", "text": "no id"}, "invalid"),
                ({"op": "dance"}, "invalid"),
                ({"op": ["say"]}, "invalid"),
                ({"op": "stop", "generation": "x"}, "not_found"),
            ]
        ):
            await socket.send(ref=ref, **operation)
            refused = await socket.get(answer_to(ref))
            assert (refused["op"], refused["error"]["code"]) == ("error", code), operation
        for frame in ("{", "[]", "7", "[" * 1_000, b"\x00", '{"ref": {}}'):
            await socket.send_raw(frame)
            assert (await socket.get(answer_to(None)))["error"]["code"] in ("invalid", "invalid_json")
        await socket.send(op="say", ref="after", text="still here", client_id="after")
        assert (await socket.get(answer_to("after")))["op"] == "ack"


async def test_who_sends_too_fast_is_told_and_who_goes_on_and_on_is_closed(site, guest):
    async with in_room(site, guest) as socket, in_room(site, guest) as other:
        for number in range(1_500):
            await socket.send(op="dance", ref=number)
        frames, code = await socket.end()
        answers = [frame for frame in frames if "op" in frame]
        assert [answer["ref"] for answer in answers] == list(range(len(answers)))
        codes = [answer["error"]["code"] for answer in answers]
        assert codes[:1_000] == ["invalid"] * 1_000
        assert codes[-1] == "limit"
        assert code == 4429
        assert (await other.ask(op="ping"))["op"] == "ack"


async def test_a_person_talks_at_one_rate_over_all_sockets_and_what_is_refused_can_be_sent_again(site, guest):
    async with in_room(site, guest) as one, in_room(site, guest) as other:
        position = (await one.opened())["data"]["last_event_id"]
        answers = []
        for number in range(80):
            socket = (one, other)[number % 2]
            answers.append(await socket.ask(op="say", text=f"fast {number}", client_id=f"fast-{number}"))
        refused = [number for number, answer in enumerate(answers) if answer["op"] == "error"]
        assert 50 <= refused[0] < 80, "a burst is for both sockets together"
        error = answers[refused[0]]["error"]
        assert (error["code"], error["retryable"]) == ("limit", True)
        assert error["message"] == "too many messages: one more would pass the limit of 5 a second"
        assert 0 < error["retry_after_s"] <= 1
        assert (await one.ask(op="ping"))["op"] == "ack"
        again = {"op": "error"}
        while again["op"] == "error":
            await asyncio.sleep(error["retry_after_s"])  # as it was told: whoever goes on at once is closed
            again = await one.ask(op="say", text=f"fast {refused[0]}", client_id=f"fast-{refused[0]}")
    async with in_room(site, guest, f"/ws/rooms/lobby?last_event_id={position}") as reader:
        said = len(answers) - len(refused) + 1
        texts = [(await reader.get(of_type("message")))["data"]["text"] for _ in range(said)]
    accepted = [f"fast {number}" for number in range(80) if number not in refused]
    assert texts == [*accepted, f"fast {refused[0]}"]


async def test_a_ping_is_answered_to_those_who_may_only_read_too(site, guest):
    reader = site.token("--read", "room:*")
    for headers in (guest, reader):
        async with in_room(site, headers) as socket:
            await socket.opened()
            await socket.send(op="ping", ref=1)
            assert await socket.get(answer_to(1)) == {"op": "ack", "ref": 1}


@pytest.mark.parametrize(
    ("options", "path", "code"),
    [
        ({"origin": "http://evil.example"}, "/ws/rooms/lobby", 4403),
        ({"origin": "null"}, "/ws/rooms/lobby", 4403),
        ({"origin": "http://127.0.0.1:1"}, "/ws/rooms/lobby", 4403),
        ({"origin": None}, "/ws/rooms/lobby", 4403),
        ({}, "/ws/rooms/nowhere", 4404),
        ({}, "/ws/nothing", 4404),
    ],
)
async def test_a_refused_socket_is_told_by_its_close_code(site, guest, options, path, code):
    async with in_room(site, guest, path, **options) as socket:
        assert (await socket.end())[1] == code


async def test_a_room_that_may_not_be_read_and_one_that_is_missing_answer_alike(site):
    token, answers = site.token("--read", "other:*"), {}
    for slug in ("lobby", "nowhere"):
        async with in_room(site, token, f"/ws/rooms/{slug}") as socket:
            answers[slug] = re.sub("[0-9a-f]{32}", "<request id>", str(await socket.end()).replace(slug, "…"))
    assert answers["lobby"] == answers["nowhere"]


async def test_a_program_with_a_token_talks(site):
    async with in_room(site, site.token("--read", "room:*", "--publish", "room:*")) as socket:
        await socket.opened()
        assert (await socket.ask(op="say", text="beep", client_id="robot-1"))["op"] == "ack"
        heard = next(frame for frame in socket.passed if frame.get("type") == "message")
        assert heard["data"]["author"]["kind"] == "token"


async def test_a_reader_by_token_may_not_talk(site):
    async with in_room(site, site.token("--read", "room:*")) as socket:
        await socket.opened()
        answer = await socket.ask(op="say", text="beep", client_id="robot-2")
        assert answer["error"]["code"] == "forbidden"


async def test_a_frame_above_the_limit_closes_the_socket(site, guest):
    async with in_room(site, guest) as socket:
        await socket.opened()
        await socket.send(op="say", ref=1, text="x" * 1_100_000, client_id="huge")
        assert (await socket.end())[1] == 1009
