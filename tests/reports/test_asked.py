"""What may be asked, and what is said of the rest; who may ask."""

import pytest

from streams.connections import Connection, registry
from streams.publishing import Identity, create_token
from streams.reports.compression import accepts_gzip
from tests.harness.asgi import request
from tests.reports.conftest import make_topic, refused, report, signed_in

BAD = [
    ({"tpic": "a"}, "'tpic' is no parameter of a report of events (there are: kind, format, columns, bom, topic,"),
    ({"kind": "messages", "topic": "a"}, "'topic' is no parameter of a report of messages"),
    ({"kind": "rows"}, "no kind 'rows' (there are: events, messages, connections, generations)"),
    ({"format": "xlsx", "topic": "orders"}, "no format 'xlsx' (there are: csv, ndjson)"),
    ({"columns": "seq,topic__epoch", "topic": "orders"}, "no column 'topic__epoch' (there are: id, seq, time,"),
    ({"columns": "seq,seq", "topic": "orders"}, "column 'seq' is asked for twice"),
    ({"topic__name": "orders"}, "'topic__name' is no parameter"),
    ({}, "a report of events needs a topic"),
    ({"kind": "messages"}, "a report of messages needs a room"),
    ({"topic": "../etc"}, "topic name '../etc' is not allowed"),
    ({"topic": "orders", "from": "yesterday"}, "from is 'yesterday' (a time with its offset, such as 2026-"),
    ({"topic": "orders", "to": "2026-11-23T04:43:00"}, "to is '2026-11-23T04:43:00' (a time with its offset"),
    ({"topic": "orders", "to": "0001-01-01T00:00:00+23:00"}, "to is '0001-01-01"),
    ({"topic": "orders", "from": "2026-11-23T04:43:00Z", "to": "2026-11-23T05:43:00+01:00"}, "is not before to"),
    ({"topic": "orders", "bom": "yes"}, "no bom 'yes' (there are: 0, 1)"),
    ({"topic": "orders", "bom": "1", "format": "ndjson"}, "bom is for format csv"),
    ([("topic", "orders"), ("topic", "stock")], "topic is given 2 times"),
    ({"topic": "orders", "type": "x" * 129}, "no event has the type"),
    ([("topic", "orders"), *[("type", str(n)) for n in range(21)]], "21 types are asked for (limit 20)"),
    ([(f"n{n}", "x") for n in range(1001)], "too many fields (limit 1000)"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "message"), BAD)
async def test_what_makes_no_sense_is_refused_by_name(orders, query, message):
    status, _, body = await request("GET", "/report", query=query)
    assert status == 400
    assert message in body.decode().replace('\\"', '"')


async def test_what_a_form_leaves_empty_is_not_asked_for(orders):
    query = {"topic": "orders", "from": "", "to": "", "type": "", "columns": ""}
    status, _, _ = await request("GET", "/report", query=query)
    assert status == 200


async def test_a_plus_that_was_not_escaped_is_understood(orders):
    status, _, body = await request("GET", "/report", query={"topic": "orders", "to": "2020-01-01T00:00:00 01:00"})
    assert (status, body.splitlines()[-1]) == (200, b"total: 0,,,")


async def test_a_topic_that_may_not_be_read_answers_as_one_that_is_missing(hub, streams_settings):
    streams_settings(guests=1)
    await hub.gateway.run(lambda: make_topic("secret", visibility="private"))
    status, error = await refused(topic="secret")
    other = await refused(topic="terces")
    assert (status, error["message"].replace("secret", "terces")) == (other[0], other[1]["message"])
    assert status == 404
    assert await refused(kind="messages", room="secret") == (
        404, {"code": "no_such_topic", "message": "no topic 'room:secret' that you may read", "retryable": False},
    )  # fmt: skip


async def test_one_whom_nobody_knows_is_asked_to_sign_in(hub):
    assert (await refused(topic="secret"))[0] == 401


async def test_a_token_reads_what_its_patterns_name(hub):
    def make():
        make_topic("a:1", visibility="private")
        return create_token(name="reader", read=["a:*"])[1]

    headers = {"Authorization": f"Bearer {await hub.gateway.run(make)}"}
    assert (await request("GET", "/report", query={"topic": "a:1"}, headers=headers))[0] == 200
    assert (await refused(headers, topic="b:1"))[0] == 404
    assert (await refused(headers, kind="generations"))[0] == 403


@pytest.mark.parametrize("kind", ["connections", "generations"])
async def test_two_kinds_are_for_staff(hub, kind):
    assert (await refused(kind=kind))[0] == 401
    assert (await refused(await signed_in(hub, "ann"), kind=kind))[0] == 403
    assert (await refused(await signed_in(hub, "sue", is_staff=True, may=()), kind=kind))[0] == 403
    assert (await report(await signed_in(hub, "eve", is_staff=True), kind=kind))[0]


async def test_head_says_what_get_would_and_reads_nothing(orders, monkeypatch):
    monkeypatch.setattr("streams.reports.events.Events.read", None)
    status, headers, body = await request("HEAD", "/report", query={"topic": "orders"})
    assert (status, body) == (200, b"")
    assert headers["content-disposition"].startswith("attachment")
    assert (await request("HEAD", "/report", query={"topic": "none"}))[0] == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(hub, method):
    status, headers, _ = await request(method, "/report")
    assert (status, headers["allow"]) == (405, "GET, HEAD")


async def test_a_foreign_page_is_refused(orders):
    headers = {"Origin": "https://evil.example"}
    assert (await refused(headers, topic="orders"))[0] == 403


async def test_only_so_many_are_written_at_once(make_hub):
    hub = await make_hub(max_reports=1)
    await hub.gateway.run(make_topic, "orders")
    with registry.opened(Connection("report", Identity("user", "u:1", "Ann"))):
        status, headers, _ = await request("GET", "/report", query={"topic": "orders"})
        assert (status, headers["retry-after"]) == (429, "5")
    assert (await request("GET", "/report", query={"topic": "orders"}))[0] == 200


ACCEPTED = {
    "gzip": True, "gzip, deflate, br": True, "*": True, "": False, "identity": False, "gzip;q=0": False, "br": False,
    "gzip;q=0.0, *": False, "gzip;q=0.5, identity;q=0.4": True, "gzip;q=0.4, identity": False, "GZIP;Q=1.000": True,
    "gzip; q=1": True, "gzip;q=2": False, "gzip;q=x": False, "x-gzip": True, "*;q=0": False,
    "deflate, gzip;q=1.0": True,
}  # fmt: skip


@pytest.mark.parametrize(("header", "expected"), ACCEPTED.items())
def test_gzip_is_for_those_who_want_it(header, expected):
    assert accepts_gzip(header) is expected
