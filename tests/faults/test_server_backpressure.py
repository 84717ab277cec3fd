"""A client that does not read costs no memory, an application that does not receive neither."""

import struct
import time
from contextlib import suppress

import pytest

from tests.faults.served import http_request, read_bytes, read_until, settled, upgrade_request
from tests.harness.waiting import eventually

MEGABYTE = 1_000_000
FLOOD = 4096 * 65_536


@pytest.mark.parametrize(
    "request_bytes", [http_request("/flood"), upgrade_request("/flood")], ids=["http", "websocket"]
)
def test_stalled_reader_costs_no_memory_and_is_served_on(either, dial, request_bytes):
    before = either.resident()
    client = dial(either, request_bytes)
    received = len(read_until(client, b"\r\n\r\n"))
    sent = settled(lambda: either.facts().get("sent", 0))

    assert 0 < sent < 1024  # the application is held back ...
    assert either.resident() - before < 30 * MEGABYTE

    read_bytes(client, FLOOD - received)  # ... until the client reads on
    eventually(lambda: either.facts()["sent"] == 4096)
    assert either.resident() - before < 30 * MEGABYTE


def test_pipelined_requests_of_a_stalled_reader_are_held_back(ours, dial):
    before = ours.resident()
    client = dial(ours, http_request("/megabyte") * 300)
    received = len(read_until(client, b"\r\n\r\n"))
    assert settled(lambda: ours.facts().get("megabytes", 0)) < 100
    assert ours.resident() - before < 30 * MEGABYTE

    read_bytes(client, 300 * MEGABYTE - received)
    eventually(lambda: ours.facts()["megabytes"] == 300)


def send_until_held_back(client, frame):
    """Send ``frame`` again and again until the server has not read for a second; the number of bytes sent."""
    sent = 0
    client.settimeout(1)
    with suppress(TimeoutError):
        while sent < FLOOD:
            sent += client.send(frame[sent % len(frame) :])
    client.settimeout(20)
    assert sent < FLOOD / 4
    return sent


def test_websocket_flood_to_an_application_that_does_not_receive_is_held_back(ours, dial):
    before = ours.resident()
    client = dial(ours, upgrade_request("/deaf"))
    read_until(client, b"\r\n\r\n")
    payload = bytes(50_000)
    frame = struct.pack("!BBHL", 0x82, 0x80 | 126, len(payload), 0) + payload

    sent = send_until_held_back(client, frame)
    assert ours.resident() - before < 30 * MEGABYTE

    ours.get("/listen")
    client.sendall(frame[sent % len(frame) :])
    eventually(lambda: ours.facts().get("received") == sent // len(frame) + 1)


@pytest.mark.parametrize(
    ("request_bytes", "event"),
    [
        (http_request("/flood"), "flood over"),
        (upgrade_request("/flood"), "socket flood over"),
        (http_request("/quiet"), "quiet over"),
    ],
    ids=["http-in-send", "websocket-in-send", "http-in-its-own-wait"],
)
def test_reader_that_leaves_frees_its_application_within_a_second(either, dial, request_bytes, event):
    client = dial(either, request_bytes)
    read_until(client, b"\r\n\r\n")
    settled(lambda: either.facts().get("sent", 0))
    assert event not in either.facts()

    client.close()
    left = time.monotonic()
    eventually(lambda: event in either.facts())
    assert time.monotonic() - left < 1


def test_application_that_never_listens_does_not_starve_the_others(ours, dial):
    client = dial(ours, http_request("/deaf-flood"))
    read_until(client, b"\r\n\r\n")
    client.close()

    assert ours.get("/hello")[1] == b"hello"
    eventually(lambda: "deaf flood over" in ours.facts(), 15)  # cancelled, as Daphne does, after 10 s
    assert ours.facts()["tracked"] == 1
