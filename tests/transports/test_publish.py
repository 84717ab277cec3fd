"""``POST /events/<topic>``: one event or a batch, all or nothing."""

import json

import pytest

from streams.errors import CloseReason
from streams.models import Event, Topic
from streams.publishing import create_token
from tests.harness.asgi import request

JSON, NDJSON = "application/json", "application/x-ndjson"


@pytest.fixture
async def bearer(hub):
    """The header of a token that may publish to orders."""
    _, text = await hub.gateway.run(lambda: create_token(name="deploy", publish=["orders"]))
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def post(hub, bearer):
    """``await post(body)``: status, answer as JSON."""

    async def send(body, content_type=JSON, path="/events/orders", **headers):
        headers = (
            bearer | {"Content-Type": content_type} | {name.replace("_", "-"): text for name, text in headers.items()}
        )
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        status, _, answer = await request("POST", path, headers=headers, body=body)
        return status, json.loads(answer)

    return send


@pytest.fixture
def stored(hub):
    """``await stored()``: (seq, type, data, key) of every event."""

    def read():
        return list(Event.objects.order_by("seq").values_list("seq", "type", "data", "key"))

    return lambda: hub.gateway.run(read)


def lines(*values):
    return b"\n".join(value if isinstance(value, bytes) else json.dumps(value).encode() for value in values)


class TestOneEvent:
    """application/json."""

    async def test_it_is_stored_before_the_answer(self, post, stored, hub):
        status, answer = await post({"data": {"n": 1}, "type": "update", "key": "k"})
        assert status == 201
        assert await stored() == [(1, "update", '{"n":1}', "k")]
        topic = await hub.gateway.run(Topic.objects.get)
        assert answer == {"id": f"{topic.epoch}-1"}
        assert topic.visibility == "members"

    async def test_type_and_key_may_be_left_out_and_null_is_data(self, post, stored):
        assert (await post({"data": None}))[0] == 201
        assert await stored() == [(1, "message", "null", None)]

    async def test_the_media_type_may_have_parameters(self, post):
        assert (await post({"data": 1}, "application/json; charset=utf-8"))[0] == 201

    @pytest.mark.parametrize(
        ("body", "code", "says"),
        [
            (b"", "invalid_json", "line 1"),
            (b"{", "invalid_json", "line 1"),
            (b'{"data": NaN}', "invalid_json", "NaN"),
            (b'{"data": 1e999}', "invalid_json", "out of range"),
            (b'{"data": "\\ud800"}', "invalid_json", "surrogate"),
            (b'{"data": "\xff"}', "invalid_json", "UTF-8"),
            (b'{"data": ' + b"[" * 100_000, "invalid_json", "limit"),
            (b'{"data": ' + b"[" * 100 + b"]" * 100 + b"}", "invalid_json", "nests 101 deep (limit 100)"),
            (b'{"data": ' + b"1" * 5_000 + b"}", "invalid_json", "JSON"),
            (b"[]", "invalid_event", "not list"),
            (b'"text"', "invalid_event", "not str"),
            (b"{}", "invalid_event", "needs data"),
            (b'{"data": 1, "id": 7}', "invalid_event", "'id'"),
            (b'{"data": 1, "type": "a\\nb"}', "invalid_event", "U+000A"),
            (b'{"data": 1, "type": "a\\u2028b"}', "invalid_event", "U+2028"),
            (b'{"data": 1, "type": "stream.gap"}', "invalid_event", "stream."),
            (b'{"data": 1, "type": null}', "invalid_event", "event type"),
            (b'{"data": 1, "type": 7}', "invalid_event", "event type"),
            (b'{"data": 1, "key": ""}', "invalid_event", "idempotency key"),
            (b'{"data": 1, "key": "\\u0000"}', "invalid_event", "U+0000"),
            (b'{"data": 1, "key": "' + b"k" * 129 + b'"}', "invalid_event", "129 characters (limit 128)"),
        ],
    )
    async def test_what_is_wrong_is_told_and_nothing_is_stored(self, post, stored, body, code, says):
        status, answer = await post(body)
        assert (status, answer["error"]["code"]) == (400, code)
        assert says in answer["error"]["message"]
        assert await stored() == []

    async def test_one_that_is_too_large_is_told_limit_and_size(self, post, stored):
        status, answer = await post({"data": "x" * 262_143})
        assert (status, answer["error"]["code"]) == (413, "too_large")
        assert "262145 bytes (limit 262144)" in answer["error"]["message"]
        assert (await post({"data": "x" * 262_142}))[0] == 201
        assert len(await stored()) == 1

    @pytest.mark.parametrize("size", [4_194_305, 17 * 1024 * 1024], ids=["above our limit", "above Django's"])
    async def test_a_body_that_is_too_large_is_told_so(self, post, size):
        status, answer = await post(b" " * size)
        assert (status, answer["error"]["code"]) == (413, "too_large")
        assert "limit" in answer["error"]["message"]

    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/jsonx"],
    )
    async def test_another_media_type_is_refused_and_told_which_there_are(self, post, content_type):
        status, answer = await post({"data": 1}, content_type)
        assert (status, answer["error"]["code"]) == (415, "unsupported_media_type")
        assert "application/json" in answer["error"]["message"]


