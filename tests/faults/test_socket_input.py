"""What a client may do to a socket from its side: each is bounded, told, and harms nobody else."""

import asyncio
import json
import socket
import time
from contextlib import asynccontextmanager, suppress

import pytest
import websockets

from tests.harness.site import SERVERS, Site
from tests.harness.sockets import answer_to, connected, handshake, masked_frame
from tests.harness.waiting import aeventually, settled

MEGABYTE = 1_000_000
LISTED = "https://app.example.org"


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    site = Site(request.param, folder, url, STREAMS_CORS_ORIGINS=LISTED).set_up()
    yield site.start()
    site.kill()


@pytest.fixture(scope="module")
def token(site):
    return site.token("--read", "*", "--publish", "*")


@pytest.fixture(autouse=True)
async def neighbour(site, token):
    """Another socket: after each test it still answers, and nothing has crashed."""
    before = len(site.log())
    async with connected(site, "/events", token) as socket:
        await socket.opened()
        yield socket
        assert (await socket.ask(op="publish", topic="neighbour", data=1))["op"] == "ack"
    log = site.log()[before:].replace("Invalid UTF-8 sequence received from client.\nTraceback", "")
    assert "Traceback" not in log, log


@pytest.fixture
async def open_socket(site, token):
    async with connected(site, "/events", token) as socket:
        await socket.opened()
        yield socket


def resident(site):
    return site.stats.memory_info().rss


# Frames


@pytest.mark.parametrize("kind", [str, bytes])
@pytest.mark.parametrize("size", [1_048_577, 40 * MEGABYTE])
async def test_a_frame_above_a_mebibyte_closes_the_socket(site, open_socket, kind, size):
    before = resident(site)
    with suppress(websockets.ConnectionClosed):
        await open_socket.send_raw("x" * size if kind is str else b"x" * size)
    _, code = await open_socket.end()
    assert code == 1009
    assert resident(site) - before < 40 * MEGABYTE


async def test_a_frame_of_a_mebibyte_is_read(open_socket):
    text = json.dumps({"op": "publish", "ref": "big", "topic": "big", "data": ""})
    await open_socket.send_raw(text.replace('""', '"' + "x" * (1_048_576 - len(text)) + '"'))
    assert (await open_socket.get(answer_to("big")))["error"]["code"] == "too_large"  # the event; not the frame
    assert (await open_socket.ask(op="ping"))["op"] == "ack"


@pytest.mark.parametrize("size", [50_000, 1_000])
async def test_fragments_without_end_close_the_socket(site, open_socket, size):
    sent, before = 0, resident(site)

    async def fragments():
        nonlocal sent
        while sent < 400 * MEGABYTE:
            sent += size
            yield "x" * size

    with suppress(websockets.ConnectionClosed):
        await open_socket.connection.send(fragments())
    _, code = await open_socket.end()
    assert code in (1009, None)  # uvicorn closes on unread bytes, which may destroy what it said
    assert resident(site) - before < 40 * MEGABYTE
    assert sent < 40 * MEGABYTE  # what is on its way when it is closed


async def test_a_fragmented_operation_is_one(open_socket):
    await open_socket.connection.send(['{"op": "pi', 'ng", "re', 'f": 1}'])
    assert await open_socket.frame() == {"op": "ack", "ref": 1}


async def test_a_binary_frame_is_refused_and_the_socket_goes_on(open_socket):
    await open_socket.send_raw(b'{"op": "ping", "ref": 1}')
    assert (await open_socket.frame())["error"]["code"] == "invalid"
    assert (await open_socket.ask(op="ping"))["op"] == "ack"


async def test_a_frame_that_is_no_utf_8_closes_the_socket(open_socket):
    await open_socket.connection.send(b'{"op": "ping", "ref": "\xff"}', text=True)
    assert (await open_socket.end())[1] == 1007


# Floods


async def test_ten_thousand_operations_a_second_are_told_so_and_closed(site, open_socket, neighbour):
    before = peak = resident(site)

    async def flood():
        with suppress(websockets.ConnectionClosed):
            for number in range(100_000):
                await open_socket.send(op="ping", ref=number)

    flooding = asyncio.create_task(flood())
    ending = asyncio.create_task(open_socket.end())
    while not ending.done():
        assert (await neighbour.ask(op="ping"))["op"] == "ack"
        peak = max(peak, resident(site))
        await asyncio.sleep(0.01)
    frames, code = await ending
    await flooding
    assert code == 4429
    assert [frame["ref"] for frame in frames] == list(range(len(frames)))
    refused = [frame for frame in frames if frame["op"] == "error"]
    assert {frame["error"]["code"] for frame in refused} == {"limit"}
    assert refused[0]["error"]["retryable"] is True
    assert peak - before < 30 * MEGABYTE


