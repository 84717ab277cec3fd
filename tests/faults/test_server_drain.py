"""SIGTERM: every stream is told, every ``finally`` runs, the last bytes arrive, the exit is clean."""

import signal
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.faults.served import http_request, read_all, read_until
from tests.harness.waiting import eventually


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_drain_tells_everyone_and_spoils_nothing(ours, dial, clean_up, number):
    streams = [dial(ours, http_request("/quiet")) for _ in range(3)]
    for stream in streams:
        read_until(stream, b"begin\n")
    sockets = [clean_up.enter_context(connect(f"ws://127.0.0.1:{ours.port}/quiet")) for _ in range(3)]
    eventually(lambda: ours.facts().get("socket open") == 3)
    dial(ours, b"GET /hello HT")
    dial(ours, http_request("/length", "POST", "Content-Length: 10") + b"half")
    idle = dial(ours, http_request("/hello"))
    read_until(idle, b"hello")
    with connect(f"ws://127.0.0.1:{ours.port}/done") as done, pytest.raises(ConnectionClosed):
        done.recv(timeout=5)

    ours.stop(number)

    for stream in streams:
        seen, was_reset = read_all(stream)
        assert seen.endswith(b"end\n\r\n0\r\n\r\n")
        assert not was_reset
    for socket in sockets:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "going down")
    assert ours.exit_code(5) == 0
    log = ours.log()
    assert log.count("quiet over") == 3
    assert log.count("socket over") == 3
    assert log.count("lifespan over") == 1
    assert "Traceback" not in log


def test_application_that_ignores_the_drain_is_cancelled_and_its_finally_runs(serve, dial):
    served = serve(STREAMS_DRAIN_S="1")
    stream = dial(served, http_request("/deaf-quiet"))
    read_until(stream, b"begin\n")
    stalled = dial(served, http_request("/flood"), receive_buffer=65_536)
    read_until(stalled, b"\r\n\r\n")
    with connect(f"ws://127.0.0.1:{served.port}/stubborn") as socket:
        served.stop()
        begun = time.monotonic()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
        assert closed.value.rcvd.code == 1012
    assert served.exit_code(8) == 0
    assert 1 <= time.monotonic() - begun < 6
    assert not read_all(stream)[0].endswith(b"0\r\n\r\n")  # cut, and visibly so
    assert "deaf quiet over" in served.log()
    assert "flood over" in served.log()
    assert "stubborn socket over" in served.log()


def test_second_signal_ends_the_waiting(serve, dial):
    served = serve(STREAMS_DRAIN_S="60")
    read_until(dial(served, http_request("/deaf-quiet")), b"begin\n")
    served.stop()
    eventually(lambda: not served.listens())
    served.stop()
    assert served.exit_code(5) == 0
    assert "deaf quiet over" in served.log()
    assert "Traceback" not in served.log()


def test_kept_alive_connection_is_served_once_more_and_closed(serve, dial):
    served = serve(STREAMS_DRAIN_S="60")
    read_until(dial(served, http_request("/deaf-quiet")), b"begin\n")
    idle = dial(served, http_request("/hello"))
    read_until(idle, b"hello")
    served.stop()
    eventually(lambda: not served.listens())

    idle.sendall(http_request("/hello"))
    seen, _ = read_all(idle)
    assert seen.endswith(b"hello")
    assert b"Connection: close" in seen


def test_last_bytes_reach_a_slow_reader(serve, dial):
    served = serve(APP_LIFESPAN="raise")
    slow = dial(served, http_request("/megabyte"), receive_buffer=65_536)
    read_until(slow, b"\r\n\r\n")
    served.stop()
    eventually(lambda: not served.listens())
    seen, was_reset = read_all(slow)
    assert len(seen) > 900_000
    assert not was_reset
    assert served.exit_code(5) == 0
