"""Server-sent events: headers, resuming, gaps, heartbeats, ends."""

import asyncio
import json

import pytest
from django.db import OperationalError

from streams.connections import registry
from streams.errors import CloseReason, StreamClosed, Unavailable
from streams.eventlog import append, reset
from streams.hub import Reader
from streams.models import Event, Topic
from streams.publishing import apublish, apublish_events, create_token, new_event
from streams.wire.event import NewEvent
from tests.harness.asgi import EventStream, request
from tests.harness.waiting import aeventually
from tests.transports.topics import fill


async def read(count, path="/events/orders", **rest):
    """The first ``count`` messages of a stream, and its parser."""
    async with EventStream(path, **rest) as stream:
        assert stream.status == 200
        return await stream.messages(count), stream.parser


def numbers(messages):
    return [json.loads(message.data) for message in messages]


class TestOpening:
    """What a stream begins with."""

    async def test_the_headers_keep_caches_and_proxies_away(self, orders):
        async with EventStream("/events/orders") as stream:
            headers = stream.headers
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-cache, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert "Accept" in headers["vary"]
        assert "content-length" not in headers
        assert "connection" not in headers, "hop by hop: the server's business"

    async def test_it_tells_at_once_the_position_without_data_and_when_to_come_back(self, orders):
        async with EventStream("/events/orders") as stream:
            await stream.opened()
            assert stream.parser.last_event_id == orders[-1]
            assert stream.parser.retry_ms == 2_000
            await apublish("orders", "new")
            message = await stream.message()
        assert (message.type, message.json) == ("message", "new")
        assert message.last_event_id == orders[-1].replace("-10", "-11")

    async def test_a_client_that_drops_before_its_first_event_resumes_exactly(self, orders):
        async with EventStream("/events/orders") as stream:
            position = (await stream.opened()).parser.last_event_id
        await apublish("orders", "missed")
        messages, _ = await read(1, headers={"Last-Event-ID": position})
        assert messages[0].json == "missed"

    async def test_type_and_data_come_out_as_they_went_in(self, orders):
        value = {"text": "a\nb\r\u2028\x00\U0001f600", "n": [1.5, None]}
        async with EventStream("/events/orders") as stream:
            await stream.opened()
            await apublish("orders", value, type="order: update \U0001f600")
            message = await stream.message()
        assert (message.type, message.json) == ("order: update \U0001f600", value)

    @pytest.mark.parametrize("accept", ["text/event-stream", "*/*", "", "text/*", "text/event-stream, */*;q=0.1"])
    async def test_it_is_the_answer_to_whoever_asks_for_nothing_else(self, orders, accept):
        async with EventStream("/events/orders", accept=accept) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")


class TestResuming:
    """The header and the query, and all they may say."""

    async def test_by_the_header(self, orders):
        messages, _ = await read(3, headers={"Last-Event-ID": orders[6]})
        assert numbers(messages) == [8, 9, 10]
        assert [message.last_event_id for message in messages] == list(orders[7:])

    @pytest.mark.parametrize("name", ["last_event_id", "lastEventID", "Last-Event-ID"])
    async def test_by_the_query_under_three_names(self, orders, name):
        messages, _ = await read(3, query={name: orders[6]})
        assert numbers(messages) == [8, 9, 10]

    async def test_the_header_wins(self, orders):
        messages, _ = await read(1, headers={"Last-Event-ID": orders[8]}, query={"last_event_id": orders[2]})
        assert numbers(messages) == [10]

    async def test_an_empty_header_is_none(self, orders):
        messages, _ = await read(1, headers={"Last-Event-ID": ""}, query={"last_event_id": orders[2]})
        assert numbers(messages) == [4]

    @pytest.mark.parametrize(
        ("wish", "expected"), [("earliest", range(1, 11)), ("-3", [8, 9, 10]), ("8", [9, 10]), ("-99", range(1, 11))]
    )
    async def test_by_a_wish(self, orders, wish, expected):
        messages, parser = await read(len(expected), query={"last_event_id": wish})
        assert numbers(messages) == list(expected)
        assert {message.type for message in messages} == {"message"}, "no gap"
        assert parser.last_event_id == orders[-1]


