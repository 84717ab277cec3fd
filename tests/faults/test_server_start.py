"""Starting, listening, and what every response carries."""

import socket
import subprocess
from email.utils import parsedate_to_datetime

import pytest

from tests.faults.served import COMMANDS
from tests.harness.waiting import eventually


def test_lifespan_starts_before_the_first_request_is_served(serve):
    served = serve(APP_LIFESPAN="slow")
    assert served.facts()["state"] == {"started": True}


def test_application_that_refuses_to_start_ends_the_process_with_3(launch):
    served = launch(COMMANDS["daphne"], APP_LIFESPAN="fail")
    assert served.exit_code(20) == 3
    assert "the cellar is flooded" in served.log()
    assert "Traceback" not in served.log()


def test_application_without_a_lifespan_is_served(serve):
    served = serve(APP_LIFESPAN="raise")
    assert served.facts()["state"] == {}
    served.stop()
    assert served.exit_code(5) == 0


def test_server_that_cannot_listen_ends_the_lifespan_and_exits_with_1(launch):
    second = launch([*COMMANDS["daphne"][:-1], "--unix", "/nonexistent/socket", "--port"])
    assert second.exit_code(20) == 1
    assert "lifespan over" in second.log()


def test_backlog_holds_a_burst(ours):
    table = subprocess.run(["ss", "-ltnH", f"sport = :{ours.port}"], capture_output=True, text=True, check=True)
    assert table.stdout.split()[2] == "2048"
    burst = [socket.create_connection(("127.0.0.1", ours.port), timeout=3) for _ in range(900)]
    assert ours.get("/hello")[1] == b"hello"
    for connection in burst:
        connection.close()


def test_unix_socket(launch, tmp_path):
    path = tmp_path / "socket"
    served = launch([*COMMANDS["daphne"][:-1], "--unix", str(path), "--port"])
    eventually(path.exists, 20)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
        assert b"200 OK" in client.recv(4096)
    served.stop()
    assert served.exit_code(5) == 0


def test_responses_carry_a_date_unless_the_application_gave_one(ours):
    assert parsedate_to_datetime(ours.get("/hello")[0].headers["Date"])
    assert ours.get("/dated")[0].headers.get_all("Date") == ["Thu, 01 Jan 1970 00:00:00 GMT"]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_body_above_the_limit_is_refused_with_413(serve, chunked):
    served = serve(STREAMS_MAX_REQUEST_BYTES="1000000")
    body = bytes(1_000_000)
    assert served.get("/length", method="POST", body=body)[1] == b"1000000"

    pieces = iter([body] * 20) if chunked else body * 20
    response, text = served.get("/length", method="POST", body=pieces, encode_chunked=chunked)
    assert response.status == 413
    assert response.headers["Connection"] == "close"
    assert b'"code": "body_too_large"' in text
    assert b"(limit 1000000)" in text
    eventually(lambda: served.facts()["tracked"] == 1)


def test_forwarded_addresses_are_trusted_only_when_asked(launch):
    for flags, expected in (([], "127.0.0.1"), (["--proxy-headers"], "203.0.113.9")):
        served = launch([*COMMANDS["daphne"][:-1], *flags, "--port"])
        eventually(served.answers, 20)
        assert served.get("/client", headers={"X-Forwarded-For": "203.0.113.9"})[1].decode() == expected
        served.stop()
        assert served.exit_code(5) == 0