async def test_frames_of_many_values_are_counted_by_what_reading_them_costs(open_socket):
    """Reading a megabyte of brackets holds the loop for a while: they may not come as fast as small ones."""
    frame = json.dumps({"op": "ping", "ref": 1, "filling": [[]] * 250_000})
    answers = [{"op": "ack"}]
    while answers[-1]["op"] == "ack" and len(answers) < 40:
        await open_socket.send_raw(frame)
        answers.append(await open_socket.frame())
    assert answers[-1]["error"]["code"] == "limit"
    assert answers[-1]["ref"] is None, "nobody has read it"


async def test_a_path_writes_no_lines_of_its_own_into_the_log(site):
    before = len(site.log())
    headers = {"Origin": site.url, "Cookie": "sessionid=whatever"}
    async with dialled(site, handshake(site, "/events/x%0A2026-01-01%20ERROR%20forged%1b[31m", headers)) as plain:
        answer = b""
        while b"invalid_topic" not in answer:
            answer += await receive(plain)
    log = site.log()[before:]
    assert "forged" in log
    assert "\n2026-01-01 ERROR forged" not in log
    assert "\x1b[31m" not in log.replace("\x1b[0m", "")


@asynccontextmanager
async def dialled(site, request, receive_buffer=4_096):
    """A raw connection that has sent ``request``."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(plain, ("127.0.0.1", site.port))
        await loop.sock_sendall(plain, request)
        yield plain
    finally:
        plain.close()


async def receive(plain, number=65_536):
    async with asyncio.timeout(30):
        return await asyncio.get_running_loop().sock_recv(plain, number)


async def send_until_it_stalls(plain, piece, limit, stall_s=3.0):
    """Send ``piece`` again and again until nothing is taken any more; the number of bytes that were."""
    sent, taken_at = 0, time.monotonic()
    while sent < limit and time.monotonic() - taken_at < stall_s:
        try:
            sent += plain.send(piece[sent % len(piece) :])
            taken_at = time.monotonic()
        except BlockingIOError:
            await asyncio.sleep(0.01)
        except OSError:
            return sent  # cut
    return sent


BIG_REF = "x" * 5_000  # it comes back with each answer
FLOODS = {
    "pings": {"op": "ping", "ref": BIG_REF},
    "publishes": {"op": "publish", "ref": BIG_REF, "topic": "flood", "data": 1},
    "refused operations": {"op": "dance", "ref": BIG_REF},
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_client_that_sends_for_ever_and_never_reads_is_not_read_either(site, token, neighbour, name):
    before = resident(site)
    async with dialled(site, handshake(site, "/events", token)) as plain:
        assert b" 101 " in await receive(plain, 256)
        sent = await send_until_it_stalls(plain, masked_frame(json.dumps(FLOODS[name]).encode()) * 10, 100 * MEGABYTE)
        assert sent < 50 * MEGABYTE
        assert resident(site) - before < 20 * MEGABYTE
        assert (await neighbour.ask(op="ping"))["op"] == "ack"


async def test_nonsense_from_a_client_that_never_reads_costs_no_memory(site, token, neighbour):
    before = resident(site)
    async with dialled(site, handshake(site, "/events", token)) as plain:
        assert b" 101 " in await receive(plain, 256)
        await send_until_it_stalls(plain, masked_frame(b"{" * 5_000) * 10, 100 * MEGABYTE)
        assert resident(site) - before < 20 * MEGABYTE
        assert (await neighbour.ask(op="ping"))["op"] == "ack"


async def test_pings_of_the_protocol_from_a_client_that_never_reads_cost_no_memory(site, token, neighbour):
    if site.server == "uvicorn":
        pytest.skip("uvicorn keeps a pong for every ping, whether the client reads or not")
    before = resident(site)
    async with dialled(site, handshake(site, "/events", token)) as plain:
        assert b" 101 " in await receive(plain, 256)
        await send_until_it_stalls(plain, masked_frame(b"x" * 125, opcode=9) * 500, 60 * MEGABYTE)
        grown = resident(site) - before
        assert (await neighbour.ask(op="ping"))["op"] == "ack"
    assert grown < 20 * MEGABYTE


async def test_the_newest_ping_is_answered_though_the_client_did_not_read_for_a_while(site, token):
    async with dialled(site, handshake(site, "/events", token)) as plain:
        assert b" 101 " in await receive(plain, 256)
        pings = [masked_frame(f"{number:125}".encode(), opcode=9) for number in range(100_000)]
        sent = await send_until_it_stalls(plain, b"".join(pings), sum(map(len, pings)))
        await settled(lambda: site.stats.cpu_times().user)  # it has read them all, and sent what the socket takes
        newest = f"{sent // len(pings[0]) - 1:125}".encode()
        answers = b""
        while newest not in answers:
            answers = answers[-len(newest) :] + await receive(plain)


# Handshakes


ORIGINS = {
    "its own": ("{url}", None),
    "a listed one": (LISTED, None),
    "a foreign one": ("https://evil.example", 4403),
    "a sandboxed page or a file": ("null", 4403),
    "another port": ("http://127.0.0.1:1", 4403),
    "another scheme": ("https://127.0.0.1:{port}", 4403),
    "one that begins like its own": ("http://127.0.0.1.evil.example", 4403),
    "one that begins like a listed one": (f"{LISTED}.evil.example", 4403),
    "none": (None, 4403),
}


@pytest.mark.parametrize("name", ORIGINS)
async def test_pages_of_which_origin_may_open_a_socket_with_a_cookie(site, name):
    origin, code = ORIGINS[name]
    origin = origin and origin.format(url=site.url, port=site.port)
    async with connected(site, "/events", {"Cookie": "sessionid=whatever"}, origin=origin) as socket:
        if code is None:
            await socket.opened()
        else:
            frames, closed = await socket.end()
            assert [frame["data"]["code"] for frame in frames] == ["forbidden"]
            assert closed == code


@pytest.mark.parametrize("origin", ["app.example.org", "http://[", "http://a:port", "\xff"])
async def test_an_origin_that_is_none_opens_nothing(site, origin):
    """Daphne refuses some of them itself, by 400."""
    headers = {"Origin": origin, "Cookie": "sessionid=whatever"}
    async with dialled(site, handshake(site, "/events", headers)) as plain:
        answer = b""
        while b" 400 " not in answer and b'"forbidden"' not in answer and (more := await receive(plain)):
            answer += more
    assert b" 400 " in answer or b'"forbidden"' in answer, answer


async def test_a_program_with_a_token_needs_no_origin_and_with_a_bad_one_is_told(site, token):
    async with connected(site, "/events", token) as socket:
        await socket.opened()
    async with connected(site, "/events", {"Authorization": "Bearer st_unknown"}) as socket:
        frames, code = await socket.end()
    assert (frames[0]["data"]["code"], code) == ("unauthorized", 4401)
    async with connected(site, "/events", token, origin="https://evil.example") as socket:
        assert (await socket.end())[1] == 4403


async def test_version_8_of_the_protocol_opens_nothing_for_a_page(site):
    """Its header for the origin has another name: it must not pass for a page of ours, nor for a program."""
    headers = {"Sec-WebSocket-Origin": site.url, "Cookie": "sessionid=whatever"}
    async with dialled(site, handshake(site, "/events", headers, version=8)) as plain:
        answer = b""
        while b" 400 " not in answer and b'"forbidden"' not in answer and (more := await receive(plain)):
            answer += more
    assert b" 400 " in answer or b'"forbidden"' in answer, answer


async def test_a_query_of_a_thousand_fields_is_refused(site, token):
    async with connected(site, "/events?" + "a&" * 1_100, token) as socket:
        frames, code = await socket.end()
    assert (frames[0]["data"]["code"], code) == ("invalid", 4400)


async def test_half_a_handshake_holds_nobody_up_and_leaves_nothing(site, token, neighbour):
    whole = handshake(site, "/events", token)
    before = site.stats.num_fds()
    halves = [await open_half(site, whole[:length]) for length in range(1, len(whole), 5)]
    assert (await neighbour.ask(op="ping"))["op"] == "ack"
    for plain in halves:
        plain.close()
    await aeventually(lambda: site.stats.num_fds() <= before)


async def open_half(site, piece):
    plain = socket.create_connection(("127.0.0.1", site.port))
    plain.sendall(piece)
    return plain


# Pings

DAPHNE = """
from project.server import StreamingServer
from project.asgi import application
StreamingServer(application, ["tcp:{port}:interface=127.0.0.1"], ping_interval=1, ping_timeout=3).run()
"""


class QuickSite(Site):
    """The same servers, which ping after a second and wait for three."""

    def command(self):
        if self.server == "daphne":
            return ["-c", DAPHNE.format(port=self.port)]
        return [*super().command(), "--ws-ping-interval", "1", "--ws-ping-timeout", "3"]


@pytest.fixture
def quick_site(site):
    """Beside the other one, on the same database."""
    quick = QuickSite(site.server, site.folder, site.env["DATABASE_URL"])
    yield quick.start()
    quick.kill()


async def test_a_client_that_never_answers_pings_is_cut(quick_site, token):
    whole = handshake(quick_site, "/events", token)
    async with dialled(quick_site, whole) as deaf, connected(quick_site, "/events", token) as answering:
        assert b" 101 " in await receive(deaf)
        with suppress(ConnectionResetError):
            while await receive(deaf):
                pass
        await answering.opened()
        assert (await answering.ask(op="ping"))["op"] == "ack"