class TestGaps:
    """A position that can't be honoured is told, and moved."""

    async def test_a_trimmed_one_tells_how_many_are_lost(self, hub, orders):
        await hub.gateway.run(lambda: Event.objects.filter(seq__lte=6).delete())
        messages, _ = await read(5, headers={"Last-Event-ID": orders[1]})
        gap = messages[0]
        assert gap.type == "stream.gap"
        assert gap.json == {"requested": orders[1], "resumed_at": orders[5], "lost": 4, "reason": "trimmed"}
        assert gap.last_event_id == orders[5], "so that the next reconnect asks from there"
        assert numbers(messages[1:]) == [7, 8, 9, 10]

    @pytest.mark.parametrize(
        ("wish", "reason"),
        [
            ("other234-3", "epoch"),
            ("11", "epoch"),
            ("{epoch}-11", "epoch"),
            ("junk", "malformed"),
            ("9" * 20, "malformed"),
            ("{epoch}-3,other234-4", "malformed"),
            ("x" * 2_048, "malformed"),
        ],
    )
    async def test_one_that_makes_no_sense_tells_why_and_gives_all_that_is_kept(self, hub, orders, wish, reason):
        wish = wish.format(epoch=orders[0].split("-")[0])
        await hub.gateway.run(lambda: Event.objects.filter(seq__lte=6).delete())
        for how in ({"headers": {"Last-Event-ID": wish}}, {"query": {"last_event_id": wish}}):
            messages, _ = await read(5, **how)
            assert messages[0].json == {
                "requested": wish[:128],
                "resumed_at": orders[5],
                "lost": None,
                "reason": reason,
            }
            assert messages[0].last_event_id == orders[5]
            assert numbers(messages[1:]) == [7, 8, 9, 10]

    async def test_nul_in_the_query_is_malformed_and_no_error(self, orders):
        messages, _ = await read(1, query={"last_event_id": "\0"})
        assert messages[0].json["reason"] == "malformed"

    @pytest.mark.parametrize("asked", ["{second}", "zzzzzzzz-3", "junk", "\u00e9", "a\nid: b", "\0"])
    async def test_the_position_of_the_opening_leads_to_a_gap_until_it_is_told(self, hub, orders, asked):
        """A stream begins with an empty id: who is cut before the gap would never hear of it."""
        await hub.gateway.run(lambda: Event.objects.filter(seq__lte=6).delete())
        async with EventStream("/events/orders", query={"last_event_id": asked.format(second=orders[1])}) as stream:
            await stream.opened()
            position = stream.parser.last_event_id
        assert position
        async with EventStream("/events/orders", headers={"Last-Event-ID": position}) as stream:
            gap = await stream.message()
        assert (gap.type, gap.last_event_id) == ("stream.gap", orders[5])
        assert gap.json["reason"] == {"{second}": "trimmed", "zzzzzzzz-3": "epoch"}.get(asked, "malformed")

    async def test_a_log_that_begins_anew_is_told_while_it_is_followed(self, hub, orders):
        async with EventStream("/events/orders") as stream:
            await stream.opened()
            epoch = await hub.gateway.run(reset, "orders")
            await apublish("orders", "new")
            gap, event = await stream.messages(2)
        assert gap.json == {"requested": orders[-1], "resumed_at": f"{epoch}-0", "lost": None, "reason": "epoch"}
        assert (gap.last_event_id, event.json, event.last_event_id) == (f"{epoch}-0", "new", f"{epoch}-1")


