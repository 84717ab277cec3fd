"""``deploy/nginx.conf`` in a real nginx before the site: nothing is held back, compressed or lost on the way."""

import asyncio
import json
import secrets
from contextlib import asynccontextmanager

import httpx
import pytest
import websockets

from tests.harness.nginx import Nginx
from tests.harness.site import SERVERS, Site

EVENTS = 20
EVERY_S = 0.1
LIMIT_S = 30.0
SSE = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module", params=SERVERS)
def proxy(request, tmp_path_factory):
    """nginx before the site on either server; with the headers of a token that may read and publish."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}", DJANGO_BEHIND_PROXY="1").set_up()
    site.manage("publish", "orders", "0")
    headers = site.token("--publish", "*", "--read", "*")
    try:
        with Nginx(tmp_path_factory.mktemp("nginx"), site.start().port) as proxy:
            proxy.headers = headers
            yield proxy
    finally:
        site.kill()


@pytest.fixture
async def client(proxy):
    async with httpx.AsyncClient(
        base_url=proxy.url, headers=proxy.headers, verify=proxy.trust(), trust_env=False, timeout=LIMIT_S
    ) as client:
        yield client


@asynccontextmanager
async def reading(client, accept):
    """The lines of a stream that has opened."""
    async with client.stream("GET", "/events/orders", headers={"Accept": accept}) as response:
        assert response.headers["content-type"].startswith(accept)
        lines = response.aiter_lines()
        await anext(lines)
        yield response, lines


async def arrive_one_by_one(client, number_of_next):
    """Publish events 100 ms apart, each only when the one before has arrived: one that is held back stops it all."""
    for number in range(1, EVENTS + 1):
        answer = await client.post("/events/orders", json={"data": number})
        assert answer.status_code == 201, answer.text
        async with asyncio.timeout(LIMIT_S):
            assert await number_of_next() == number
        await asyncio.sleep(EVERY_S)


async def test_server_sent_events_arrive_one_by_one(client):
    async with reading(client, "text/event-stream") as (_, lines):

        async def number():
            while not (line := await anext(lines)).startswith("data:"):
                pass
            return int(line.removeprefix("data:"))

        await arrive_one_by_one(client, number)


async def test_lines_arrive_one_by_one(client):
    async with reading(client, "application/x-ndjson") as (_, lines):

        async def number():
            while not (line := await anext(lines)):
                pass
            return json.loads(line)["data"]

        await arrive_one_by_one(client, number)


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
async def test_a_stream_is_not_compressed_and_keeps_its_header_for_the_next_proxy(client, accept):
    async with reading(client, accept) as (response, _):
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["cache-control"] == "no-cache, no-transform"
        assert "content-encoding" not in response.headers


@pytest.mark.parametrize("path", ["/topics/", "/static/streams/css/base.css", "/static/streams/js/sse-parser.js"])
async def test_pages_and_files_are_compressed(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]


async def test_what_a_client_claims_of_itself_is_replaced(client):
    lies = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "1"}
    seen = (await client.get("/diagnostics/request", headers=lies)).json()
    assert (seen["http_version"], seen["scheme"]) == ("1.1", "https")
    assert seen["host"] == client.base_url.netloc.decode()
    assert seen["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert seen["headers"]["x-forwarded-port"] == str(client.base_url.port)
    assert "connection" not in seen["headers"]  # the connection to the server is kept


async def test_who_comes_without_tls_is_sent_to_it(proxy):
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{proxy.plain_port}/topics/?a=b")
    assert (answer.status_code, answer.headers["location"]) == (301, "https://127.0.0.1/topics/?a=b")


def test_nginx_finds_nothing_wrong_with_it(proxy):
    assert "warn" not in proxy.check()


def connected(proxy, path, **options):
    return websockets.connect(proxy.ws_url + path, ssl=proxy.trust(), proxy=None, **options)


async def test_a_room_opens_its_socket(proxy, client):
    client.headers.pop("Authorization")
    await client.get("/")
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    async with (
        connected(proxy, "/ws/rooms/lobby", origin=proxy.url, additional_headers={"Cookie": cookie}) as socket,
        asyncio.timeout(LIMIT_S),
    ):
        assert json.loads(await socket.recv())["type"] == "stream.open"
        await socket.send(json.dumps({"op": "say", "ref": 1, "text": "through nginx", "client_id": "n1"}))
        while (frame := json.loads(await socket.recv())).get("type") != "message":
            pass
        assert frame["data"]["text"] == "through nginx"


async def test_the_first_words_of_an_answer_come_while_it_is_written(client):
    async with asyncio.timeout(LIMIT_S), client.stream("GET", "/events/room:lobby", headers=SSE) as response:
        lines = response.aiter_lines()
        await anext(lines)
        say = {"op": "say", "text": "/demo list", "client_id": secrets.token_hex(4)}
        generation = (await client.post("/rooms/lobby/ops", json=say)).json()["generation"]
        while await anext(lines) != "event: generation.delta":
            pass
        history = (await client.get("/rooms/lobby/history")).json()
        (answer,) = [item for item in history["items"] if item.get("generation") == generation]
        assert answer["status"] == "running"
        stop = {"op": "stop", "generation": generation}
        assert (await client.post("/rooms/lobby/ops", json=stop)).json()["status"] == "stopped"


async def test_frames_of_a_topic_arrive_one_by_one(proxy, client):
    async with connected(proxy, "/events/orders", additional_headers=proxy.headers) as socket:
        assert json.loads(await socket.recv())["type"] == "stream.open"

        async def number():
            return json.loads(await socket.recv())["data"]

        await arrive_one_by_one(client, number)
