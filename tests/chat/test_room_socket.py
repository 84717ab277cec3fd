"""The room's socket on both servers, by a real WebSocket client."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import pytest
import websockets

from tests.harness.site import SERVERS, Site


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


class Socket:
    def __init__(self, connection):
        self._connection = connection
        self.close = connection.close

    async def send(self, **operation):
        await self._connection.send(json.dumps(operation))

    async def send_raw(self, frame):
        await self._connection.send(frame)

    async def get(self, wanted):
        """The next frame that ``wanted`` is true of."""
        async with asyncio.timeout(20):
            while True:
                frame = json.loads(await self._connection.recv())
                if wanted(frame):
                    return frame

    async def close_code(self):
        async with asyncio.timeout(10):
            await self._connection.wait_closed()
        return self._connection.close_code


@asynccontextmanager
async def connected(site, headers, path="/ws/rooms/lobby", origin=None):
    async with websockets.connect(
        site.ws_url + path, origin=origin or site.url, additional_headers=headers, proxy=None
    ) as connection:
        yield Socket(connection)


def of_type(name):
    return lambda frame: frame.get("type") == name


def answer_to(ref):
    return lambda frame: frame.get("ref") == ref and "op" in frame


async def test_what_one_says_the_other_reads_as_an_envelope(site, guest):
    async with connected(site, guest) as one, connected(site, guest) as other:
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
    async with connected(site, guest) as one:
        position = (await one.get(of_type("stream.open")))["data"]["last_event_id"]
        for n in range(3):
            await one.send(op="say", ref=n, text=f"number {n}", client_id=f"back-{n}")
            await one.get(answer_to(n))
    async with connected(site, guest, f"/ws/rooms/lobby?last_event_id={position}") as again:
        heard = [await again.get(of_type("message")) for _ in range(3)]
    assert [frame["data"]["text"] for frame in heard] == ["number 0", "number 1", "number 2"]


async def test_a_position_of_another_log_is_told_as_a_gap(site, guest):
    async with connected(site, guest, "/ws/rooms/lobby?last_event_id=zzzzzzzz-5") as socket:
        gap = await socket.get(of_type("stream.gap"))
        assert gap["data"]["reason"] == "epoch"
        assert gap["data"]["lost"] is None


async def test_refused_operations_are_answered_and_the_socket_goes_on(site, guest):
    async with connected(site, guest) as socket:
        for ref, (operation, code) in enumerate(
            [
                ({"op": "say", "text": ""}, "invalid"),
                ({"op": "say", "text": "x" * 8_001, "client_id": "big"}, "too_large"),
                ({"op": "say", "text": "no id"}, "invalid"),
                ({"op": "dance"}, "invalid"),
                ({"op": ["say"]}, "invalid"),
                ({"op": "retry", "generation": "x"}, "not_found"),
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


async def test_a_flood_is_refused_and_the_room_goes_on(site, guest):
    async with connected(site, guest) as socket:
        for n in range(80):
            await socket.send(op="dance", ref=n)
        codes = [(await socket.get(answer_to(n)))["error"]["code"] for n in range(80)]
        assert codes[0] == "invalid"
        assert "limit" in codes


@pytest.mark.parametrize(
    ("origin", "path", "code"),
    [
        ("http://evil.example", "/ws/rooms/lobby", 4403),
        ("null", "/ws/rooms/lobby", 4403),
        ("http://127.0.0.1:1", "/ws/rooms/lobby", 4403),
        (None, "/ws/rooms/nowhere", 4404),
        (None, "/ws/nothing", 4404),
    ],
)
async def test_a_refused_socket_is_told_by_its_close_code(site, guest, origin, path, code):
    async with connected(site, guest, path, origin) as socket:
        assert await socket.close_code() == code


async def test_a_program_needs_a_token_and_with_it_no_origin(site):
    url = f"{site.ws_url}/ws/rooms/lobby"
    async with websockets.connect(url, proxy=None) as connection:
        assert await Socket(connection).close_code() == 4403
    headers = site.token("--read", "room:*", "--publish", "room:*")
    async with websockets.connect(url, additional_headers=headers, proxy=None) as connection:
        socket = Socket(connection)
        await socket.get(of_type("stream.open"))
        await socket.send(op="say", ref=1, text="beep", client_id="robot-1")
        heard = await socket.get(of_type("message"))
        assert heard["data"]["author"]["kind"] == "token"


async def test_a_reader_by_token_may_not_talk(site):
    headers = site.token("--read", "room:*")
    async with websockets.connect(
        f"{site.ws_url}/ws/rooms/lobby", additional_headers=headers, proxy=None
    ) as connection:
        socket = Socket(connection)
        await socket.get(of_type("stream.open"))
        await socket.send(op="say", ref=1, text="beep", client_id="robot-2")
        assert (await socket.get(answer_to(1)))["error"]["code"] == "forbidden"


async def test_a_frame_above_the_limit_closes_the_socket(site, guest):
    async with connected(site, guest) as socket:
        await socket.get(of_type("stream.open"))
        await socket.send(op="say", ref=1, text="x" * 1_100_000, client_id="huge")
        assert await socket.close_code() in (1006, 1009)  # Daphne drops the connection, which looks like 1006
