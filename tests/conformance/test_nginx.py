"""The proxy configuration of the documentation, in a real nginx in front of the site: nothing is held back."""

import asyncio
import json
import re
import subprocess
import time

import httpx
import pytest
import websockets

from tests.harness.components import find_binary
from tests.harness.site import ROOT
from tests.harness.waiting import aeventually, eventually, free_port


@pytest.fixture
def behind_nginx(make_site, server, sqlite_url, tmp_path):
    """The site, its URL behind nginx, and what the configuration says of TLS left out."""
    binary = find_binary("nginx")
    port = free_port()
    site = make_site(server, sqlite_url, DJANGO_BEHIND_PROXY="1").start()
    block = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/operate.md").read_text(), re.DOTALL)[1]
    block = re.sub(r".*ssl_certificate.*\n", "", block)
    block = block.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};").replace(
        "127.0.0.1:8000", f"127.0.0.1:{site.port}"
    )
    paths = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\nevents {{}}\n"
        f"http {{ access_log off;\n{paths}{block} }}\n"
    )
    process = subprocess.Popen([binary, "-c", str(configuration), "-p", str(tmp_path), "-e", f"{tmp_path}/error.log"])
    url = f"http://127.0.0.1:{port}"
    eventually(lambda: _answers(url))
    yield site, url
    process.terminate()
    process.wait()


def _answers(url):
    try:
        return httpx.get(f"{url}/login/", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


async def test_events_come_one_by_one(behind_nginx):
    site, url = behind_nginx
    headers = await asyncio.to_thread(site.token, "--publish", "*", "--read", "*")
    arrived = []
    async with httpx.AsyncClient(trust_env=False, headers=headers, timeout=30) as client:
        await client.post(f"{url}/events/orders", json={"data": 0})
        async with client.stream("GET", f"{url}/events/orders") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            while not (await anext(lines)).startswith("id:"):
                pass
            for number in range(1, 11):
                assert (await client.post(f"{url}/events/orders", json={"data": number})).status_code == 201
                while not (line := await anext(lines)).startswith("data:"):
                    pass
                arrived.append((int(line[5:]), time.monotonic()))
    assert [number for number, _ in arrived] == list(range(1, 11))


async def test_a_room_opens_its_socket(behind_nginx):
    _, url = behind_nginx
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(url)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    room = url.replace("http", "ws") + "/ws/rooms/lobby"
    async with websockets.connect(room, origin=url, additional_headers={"Cookie": cookie}, proxy=None) as socket:
        assert json.loads(await socket.recv())["type"] == "stream.open"
        await socket.send(json.dumps({"op": "say", "ref": 1, "text": "through nginx", "client_id": "n1"}))
        heard = []

        async def hear():
            heard.append(json.loads(await socket.recv()))
            return any(frame.get("type") == "message" for frame in heard)

        await aeventually(hear)
