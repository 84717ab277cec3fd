"""Real server processes on private ports, and clients that misbehave."""

import os
import signal
import socket
import subprocess
from contextlib import ExitStack

import pytest

from tests.faults.served import COMMANDS, ROOT, Served
from tests.harness.waiting import eventually, free_port


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
