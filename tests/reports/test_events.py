"""A report of a topic's events."""

import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from streams.connections import registry
from streams.errors import CloseReason, StreamClosed
from streams.eventlog import append, reset
from streams.models import Event, Topic
from streams.publishing import Identity
from streams.reports import log
from streams.reports.body import report as report_body
from streams.reports.columns import Cell, Column
from streams.reports.events import EVENTS
from streams.reports.formats import CsvFormat, NdjsonFormat, write_rows
from streams.reports.report import Wanted
from streams.wire.event import NewEvent, format_time
from tests.harness.asgi import Exchange, request
from tests.reports.conftest import make_topic, report


async def test_a_header_the_rows_and_a_footer_with_their_number(orders):
    status, headers, body = await request("GET", "/report", query={"topic": "orders"})
    assert status == 200
    assert headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert headers["content-disposition"].startswith('attachment; filename="events-orders-2')
    assert headers["x-content-type-options"] == "nosniff"
    assert "Accept-Encoding" in headers["vary"]
    assert "content-length" not in headers
    lines = body.split(b"\r\n")
    assert (lines[0], lines[-2], lines[-1]) == (b"seq,time,type,data", b"total: 10,,,", b"")
    assert lines[1].startswith(b"1,20") and lines[1].endswith(b'Z,"message","1"')
    assert len(lines) == 13


async def test_ndjson_is_an_object_a_line_and_says_when_it_is_done(orders):
    query = {"topic": "orders", "format": "ndjson", "columns": "id,data,key"}
    _, headers, body = await request("GET", "/report", query=query)
    assert headers["content-type"] == "application/x-ndjson"
    *rows, done = map(json.loads, body.splitlines())
    assert rows[0] == {"id": orders.ids[0], "data": 1, "key": None}
    assert [row["data"] for row in rows] == list(range(1, 11))
    assert done == {"done": True, "total": 10}


async def test_a_bom_goes_first_where_it_is_asked_for(orders):
    _, _, body = await request("GET", "/report", query={"topic": "orders", "bom": "1"})
    assert body.startswith(b"\xef\xbb\xbfseq,")


async def test_columns_are_a_choice_and_an_order(orders):
    assert await report(topic="orders", columns="data,seq") == (
        ["data", "seq"],
        [[str(n), str(n)] for n in range(1, 11)],
    )


async def test_times_are_a_range_with_its_beginning_and_without_its_end(hub, orders):
    start = datetime(2026, 11, 23, 4, 43, tzinfo=UTC)

    def set_times():
        for event in Event.objects.all():
            Event.objects.filter(pk=event.pk).update(created_at=start + timedelta(seconds=event.seq))

    await hub.gateway.run(set_times)
    _, rows = await report(
        topic="orders", columns="seq,time", **{"from": "2026-11-23T04:43:03Z", "to": "2026-11-23T05:43:05+01:00"}
    )
    assert rows == [["3", "2026-11-23T04:43:03.000Z"], ["4", "2026-11-23T04:43:04.000Z"]]


async def test_types_are_chosen_one_or_several(hub):
    await hub.gateway.run(make_topic, "mixed", *(NewEvent(str(n), "abc"[n % 3]) for n in range(9)))
    assert [row[1] for row in (await report(topic="mixed", columns="seq,type", type="b"))[1]] == ["b"] * 3
    _, _, body = await request(
        "GET", "/report", query=[("topic", "mixed"), ("type", "a"), ("type", "c"), ("columns", "type")]
    )
    assert body.count(b'"a"') == body.count(b'"c"') == 3
    assert b'"b"' not in body


async def test_a_topic_without_events_is_a_report_of_none(hub):
    await hub.gateway.run(make_topic, "quiet")
    assert await report(topic="quiet") == (["seq", "time", "type", "data"], [])


async def test_what_is_published_meanwhile_is_not_in_it(hub, orders, monkeypatch):
    monkeypatch.setattr(log, "PAGE_ROWS", 2)
    async with Exchange("GET", "/report", query={"topic": "orders"}) as answer:
        assert await answer.chunk() == b"seq,time,type,data\r\n"
        await hub.gateway.run(append, "orders", [NewEvent("11")])
        assert (await answer.body()).endswith(b"total: 10,,,\r\n")


