"""An application that fails is seen by its client, told in the log, and forgotten by the server."""

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.faults.served import http_request, read_all
from tests.harness.waiting import eventually


def test_body_that_raises_half_way_is_visibly_cut_and_logged_each_time(either, dial):
    for word in ("first", "second"):
        seen, _ = read_all(dial(either, http_request(f"/broken-body?{word}")))
        assert b"half\n" in seen  # what was written before the failure arrives
        assert not seen.endswith(b"0\r\n\r\n")
        eventually(lambda word=word: f"LookupError: the other half {word}" in either.log())


def test_failures_leave_no_connection_behind(ours, dial):
    for _ in range(100):
        read_all(dial(ours, http_request("/broken-body")))
        assert ours.get("/hello")[1] == b"hello"
    eventually(lambda: ours.facts()["tracked"] == 1)  # the one that asks
    assert ours.log().count("LookupError: the other half") == 100


def test_failure_in_a_response_that_only_the_close_would_end_is_a_reset(ours, dial):
    _, was_reset = read_all(dial(ours, b"GET /broken-undelimited HTTP/1.0\r\n\r\n"))
    assert was_reset


@pytest.mark.parametrize("path", ["/broken-before", "/unstarted"])
def test_failure_before_the_first_byte_is_a_500(ours, path):
    response, body = ours.get(path)
    assert response.status == 500
    assert b"LookupError" not in body


def test_application_that_returns_early_is_visibly_cut_and_logged(either, dial):
    seen, _ = read_all(dial(either, http_request("/unfinished")))
    assert not seen.endswith(b"0\r\n\r\n")
    eventually(lambda: "without" in either.log())


def test_failing_websocket_application_closes_with_1011(ours):
    with connect(f"ws://127.0.0.1:{ours.port}/broken") as socket:
        socket.send("abracadabra")
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
    assert closed.value.rcvd.code == 1011
    eventually(lambda: "LookupError: no such word" in ours.log())


def test_websocket_application_that_fails_before_accepting_answers_500(either):
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{either.port}/refused")
    assert refused.value.response.status_code == 500
    eventually(lambda: "LookupError: no accept" in either.log())


def test_websocket_application_that_returns_closes_with_1000(ours):
    with connect(f"ws://127.0.0.1:{ours.port}/done") as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=5)
    assert closed.value.rcvd.code == 1000
    eventually(lambda: ours.facts()["tracked"] == 1)