class TestEnds:
    """Silence, shutdown, failure, leaving."""

    async def test_silence_is_broken_by_a_comment(self, make_hub):
        hub = await make_hub(heartbeat_s=0.1)
        await hub.gateway.run(fill, 1)
        async with EventStream("/events/orders") as stream:
            while len(stream.parser.comments) < 2:
                await stream.read()
            assert stream.parser.last_event_id.endswith("-1"), "which leaves the position alone"

    async def test_a_shutdown_is_told_with_a_time_to_come_back_by_chance(self, hub, orders):
        async with asyncio.TaskGroup() as group:
            streams = [EventStream("/events/orders") for _ in range(12)]
            for stream in streams:
                await stream.__aenter__()
                await stream.opened()
            hub.end_streams(CloseReason.SHUTDOWN)
            reading = [group.create_task(stream.messages(5)) for stream in streams]
        for task, stream in zip(reading, streams, strict=True):
            (farewell,) = task.result()
            assert farewell.type == "stream.close"
            assert farewell.json == {"reason": "shutdown", "reconnect": True}
            assert stream.ended
            assert stream.parser.last_event_id == orders[-1], "to resume where it stood"
            assert 1_000 <= stream.parser.retry_ms < 2_000
            await stream.leave()
        assert len({stream.parser.retry_ms for stream in streams}) > 1, "not all at once"
        assert len(registry) == 0

    async def test_once_it_goes_down_new_ones_are_turned_away(self, hub, orders):
        hub.end_streams(CloseReason.SHUTDOWN)
        status, headers, body = await request("GET", "/events/orders")
        assert (status, headers["retry-after"], json.loads(body)["error"]["code"]) == (503, "1", "stream_closed")

    async def test_a_topic_that_is_deleted_ends_its_streams_for_good(self, hub, orders):
        async with EventStream("/events/orders") as stream:
            await stream.opened()
            await hub.gateway.run(lambda: Topic.objects.all().delete())
            message = await stream.message()
            assert message.json == {"reason": "expired", "reconnect": False}
            assert await stream.message() is None

    async def test_a_database_that_fails_half_way_is_told_and_leaves_the_position(self, make_hub, monkeypatch):
        hub = await make_hub(log_page_events=2)
        done = await hub.gateway.run(fill, 10)

        async def fail(live, after):
            if after >= 4:
                raise Unavailable("the database does not answer; try again")
            return await read_log(live, after)

        read_log = hub.read_log
        monkeypatch.setattr(hub, "read_log", fail)
        async with EventStream("/events/orders", query={"last_event_id": "earliest"}) as stream:
            messages = await stream.messages(9)
            assert stream.ended
        assert numbers(messages[:-1]) == [1, 2, 3, 4]
        assert (messages[-1].type, messages[-1].json["code"], messages[-1].json["retryable"]) == (
            "stream.error",
            "unavailable",
            True,
        )
        assert stream.parser.last_event_id == done.ids[3]

    @pytest.mark.parametrize("topics", [["orders"], ["orders", "stock"]])
    @pytest.mark.parametrize("end", ["failure", "shutdown"])
    async def test_one_that_ends_before_its_opening_leaves_it_too(self, hub, orders, monkeypatch, topics, end):
        """A stream begins with an empty id: the client forgot where it was, and came back to now."""
        await hub.gateway.run(fill, 1, "stock")
        asked = ",".join([orders[3], "-1"][: len(topics)])

        async def subscribe(reader, name, wish):
            raise Unavailable("it does not answer") if end == "failure" else StreamClosed(CloseReason.SHUTDOWN)

        monkeypatch.setattr(Reader, "subscribe", subscribe)
        path, query = ("/events/orders", []) if len(topics) == 1 else ("/events", [("topic", name) for name in topics])
        async with EventStream(path, query=query, headers={"Last-Event-ID": asked}) as stream:
            message = await stream.message()
            assert (message.type, message.last_event_id) == (
                "stream.error" if end == "failure" else "stream.close",
                asked,
            )
            assert stream.parser.last_event_id == asked

    async def test_a_client_that_leaves_frees_its_place_at_once(self, hub, orders):
        async with EventStream("/events/orders") as stream:
            await stream.opened()
            assert (registry.by_technique(), registry.by_topic()) == ({"sse": 1}, {"orders": 1})
            assert hub.readers() == {"orders": 1}
            await stream.leave()
            assert len(registry) == 0
            assert hub.readers() == {}

    async def test_a_reader_that_stops_reading_holds_back_nobody_and_catches_up(self, make_hub):
        hub = await make_hub(ring_events=10)
        await hub.gateway.run(fill, 1)
        async with EventStream("/events/orders") as slow, EventStream("/events/orders") as fast:
            await slow.opened()
            await fast.opened()
            for number in range(2, 102):
                await apublish("orders", number)
                assert (await fast.message()).json == number
            assert numbers(await slow.messages(100)) == list(range(2, 102))


async def test_a_thousand_events_reach_every_stream_once(hub, orders):
    async with EventStream("/events/orders") as first, EventStream("/events/orders") as second:
        await first.opened()
        await second.opened()
        for number in range(100):
            await apublish_events("orders", [new_event(number * 10 + one) for one in range(10)])
        for stream in (first, second):
            assert numbers(await stream.messages(1_000)) == list(range(1_000))