@pytest.mark.parametrize("kind", [CsvFormat, NdjsonFormat])
async def test_the_database_writes_what_python_writes(hub, odd, kind):
    await hub.gateway.run(make_topic, "odd", *odd)
    columns = (
        Column("seq", Cell.NUMBER), Column("time", Cell.TIME), Column("type", Cell.TEXT), Column("key", Cell.TEXT),
        Column("data", Cell.JSON),
    )  # fmt: skip

    def by_python():
        values = list(Event.objects.order_by("seq").values_list("seq", "created_at", "type", "key", "data"))
        return write_rows(kind(), columns, values)

    names = ",".join(column.name for column in columns)
    _, _, body = await request("GET", "/report", query={"topic": "odd", "columns": names, "format": kind.name})
    lines = body.splitlines(keepends=True)[1:-1] if kind is CsvFormat else body.splitlines(keepends=True)[:-1]
    assert b"".join(lines).decode() == (await hub.gateway.run(by_python)).decode()


@pytest.mark.parametrize("micros", [0, 1, 999, 1_000, 123_456, 999_999])
async def test_a_time_is_cut_to_milliseconds_as_everywhere(hub, orders, micros):
    moment = datetime(2026, 11, 23, 4, 43, 59, micros, UTC)
    await hub.gateway.run(Event.objects.filter(seq=1).update, created_at=moment)
    _, rows = await report(topic="orders", columns="time")
    assert rows[0] == [format_time(moment)]


async def test_pages_are_bounded_in_bytes_however_sizes_vary(hub, monkeypatch):
    monkeypatch.setattr(log, "PAGE_BYTES", 10_000)
    sizes = [10, 9_000, 9_000, 30_000, 10, 10, 9_985, 10, 40_000, 40_000, *[100] * 500]
    await hub.gateway.run(make_topic, "sizes", *(NewEvent('"' + "x" * (size - 2) + '"') for size in sizes))
    async with Exchange("GET", "/report", query={"topic": "sizes", "columns": "data"}) as answer:
        chunks = []
        while (chunk := await answer.chunk()) is not None:
            chunks.append(chunk)
    pages = [chunk for chunk in chunks[1:] if chunk and not chunk.startswith(b"total")]
    assert sum(page.count(b"\r\n") for page in pages) == len(sizes)
    assert max(map(len, pages)) < 40_000 + 10_000 + 2_000
    assert len(pages) > 8


async def test_rows_that_nobody_wants_are_passed_over_page_by_page(hub, orders, monkeypatch):
    monkeypatch.setattr(log, "PAGE_ROWS", 3)
    await hub.gateway.run(append, "orders", [NewEvent("11", "rare")])
    assert (await report(topic="orders", columns="seq", type="rare"))[1] == [["11"]]


@pytest.mark.parametrize("harm", ["trimmed", "reset", "deleted"])
async def test_a_log_that_loses_what_was_to_be_told_ends_the_report_without_a_footer(hub, monkeypatch, harm, caplog):
    monkeypatch.setattr(log, "PAGE_BYTES", 100_000)
    await hub.gateway.run(make_topic, "orders", *(NewEvent('"' + "x" * 90_000 + '"') for _ in range(100)))
    wanted, columns = Wanted("orders", EVENTS.columns), EVENTS.columns
    who = Identity("user", "u:1", "Ann", staff=True)
    source = await hub.gateway.run(EVENTS.opened, who, wanted, CsvFormat())

    def spoil():
        if harm == "trimmed":
            Event.objects.filter(seq__lte=95).delete()
        elif harm == "reset":
            reset("orders")
        else:
            Topic.objects.all().delete()

    async with aclosing(report_body(hub, source, who, columns, CsvFormat())) as body:
        said = await anext(body)
        said += await anext(body)
        await hub.gateway.run(spoil)
        with pytest.raises(StreamClosed, match="lagged" if harm == "trimmed" else "expired"):
            async for chunk in body:
                said += chunk
    assert b"total" not in said
    assert "breaks off after" in caplog.text
    assert not registry.by_technique()


async def test_a_report_that_is_told_to_end_breaks_off(hub, orders):
    who = Identity("user", "u:1", "Ann", staff=True)
    source = await hub.gateway.run(EVENTS.opened, who, Wanted("orders", EVENTS.columns), CsvFormat())
    async with aclosing(report_body(hub, source, who, EVENTS.columns, CsvFormat())) as body:
        await anext(body)
        (connection,) = registry
        assert (connection.technique, connection.topics) == ("report", ("orders",))
        connection.tell(CloseReason.UNAUTHORIZED)
        with pytest.raises(StreamClosed, match="unauthorized"):
            await anext(body)
