"""Real server processes on private ports, and clients that misbehave."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
APP = "tests.faults.server_apps:app"
COMMANDS = {
    "daphne": [sys.executable, "-m", "project.server", "--application", APP, "--port"],
    "uvicorn": [sys.executable, "-m", "uvicorn", APP, "--port"],
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def eventually(condition, limit_s=10.0):
    """The first true value of ``condition()``; fails after ``limit_s``."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {limit_s} s: {condition}"
        time.sleep(0.01)
    return value


def settled(read, quiet_s=0.5):
    """The value of ``read()`` once it has not changed for ``quiet_s``."""
    value, since = read(), time.monotonic()
    while time.monotonic() - since < quiet_s:
        if (now := read()) != value:
            value, since = now, time.monotonic()
        time.sleep(0.02)
    return value


class Served:
    """A server process and what it wrote."""

    def __init__(self, process, port, log_path):
        self.process, self.port, self._log_path = process, port, log_path

    def log(self):
        return self._log_path.read_text()

    def get(self, path, **options):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(options.pop("method", "GET"), path, **options)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def facts(self):
        return json.loads(self.get("/facts")[1])

    def answers(self):
        try:
            return self.get("/hello")[1] == b"hello"
        except OSError:
            assert self.process.poll() is None, self.log()
            return False

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def resident(self):
        return psutil.Process(self.process.pid).memory_info().rss

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def exit_code(self, limit_s):
        return self.process.wait(limit_s)


@pytest.fixture
def clean_up():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def launch(tmp_path, clean_up):
    """Starts a command with a port as its last argument; kills it, and all it started, after the test."""

    def start(command, **environ):
        port, log_path = free_port(), tmp_path / "log"
        with log_path.open("w") as log:
            process = subprocess.Popen(
                [*command, str(port)],
                cwd=ROOT,
                env=os.environ | environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        clean_up.callback(_end, process)
        return Served(process, port, log_path)

    return start


def _end(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def serve(launch):
    """Starts the test application under a server and waits until it answers."""

    def start(kind="daphne", **environ):
        served = launch(COMMANDS[kind], **environ)
        eventually(served.answers, 20)
        return served

    return start


@pytest.fixture(params=["daphne", "uvicorn"])
def either(request, serve):
    """The test application under either server."""
    return serve(request.param)


@pytest.fixture
def ours(serve):
    return serve()


@pytest.fixture
def dial(clean_up):
    """Opens a raw connection and writes ``request`` on it; a small receive buffer makes a stalled reader."""

    def connect(served, request=b"", receive_buffer=0):
        connection = clean_up.enter_context(socket.socket())
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(request)
        return connection

    return connect


def http_request(path, method="GET", *headers):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def upgrade_request(path):
    return http_request(
        path,
        "GET",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )


def read_until(connection, mark):
    """What the connection says up to and with ``mark``."""
    seen = b""
    while mark not in seen:
        piece = connection.recv(65_536)
        assert piece, seen
        seen += piece
    return seen


def read_bytes(connection, count):
    """Take at least ``count`` bytes from the connection."""
    while count > 0:
        piece = connection.recv(1 << 20)
        assert piece, f"{count} bytes are missing"
        count -= len(piece)


def read_all(connection):
    """What the connection says to its end, and whether it was reset there."""
    seen = bytearray()
    try:
        while piece := connection.recv(1 << 20):
            seen += piece
    except ConnectionResetError:
        return bytes(seen), True
    return bytes(seen), False
