"""The echo socket: it says back what it hears, a few times, to pages of this site."""

import pytest
from channels.testing import WebsocketCommunicator

from streams.diagnostics import echo_socket
from streams.diagnostics.echo_socket import MAX_CHARS, MESSAGES, EchoSocket
from streams.diagnostics.places import Places

PAGE = {"host": "testserver", "origin": "http://testserver"}


@pytest.fixture
def places(monkeypatch):
    """Room for one."""
    few = Places(1)
    monkeypatch.setattr(echo_socket, "places", few)
    return few


@pytest.fixture
async def connect(places):
    """``await connect(**headers)``: an accepted socket."""
    sockets = []

    async def opened(**headers):
        raw = [(name.encode(), value.encode()) for name, value in (PAGE | headers).items() if value]
        socket = WebsocketCommunicator(EchoSocket.as_asgi(), "/diagnostics/socket", headers=raw)
        sockets.append(socket)
        assert (await socket.connect())[0]
        return socket

    yield opened
    for socket in sockets:
        await socket.disconnect()
    assert len(places) == 0


async def closed(socket):
    message = await socket.receive_output()
    assert message["type"] == "websocket.close", message
    return message["code"], message.get("reason", "")


async def test_it_says_back_what_it_hears_and_closes_after_a_few(connect):
    socket = await connect()
    for number in range(MESSAGES):
        await socket.send_to(text_data=f"message {number} 🌊")
        assert await socket.receive_from() == f"message {number} 🌊"
    assert await closed(socket) == (1000, "")
    await socket.send_to(text_data="one more")
    assert await socket.receive_nothing()


@pytest.mark.parametrize("origin", ["http://evil.example", "https://testserver", "http://testserver:81", "null", ""])
async def test_pages_of_other_origins_are_told_that_they_may_not(connect, origin):
    code, reason = await closed(await connect(origin=origin))
    assert code == 4403
    assert origin in reason


async def test_who_comes_when_all_places_are_taken_is_told(connect, places):
    await connect()
    code, reason = await closed(await connect())
    assert code == 4429
    assert "1 checks" in reason


async def test_large_and_binary_messages_end_it(connect):
    socket = await connect()
    await socket.send_to(text_data="x" * (MAX_CHARS + 1))
    assert await closed(socket) == (1009, f"the message has {MAX_CHARS + 1} characters (limit {MAX_CHARS})")
    await socket.disconnect()
    socket = await connect()
    await socket.send_to(bytes_data=b"x")
    assert (await closed(socket))[0] == 4400


async def test_it_does_not_last(connect, places, monkeypatch):
    monkeypatch.setattr(echo_socket, "LONGEST_S", 0.05)
    socket = await connect()
    assert await closed(socket) == (1000, "0.05 s are over")
    await socket.wait()
    assert len(places) == 0