class TestWho:
    """Permission comes before the first byte."""

    async def test_one_that_is_missing_and_one_that_may_not_be_read_answer_alike(self, hub):
        def prepare():
            Topic.objects.create(name="secret", visibility="private")
            return create_token(name="reader", read=["orders"])[1]

        headers = {"Authorization": f"Bearer {await hub.gateway.run(prepare)}"}
        hidden = await request("GET", "/events/secret", headers=headers)
        missing = await request("GET", "/events/absent", headers=headers)
        assert hidden[0] == missing[0] == 404
        assert hidden[1] == missing[1]
        assert hidden[2].replace(b"secret", b"absent") == missing[2]

    async def test_nobody_is_asked_to_sign_in(self, hub):
        await hub.gateway.run(lambda: Topic.objects.create(name="members"))
        for name in ("members", "absent"):
            status, headers, body = await request("GET", f"/events/{name}")
            assert (status, headers["www-authenticate"]) == (401, 'Bearer realm="streams"')
            assert json.loads(body)["error"]["code"] == "unauthorized"

    async def test_a_bearer_token_reads_what_its_pattern_names(self, hub):
        def prepare():
            fill(1, "area:north")
            Topic.objects.update(visibility="private")
            return create_token(name="reader", read=["area:*"])[1]

        text = await hub.gateway.run(prepare)
        messages, _ = await read(
            1, "/events/area:north", headers={"Authorization": f"Bearer {text}"}, query={"last_event_id": "0"}
        )
        assert numbers(messages) == [1]

    async def test_guests_read_what_members_read_where_they_are_let_in(self, make_hub):
        hub = await make_hub(guests=1)
        await hub.gateway.run(lambda: append("orders", [NewEvent("1")]))
        messages, _ = await read(1, query={"last_event_id": "earliest"})
        assert numbers(messages) == [1]


class TestMethodsAndNames:
    """What else the URL answers."""

    async def test_head_has_the_headers_and_holds_no_place(self, orders):
        status, headers, body = await request("HEAD", "/events/orders", headers={"Accept": "text/event-stream"})
        assert (status, body) == (200, b"")
        assert "content-length" not in headers, "a stream has none"
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-cache, no-transform"
        assert len(registry) == 0
        assert (await request("HEAD", "/events/absent"))[0] == 401

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
    async def test_other_methods_are_told_which_there_are(self, orders, method):
        status, headers, body = await request(method, "/events/orders")
        assert (status, headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
        assert json.loads(body)["error"]["code"] == "method_not_allowed"

    async def test_options_tells_the_methods(self, hub):
        status, headers, body = await request("OPTIONS", "/events/orders")
        assert (status, headers["allow"], body) == (204, "GET, HEAD, POST, OPTIONS", b"")

    @pytest.mark.parametrize("accept", ["application/pdf", "image/*", "text/event-stream;q=0", "text/plain, image/png"])
    async def test_an_accept_that_nothing_fits_is_told_what_there_is(self, orders, accept):
        status, _, body = await request("GET", "/events/orders", headers={"Accept": accept})
        assert (status, json.loads(body)["error"]["code"]) == (406, "not_acceptable")
        assert "text/event-stream" in json.loads(body)["error"]["message"]

    async def test_a_persons_address_bar_goes_to_the_page(self, orders):
        accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        status, headers, _ = await request("GET", "/events/orders", headers={"Accept": accept})
        assert (status, headers["location"]) == (303, "/topics/orders")
        assert "Accept" in headers["vary"]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_a_bad_name_is_a_bad_request(self, hub, method):
        bad = [
            "",
            "..",
            "../etc/passwd",
            "a/b",
            "a b",
            "*",
            "\0",
            "a\x1f",
            "a\x7f",
            "\u00e9",
            "a" * 129,
            ".a",
            "a%00",
            "a\\b",
        ]
        for name in bad:
            status, _, body = await request(method, f"/events/{name}")
            assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_topic"), repr(name)

    async def test_a_database_that_fails_is_unavailable_for_now(self, hub, monkeypatch):
        def fail(*args, **kwargs):
            raise OperationalError("gone")

        monkeypatch.setattr("streams.transports.views.check_topics_to_read", fail)
        monkeypatch.setattr("streams.transports.views.identify", fail)
        status, headers, body = await request("GET", "/events/orders")
        assert (status, headers["retry-after"]) == (503, "1")
        assert "gone" not in body.decode()
        assert json.loads(body)["error"]["code"] == "unavailable"
        await aeventually(lambda: len(registry) == 0)