class TestKeys:
    """Idempotency."""

    async def test_a_repeated_key_answers_the_first_id(self, post, stored):
        first = await post({"data": 1, "key": "k"})
        assert await post({"data": 1, "key": "k"}) == first
        assert await post({"data": 1}, Idempotency_Key="k") == first
        assert len(await stored()) == 1

    async def test_with_other_data_it_is_a_conflict(self, post, stored):
        await post({"data": 1}, Idempotency_Key="k")
        status, answer = await post({"data": 2}, Idempotency_Key="k")
        assert (status, answer["error"]["code"]) == (409, "key_reused")
        assert len(await stored()) == 1

    async def test_one_in_the_event_wins_over_the_header(self, post, stored):
        await post({"data": 1, "key": "inside"}, Idempotency_Key="beside")
        assert await stored() == [(1, "message", "1", "inside")]

    async def test_a_bad_header_is_refused(self, post):
        status, answer = await post({"data": 1}, Idempotency_Key="k" * 129)
        assert (status, answer["error"]["code"]) == (400, "invalid_event")


class TestBatch:
    """application/x-ndjson."""

    async def test_a_line_is_an_event(self, post, stored):
        status, answer = await post(lines({"data": 1}, {"data": 2, "type": "t", "key": "k"}, b""), NDJSON)
        assert status == 201
        assert [one.rsplit("-", 1)[1] for one in answer["ids"]] == ["1", "2"]
        assert await stored() == [(1, "message", "1", None), (2, "t", "2", "k")]

    async def test_lines_may_end_as_on_windows(self, post, stored):
        assert (await post(b'{"data": 1}\r\n\r\n{"data": 2}\r\n', NDJSON))[0] == 201
        assert [row[2] for row in await stored()] == ["1", "2"]

    @pytest.mark.parametrize(
        ("bad", "status", "code"),
        [
            (b"{", 400, "invalid_json"),
            (b"{}", 400, "invalid_event"),
            (b'{"data": "' + b"x" * 262_143 + b'"}', 413, "too_large"),
        ],
    )
    async def test_one_bad_line_spoils_all_and_is_told_by_its_number(self, post, stored, bad, status, code):
        answered, answer = await post(lines({"data": 1}, b"", {"data": 2}, bad, {"data": 3}), NDJSON)
        assert (answered, answer["error"]["code"]) == (status, code)
        assert answer["error"]["message"].startswith("line 4: ")
        assert await stored() == []

    async def test_one_reused_key_spoils_all(self, post, stored):
        await post({"data": 1, "key": "k"})
        status, _ = await post(lines({"data": 2}, {"data": 3, "key": "k"}), NDJSON)
        assert status == 409
        assert len(await stored()) == 1

    async def test_a_key_of_the_batch_makes_it_repeatable(self, post, stored):
        body = lines({"data": 1}, {"data": 2})
        first = await post(body, NDJSON, Idempotency_Key="k")
        assert await post(body, NDJSON, Idempotency_Key="k") == first
        assert [row[3] for row in await stored()] == ["k/1", "k/2"]

    async def test_an_empty_one_is_refused(self, post):
        for body in (b"\n\n", b" \r\n"):
            status, answer = await post(body, NDJSON)
            assert (status, answer["error"]["code"]) == (400, "invalid_event")

    async def test_one_with_too_many_lines_is_told_limit_and_number(self, post, stored):
        status, answer = await post(lines(*[{"data": 1}] * 1_001), NDJSON)
        assert (status, answer["error"]["code"]) == (413, "too_large")
        assert "1001 events (limit 1000)" in answer["error"]["message"]
        assert (await post(lines(*[{"data": 1}] * 1_000), NDJSON))[0] == 201
        assert len(await stored()) == 1_000


class TestWho:
    """Permission."""

    async def test_without_a_token_one_is_told_how_to_come_by_one(self, hub):
        status, headers, body = await request(
            "POST", "/events/orders", headers={"Content-Type": JSON}, body=b'{"data":1}'
        )
        assert (status, headers["www-authenticate"]) == (401, 'Bearer realm="streams"')
        assert json.loads(body)["error"]["code"] == "unauthorized"

    async def test_a_token_for_other_topics_is_forbidden(self, post, stored):
        status, answer = await post({"data": 1}, path="/events/other")
        assert (status, answer["error"]["code"]) == (403, "forbidden")
        assert await stored() == []

    async def test_permission_comes_before_the_body_is_looked_at(self, post):
        assert (await post(b"junk", path="/events/other"))[0] == 403

    async def test_a_server_that_goes_down_takes_nothing_more(self, hub, post):
        hub.end_streams(CloseReason.SHUTDOWN)
        status, answer = await post({"data": 1})
        assert (status, answer["error"]["retryable"]) == (503, True)
