"""Frames of server-sent events, read back by a parser that follows the standard."""

from datetime import UTC, datetime

import pytest

from streams.wire import sse
from streams.wire.event import LogEvent
from streams.wire.jsontext import encode_json
from tests.harness.sse import EventSourceParser, Message, parse

VALUES = [
    "a\nb\r\nc\rd",
    "a\u2028b\u2029c\x85d\x0b\x0c",
    "\x00\x01\x1f\x7f",
    "\U0001f600\U0010ffff\ufeff",
    "data: x\n\nid: 9\n\n",
    {"\n": ["\r"]},
    None,
    "",
]


def an_event(value, event_type="message", seq=7):
    return LogEvent("orders", "abcd2345", seq, event_type, encode_json(value), datetime.now(UTC))


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("event_type", ["message", "order_update", " leading and trailing ", ": colon", "\U0001f600"])
def test_an_event_comes_out_as_it_went_in(value, event_type):
    (message,) = parse(sse.encode_event(an_event(value, event_type)))
    assert (message.type, message.json, message.last_event_id) == (event_type, value, "abcd2345-7")


@pytest.mark.parametrize("value", VALUES)
def test_it_does_so_however_the_bytes_are_cut(value):
    stream = sse.encode_event(an_event(value, "first")) + sse.encode_event(an_event(value, "second", seq=8))
    parser = EventSourceParser()
    messages = [message for byte in stream for message in parser.feed(bytes([byte]))]
    assert messages == parse(stream)
    assert [message.type for message in messages] == ["first", "second"]


def test_the_type_message_is_left_out():
    assert sse.encode_event(an_event(1)) == b"id: abcd2345-7\ndata: 1\n\n"


def test_the_opening_moves_the_position_and_dispatches_nothing():
    parser = EventSourceParser()
    assert parser.feed(sse.encode_opening("abcd2345-7", retry_ms=2000)) == []
    assert (parser.last_event_id, parser.retry_ms) == ("abcd2345-7", 2000)


def test_a_control_event_keeps_the_position_unless_it_is_told_to_move_it():
    parser = EventSourceParser()
    parser.feed(b"id: before\n\n")
    (kept,) = parser.feed(sse.encode_control("stream.close", {"reason": "shutdown"}))
    assert (kept.type, kept.json, parser.last_event_id) == ("stream.close", {"reason": "shutdown"}, "before")
    (moved,) = parser.feed(sse.encode_control("stream.gap", {}, last_event_id="after"))
    assert moved.last_event_id == parser.last_event_id == "after"


def test_heartbeat_and_retry_dispatch_nothing():
    parser = EventSourceParser()
    assert parser.feed(sse.HEARTBEAT + sse.encode_retry(1234)) == []
    assert (parser.comments, parser.retry_ms) == ([""], 1234)


def test_plain_data_is_a_message_without_an_id():
    assert parse(sse.encode_data({"text": "a\nb"})) == [Message("message", '{"text":"a\\nb"}', "")]


class TestParser:
    """The parser itself, by the examples and rules of the standard."""

    @pytest.mark.parametrize(
        ("stream", "data"),
        [
            (b"data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),
            (b"data\n\ndata\ndata\n\ndata:", ["", "\n"]),
            (b"data:test\n\ndata: test\n\n", ["test", "test"]),
            (b"data:  two\n\ndata:\ttab\n\n", [" two", "\ttab"]),
            (b"data: a\r\rdata: b\r\n\r\ndata: c\n\n", ["a", "b", "c"]),
            (b"\xef\xbb\xbfdata: bom\n\n", ["bom"]),
            (b"\xef\xbb\xbf\xef\xbb\xbfdata: two\n\n", []),
            (b"data: \xff\n\n", ["\ufffd"]),
            (b"data: a\x85b\xe2\x80\xa8c\x0bd\n\n", ["a\ufffdb\u2028c\x0bd"]),
            (b"Data: case\n\n data: space\n\n", []),
            (b"event: only\n\n", []),
            (b"data: unfinished\n", []),
            (b": comment\ndata: x\n\n", ["x"]),
        ],
    )
    def test_the_examples_of_the_standard(self, stream, data):
        assert [message.data for message in parse(stream)] == data
        parser = EventSourceParser()
        bytewise = [message.data for byte in stream for message in parser.feed(bytes([byte]))]
        assert bytewise == data

    def test_ids_persist_are_reset_by_an_empty_one_and_refuse_nul(self):
        stream = b"data: 1\nid: 1\n\ndata: 2\n\ndata: 3\nid: x\0y\n\ndata: 4\nid\n\n"
        assert [message.last_event_id for message in parse(stream)] == ["1", "1", "1", ""]

    def test_an_id_alone_counts_and_one_in_an_unfinished_block_does_not(self):
        parser = EventSourceParser()
        assert parser.feed(b"id: 5\n\nid: 6\n") == []
        assert parser.last_event_id == "5"

    def test_the_type_goes_back_to_message_after_each_block(self):
        assert [message.type for message in parse(b"event: a\n\ndata: 1\n\nevent: b\ndata: 2\n\ndata: 3\n\n")] == [
            "message",
            "b",
            "message",
        ]

    @pytest.mark.parametrize(
        ("line", "retry_ms"), [(b"retry: 10", 10), (b"retry: -1", None), (b"retry: 1s", None), (b"retry", None)]
    )
    def test_retry_is_digits_only(self, line, retry_ms):
        parser = EventSourceParser()
        parser.feed(line + b"\n\n")
        assert parser.retry_ms == retry_ms
