"""A site in production, on either server: one id from the header to the log, JSON lines, no secret in any of them."""

import json
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.harness.site import SERVERS, Site
from tests.harness.waiting import eventually

TOKEN = "st_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF"
COOKIE = "r2d2c3poq0w1e2r3t4y5u6i7o8p9a0sd"
GIVEN = "edge-4e1243bd22c66e76"


class LoggingSite(Site):
    """In production, with the access log that each server has of its own switched on."""

    def command(self):
        if self.server == "daphne":
            return ["-m", "project.server", "--port", str(self.port), "--access-log"]
        return [*super().command(), "--access-log"]

    def lines(self):
        """What is JSON of its log so far."""
        found = []
        for line in self.log().splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found

    def of(self, request_id):
        """The access lines of one request."""
        return [line for line in self.lines() if line.get("request_id") == request_id and "path" in line]


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    env = {
        "DJANGO_DEBUG": "0",
        "DJANGO_SECRET_KEY": "a secret of sixty characters that nobody else has, whatever",
        "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
        "DJANGO_HTTPS": "0",
        "DJANGO_BEHIND_PROXY": "1",
        "STREAMS_STATIC_ROOT": str(folder / "static"),
    }
    site = LoggingSite(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}", **env).set_up()
    try:
        yield site.start()
    finally:
        site.kill()


def test_an_error_has_the_id_of_the_header_and_of_the_log(site):
    answer = httpx.get(f"{site.url}/events/nothing", headers={"X-Request-ID": GIVEN})
    assert answer.status_code == 401
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"] == GIVEN
    eventually(lambda: site.of(GIVEN))
    (line,) = site.of(GIVEN)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/events/nothing", 401)
    assert line["process"].count(":") == 2


def test_a_socket_has_one_too(site):
    with connect(f"{site.ws_url}/ws/rooms/lobby", origin=site.url) as socket:
        told = json.loads(socket.recv(timeout=20))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)
    assert told["type"] == "stream.error"
    request_id = told["data"]["request_id"]
    if site.server == "uvicorn":  # Daphne has no headers for an accepted handshake
        assert socket.response.headers["X-Request-ID"] == request_id
    eventually(lambda: len(site.of(request_id)) == 2)
    opened, ended = site.of(request_id)
    assert (opened["status"], opened["end"]) == (101, None)
    assert (ended["end"], ended["close_code"]) == ("complete", 4401)


def test_no_secret_is_in_any_line_and_lines_are_json(site):
    headers = {"Authorization": f"Bearer {TOKEN}", "Cookie": f"sessionid={COOKIE}", "X-Request-ID": "with-secrets-1"}
    answer = httpx.get(f"{site.url}/events/a", params={"token": TOKEN, "x": f"sessionid={COOKIE}"}, headers=headers)
    assert answer.status_code == 401
    httpx.get(f"{site.url}/{TOKEN}/")
    eventually(lambda: site.of("with-secrets-1"))
    assert site.terminate() in (0, -15)
    log = site.log()
    assert TOKEN not in log
    assert COOKIE not in log
    assert "a secret of sixty" not in log
    other = [line for line in log.splitlines() if not line.startswith("{")]
    assert all(" - - [" in line for line in other), other  # Daphne's own access log, which was asked for
    assert site.server == "daphne" or not other
