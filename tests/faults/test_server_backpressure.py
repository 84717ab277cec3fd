"""A client that does not read costs no memory, an application that does not receive neither."""

import struct
import time

import pytest
from conftest import eventually, http_request, read_until, settled, upgrade_request

MEGABYTE = 1_000_000
FLOOD = 4096 * 65_536


@pytest.mark.parametrize(
    "request_bytes", [http_request("/flood"), upgrade_request("/flood")], ids=["http", "websocket"]
)
def test_stalled_reader_costs_no_memory_and_is_served_on(either, dial, request_bytes):
    before = either.resident()
    client = dial(either, request_bytes, receive_buffer=65_536)
    read_until(client, b"\r\n\r\n")
    sent = settled(lambda: either.facts().get("sent", 0))

    assert 0 < sent < 1024  # the application is held back ...
    assert either.resident() - before < 30 * MEGABYTE

    received = 0
    while received < FLOOD:  # ... until the client reads on
        received += len(client.recv(1 << 20))
    assert either.facts()["sent"] == 4096
    assert either.resident() - before < 30 * MEGABYTE


def test_pipelined_requests_of_a_stalled_reader_are_held_back(ours, dial):
    before = ours.resident()
    client = dial(ours, http_request("/megabyte") * 300, receive_buffer=65_536)
    read_until(client, b"\r\n\r\n")
    assert settled(lambda: ours.facts()["megabytes"]) < 100
    assert ours.resident() - before < 30 * MEGABYTE

    received = 0
    while received < 300 * MEGABYTE:
        received += len(client.recv(1 << 20))
    assert ours.facts()["megabytes"] == 300


def test_websocket_flood_to_an_application_that_does_not_receive_is_held_back(ours, dial):
    before = ours.resident()
    client = dial(ours, upgrade_request("/deaf"))
    read_until(client, b"\r\n\r\n")
    payload = bytes(50_000)
    frame = struct.pack("!BBHL", 0x82, 0x80 | 126, len(payload), 0) + payload

    client.settimeout(1)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < FLOOD:
            sent += client.send(frame[sent % len(frame) :])
    assert ours.resident() - before < 30 * MEGABYTE

    client.settimeout(20)
    ours.get("/listen")
    client.sendall(frame[sent % len(frame) :])
    eventually(lambda: ours.facts().get("received") == sent // len(frame) + 1)


def test_flood_of_small_websocket_messages_is_held_back(ours, dial):
    before = ours.resident()
    client = dial(ours, upgrade_request("/deaf"))
    read_until(client, b"\r\n\r\n")
    frames = (struct.pack("!BBL", 0x81, 0x81, 0) + b"x") * 10_000

    client.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            client.sendall(frames)
    assert ours.resident() - before < 30 * MEGABYTE


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
    client = dial(either, request_bytes, receive_buffer=65_536)
    read_until(client, b"\r\n\r\n")
    settled(lambda: either.facts().get("sent", 0))
    assert event not in either.facts()

    client.close()
    left = time.monotonic()
    eventually(lambda: event in either.facts())
    assert time.monotonic() - left < 1


def test_application_that_never_listens_does_not_starve_the_others(ours, dial):
    client = dial(ours, http_request("/deaf-flood"), receive_buffer=65_536)
    read_until(client, b"\r\n\r\n")
    client.close()

    assert ours.get("/hello")[1] == b"hello"
    eventually(lambda: "deaf flood over" in ours.facts(), 15)  # cancelled, as Daphne does, after 10 s
    assert ours.facts()["tracked"] == 1
