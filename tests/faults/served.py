"""A server process as tests see it, and what a raw client says and reads."""

import http.client
import json
import signal
import socket
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
APP = "tests.faults.server_apps:app"
COMMANDS = {
    "daphne": [sys.executable, "-m", "project.server", "--application", APP, "--port"],
    "uvicorn": [sys.executable, "-m", "uvicorn", APP, "--port"],
}


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
