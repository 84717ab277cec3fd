"""What clients get wrong, by mistake or on purpose: each gets the right answer, and the site serves on."""

import contextlib
import json
import socket

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

TOPIC = "orders"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def client(running):
    """A client of the running site, without a session."""
    with httpx.Client(base_url=running.url, timeout=20) as client:
        yield client


@pytest.fixture(autouse=True)
def _serves_on(running, client, writer):
    """After each test the site publishes, the log has grown by that one event, and nothing has crashed."""
    before = len(running.log())
    yield
    answer = client.post(f"/events/{TOPIC}", json={"data": "after"}, headers=writer)
    assert answer.status_code == 201, answer.text
    assert (
        "Traceback" not in running.log()[before:].partition("Invalid HTTP_HOST header")[0]
    )  # Django logs one for that


def code_of(answer):
    """The slug of a JSON error."""
    assert answer.headers["content-type"] == "application/json", answer.text[:300]
    return answer.json()["error"]["code"]


BODIES = {
    "not a number": (JSON, b'{"data": NaN}', 400, "invalid_json"),
    "endless": (JSON, b'{"data": -Infinity}', 400, "invalid_json"),
    "out of range": (JSON, b'{"data": 1e999}', 400, "invalid_json"),
    "five thousand digits": (JSON, b'{"data": ' + b"9" * 5_000 + b"}", 400, "invalid_json"),
    "5 MB": (JSON, b'{"data": "' + b"x" * 5_000_000 + b'"}', 413, "too_large"),
    "an event of 300 kB": (JSON, b'{"data": "' + b"x" * 300_000 + b'"}', 413, "too_large"),
    "100,000 deep": (JSON, b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400, "invalid_json"),
    "100,000 deep, never closed": (JSON, b'{"data": ' + b'{"a":' * 100_000, 400, "invalid_json"),
    "101 deep": (JSON, b'{"data": ' + b"[" * 101 + b"]" * 101 + b"}", 400, "invalid_json"),
    "empty": (JSON, b"", 400, "invalid_json"),
    "bad UTF-8": (JSON, b'{"data": "\xff"}', 400, "invalid_json"),
    "half a surrogate pair": (JSON, b'{"data": "\\ud800"}', 400, "invalid_json"),
    "a list": (JSON, b"[1]", 400, "invalid_event"),
    "no data": (JSON, b"{}", 400, "invalid_event"),
    "an unknown field": (JSON, b'{"data": 1, "id": 7}', 400, "invalid_event"),
    "a type that is the server's": (JSON, b'{"data": 1, "type": "stream.close"}', 400, "invalid_event"),
    "a type with a line end": (JSON, b'{"data": 1, "type": "a\\nb"}', 400, "invalid_event"),
    "a type that is a list": (JSON, b'{"data": 1, "type": ["a"]}', 400, "invalid_event"),
    "a key that is an object": (JSON, b'{"data": 1, "key": {}}', 400, "invalid_event"),
    "a key with NUL": (JSON, b'{"data": 1, "key": "a\\u0000"}', 400, "invalid_event"),
    "a bad line in a batch": (NDJSON, b'{"data": 1}\n{"data": NaN}\n', 400, "invalid_json"),
    "an empty batch": (NDJSON, b"\n\n", 400, "invalid_event"),
    "1,001 lines": (NDJSON, b'{"data": 1}\n' * 1_001, 413, "too_large"),
    "no content type": ({}, b'{"data": 1}', 415, "unsupported_media_type"),
    "text": ({"Content-Type": "text/plain"}, b'{"data": 1}', 415, "unsupported_media_type"),
    "a form": ({"Content-Type": "application/x-www-form-urlencoded"}, b"data=1", 415, "unsupported_media_type"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_refused_is_refused_with_its_reason_and_publishes_nothing(client, writer, name):
    headers, body, status, code = BODIES[name]
    first = client.post(f"/events/{TOPIC}", json={"data": "before"}, headers=writer).json()["id"]
    answer = client.post(f"/events/{TOPIC}", content=body, headers=writer | headers)
    assert (answer.status_code, code_of(answer)) == (status, code)
    second = client.post(f"/events/{TOPIC}", json={"data": "behind"}, headers=writer).json()["id"]
    assert int(second.rpartition("-")[2]) == int(first.rpartition("-")[2]) + 1


def test_a_body_above_every_limit_is_refused(client, writer):
    answer = client.post(f"/events/{TOPIC}", content=b" " * 17_000_000, headers=writer | JSON)
    assert answer.status_code == 413, answer.text[:300]
    assert answer.json()["error"]["code"]


NAMES = {
    "parent": "..",
    "parent in percents": "%2e%2e",
    "parent and more": "%2e%2e%2fadmin",
    "slash": "a/b",
    "backslash": "..%5cadmin",
    "empty": "",
    "NUL": "a%00b",
    "line end within": "a%0Ab",
    "line end behind": f"{TOPIC}%0A",
    "escape": "a%1bb",
    "delete": "%7f",
    "200 characters": "x" * 200,
    "129 characters": "x" * 129,
    "half a character": "%ff%fe",
    "a character that is no letter here": "%C3%A9",
    "a digit of another script": "%D9%A3",
    "a right-to-left mark": "a%E2%80%AE",
    "space": "a%20b",
    "a leading dot": ".hidden",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_topic_may_have_is_refused(running, writer, name, method):
    # by hand: a client library would tidy the path up
    lines = [f"{method} /events/{NAMES[name]} HTTP/1.1", f"Host: 127.0.0.1:{running.port}", "Connection: close"]
    lines += [f"{header}: {value}" for header, value in (writer | JSON).items()]
    status, body = exchange(running, "\r\n".join([*lines, "Content-Length: 11", "", '{"data": 1}']))
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_topic")


def exchange(site, text):
    """Send raw text; the status and the body that come back. The server must close the connection."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(text.encode("latin-1"))
        seen = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                seen += piece
    head, _, body = seen.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = body.partition(b"\r\n")[2].rpartition(b"\r\n0\r\n\r\n")[0]
    return int(head.split()[1]), body


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_content_type_that_makes_no_sense_is_refused(running, client, method):
    before = len(running.log())
    answer = client.request(method, f"/events/{TOPIC}", headers={"Content-Type": "application/json; x*=bogus''%ff"})
    assert (answer.status_code, code_of(answer)) == (415, "unsupported_media_type")
    assert "Traceback" not in running.log()[before:]


@pytest.mark.parametrize("where", ["header", "query"])
def test_a_head_of_twenty_thousand_bytes_is_answered(running, where):
    """Daphne closed without a word, and an EventSource asked again for ever."""
    long = "x" * 20_000
    query, header = (f"&last_event_id={long}", "y") if where == "query" else ("", long)
    lines = [f"GET /events/{TOPIC}?transport=poll&timeout=0{query} HTTP/1.1", f"Host: 127.0.0.1:{running.port}"]
    status, body = exchange(running, "\r\n".join([*lines, "Connection: close", f"Last-Event-ID: {header}", "", ""]))
    assert status in (200, 401, 431)
    assert json.loads(body)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer st_unknown", 401),
        ("Bearer", 400),
        ("Bearer a b", 400),
        ("Basic YTpi", 400),
        ("Bearer " + "x" * 5_000, 400),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_bad_token_is_refused_also_where_a_guest_may_read(client, header, status, method):
    answer = client.request(
        method, f"/events/{TOPIC}", headers={"Authorization": header} | JSON, content=b'{"data": 1}'
    )
    assert answer.status_code == status
    assert code_of(answer) in ("unauthorized", "invalid")
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_guest_may_not_publish(client):
    answer = client.post(f"/events/{TOPIC}", json={"data": 1})
    assert (answer.status_code, code_of(answer)) == (401, "unauthorized")


def test_a_token_may_do_no_more_than_its_scope(running, client):
    narrow = running.token("--publish", "job:*")
    assert client.post("/events/job:1", json={"data": 1}, headers=narrow).status_code == 201
    answer = client.post(f"/events/{TOPIC}", json={"data": 1}, headers=narrow)
    assert (answer.status_code, code_of(answer)) == (403, "forbidden")
    answer = client.get(f"/events/{TOPIC}", headers=narrow)
    assert (answer.status_code, code_of(answer)) == (404, "no_such_topic")
    answer = client.post("/chat", json={"message": "hello"}, headers=narrow)
    assert (answer.status_code, code_of(answer)) == (403, "forbidden")


def test_a_key_is_good_for_one_event(client, writer):
    key = {"Idempotency-Key": "once"}
    first = client.post(f"/events/{TOPIC}", json={"data": 1}, headers=writer | key)
    again = client.post(f"/events/{TOPIC}", json={"data": 1}, headers=writer | key)
    other = client.post(f"/events/{TOPIC}", json={"data": 2}, headers=writer | key)
    assert (first.status_code, again.json()) == (201, first.json())
    assert (other.status_code, code_of(other)) == (409, "key_reused")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "QUERY"])
def test_a_method_that_is_not_there_is_refused_with_those_that_are(client, method):
    answer = client.request(method, f"/events/{TOPIC}")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= {word.strip() for word in answer.headers["allow"].split(",")}


@pytest.mark.parametrize("path", ["/", "/events/orders", "/login/"])
def test_an_evil_host_is_refused(client, path):
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


@pytest.fixture(scope="module")
def signed_in(running):
    """A client whose session is that of a superuser."""
    running.manage(
        "shell",
        "-v0",
        "-c",
        "from django.contrib.auth.models import User; User.objects.create_superuser('boss', password='long-enough-1')",
    )
    with httpx.Client(base_url=running.url, timeout=20) as client:
        token = client.get("/login/").text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = {"username": "boss", "password": "long-enough-1", "csrfmiddlewaretoken": token}
        assert client.post("/login/", data=form).status_code == 302
        yield client


def test_a_session_publishes_with_its_csrf_token_only(signed_in):
    without = signed_in.post(f"/events/{TOPIC}", json={"data": 1})
    assert (without.status_code, code_of(without)) == (403, "forbidden")
    cross = {"X-CSRFToken": signed_in.cookies["csrftoken"], "Origin": "https://evil.example"}
    assert signed_in.post(f"/events/{TOPIC}", json={"data": 1}, headers=cross).status_code == 403
    assert signed_in.post("/chat", json={"message": "hello"}).status_code == 403
    own = {"X-CSRFToken": signed_in.cookies["csrftoken"]}
    assert signed_in.post(f"/events/{TOPIC}", json={"data": 1}, headers=own).status_code == 201


def test_a_page_of_another_origin_may_not_read_a_stream_with_the_session(signed_in):
    with signed_in.stream("GET", f"/events/{TOPIC}", headers={"Origin": "https://evil.example"}) as answer:
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("accept", ["application/pdf", "image/*", "text/event-stream;q=0"])
def test_what_nobody_offers_is_not_acceptable(client, accept):
    answer = client.get(f"/events/{TOPIC}", headers={"Accept": accept})
    assert (answer.status_code, code_of(answer)) == (406, "not_acceptable")


CHAT_BODIES = {
    "no message": (b"{}", 400),
    "blank": (b'{"message": "  "}', 400),
    "a list": (b"[]", 400),
    "a number": (b'{"message": 7}', 400),
    "too long": (json.dumps({"message": "x" * 9_000}).encode(), 413),
    "somebody else's conversation": (b'{"message": "a", "conversation": "5b0d1a44-8a1f-4d5b-9a39-3a0a1a0a0a0a"}', 404),
    "no conversation at all": (b'{"message": "a", "conversation": ["x"]}', 404),
    "half a surrogate pair": (b'{"message": "a \\ud800"}', 400),
    "NUL": (b'{"message": "a \\u0000"}', 400),
    "deep": (b'{"message": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
}


@pytest.mark.parametrize("name", CHAT_BODIES)
def test_a_question_that_is_refused_is_refused_with_its_reason(client, writer, name):
    body, status = CHAT_BODIES[name]
    answer = client.post("/chat", content=body, headers=writer | JSON)
    assert answer.status_code == status, answer.text[:300]
    assert code_of(answer)


# Sockets

ROOM = "/ws/rooms/lobby"


def closing(site, path=ROOM, frames=(), **options):
    """The close code of a socket that says ``frames``, or the status of a handshake that is refused."""
    try:
        with connect(f"{site.ws_url}{path}", open_timeout=20, **options) as socket:
            for frame in frames:
                socket.send(frame)
            while True:
                socket.recv(timeout=20)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1.evil.example", "https://127.0.0.1:{port}"],
)
def test_a_socket_of_another_origin_is_told_so(running, origin):
    assert closing(running, origin=origin.format(port=running.port)) == 4403


def test_a_socket_without_origin_needs_a_token(running, writer):
    assert closing(running) == 4403
    with connect(f"{running.ws_url}{ROOM}", additional_headers=writer) as socket:
        assert json.loads(socket.recv(timeout=20))["type"] == "stream.open"


def test_a_socket_with_a_bad_token_is_told_so(running):
    assert closing(running, additional_headers={"Authorization": "Bearer st_unknown"}) == 4401


@pytest.mark.parametrize("path", ["/ws/rooms/nowhere", "/ws/nothing", "/ws/rooms/..", "/", "/ws/rooms/lobby/"])
def test_a_socket_to_nowhere_is_told_so(running, writer, path):
    assert closing(running, path, additional_headers=writer) == 4404


OPERATIONS = {
    "not JSON": "{",
    "a list": "[]",
    "no operation": "{}",
    "an unknown operation": '{"op": "jump"}',
    "an operation that is a list": '{"op": ["say"]}',
    "an operation that is an object": '{"op": {}}',
    "a reference that is a list": '{"op": "say", "ref": []}',
    "nothing said": '{"op": "say", "ref": 1}',
    "a number said": '{"op": "say", "text": 7, "client_id": "a"}',
    "no client id": '{"op": "say", "text": "a"}',
    "half a surrogate pair": '{"op": "say", "text": "\\ud800", "client_id": "a"}',
    "NUL": '{"op": "say", "text": "@claude \\u0000", "client_id": "a"}',
    "half a surrogate pair in the reference": '{"op": "say", "ref": "\\ud800"}',
    "half a surrogate pair in the operation": '{"op": "\\ud800"}',
    "too long": json.dumps({"op": "say", "text": "x" * 9_000, "client_id": "a"}),
    "deep": '{"op": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "an answer that is not there": '{"op": "regenerate", "generation": "x", "client_id": "a"}',
    "an answer that is a list": '{"op": "regenerate", "generation": [], "client_id": "a"}',
    "half a surrogate pair for an answer": '{"op": "regenerate", "generation": "\\ud800", "client_id": "a"}',
    "bytes": b'{"op": "say"}',
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_bad_operation_is_answered_and_the_socket_stays(running, writer, name):
    with connect(f"{running.ws_url}{ROOM}", additional_headers=writer) as socket:
        for frame in (OPERATIONS[name], '{"op": "jump", "ref": "last"}'):
            socket.send(frame)
        answers = []
        while not answers or answers[-1].get("ref") != "last":
            answer = json.loads(socket.recv(timeout=20))
            answers += [answer] if "op" in answer else []
    assert [answer["op"] for answer in answers] == ["error", "error"]
    assert answers[0]["error"]["code"]


def test_a_socket_message_above_the_limit_ends_only_that_socket(running, writer):
    assert closing(running, frames=["x" * 40_000_000], additional_headers=writer) in (1009, 1006, None)
