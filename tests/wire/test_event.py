"""Types, keys, sizes, and the envelope."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from streams.errors import InvalidEvent, TooLarge
from streams.wire.event import LogEvent, check_data, check_key, check_type, encode_envelope, event_id, format_time
from streams.wire.jsontext import encode_json

MOMENT = datetime(2026, 11, 23, 4, 43, 0, 123_456, tzinfo=UTC)
FORBIDDEN = ["\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]


def an_event(value, event_type="message", seq=7):
    return LogEvent("orders", "abcd2345", seq, event_type, encode_json(value), MOMENT)


@pytest.mark.parametrize(
    "event_type", ["message", "order_update", "a b", "\U0001f600", "data: x", ":", " leading", "stream", "streams.x"]
)
def test_a_good_type_is_answered_itself(event_type):
    assert check_type(event_type) == event_type


@pytest.mark.parametrize("character", FORBIDDEN)
@pytest.mark.parametrize("check", [check_type, check_key])
def test_a_character_that_ends_a_line_or_controls_is_refused_by_name(check, character):
    with pytest.raises(InvalidEvent, match=f"U\\+{ord(character):04X}"):
        check(f"a{character}b")


@pytest.mark.parametrize("word", ["", 7, [], True, {"a": 1}])
@pytest.mark.parametrize("check", [check_type, check_key])
def test_what_is_no_word_is_refused(check, word):
    with pytest.raises(InvalidEvent, match="must be a string"):
        check(word)


def test_a_type_may_not_be_null_but_a_key_may():
    with pytest.raises(InvalidEvent):
        check_type(None)
    assert check_key(None) is None


@pytest.mark.parametrize(("check", "what"), [(check_type, "event type"), (check_key, "idempotency key")])
def test_a_word_too_long_is_refused_with_limit_and_value(check, what):
    assert check("x" * 128) == "x" * 128
    with pytest.raises(InvalidEvent, match=rf"{what} has 129 characters \(limit 128\)"):
        check("x" * 129)


@pytest.mark.parametrize("event_type", ["stream.", "stream.gap", "stream.anything"])
def test_the_servers_own_types_are_refused(event_type):
    with pytest.raises(InvalidEvent, match=r"stream\."):
        check_type(event_type)


def test_data_is_measured_in_bytes_of_utf8():
    assert check_data('"\u00e9"', max_bytes=4) == '"\u00e9"'
    with pytest.raises(TooLarge, match=r"4 bytes \(limit 3\)"):
        check_data('"\u00e9"', max_bytes=3)


VALUES = [
    "a\nb\r\nc\rd",
    "a\u2028b\u2029c\x85d",
    "\x00\x01\x1f\x7f",
    "\U0001f600\U0010ffff",
    {"id": "x", "data": 'quotes " and \\', "\n": ["\n"]},
    None,
    0,
    [],
    "",
]


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("event_type", ["message", 'quote " and \\', "\U0001f600"])
def test_an_envelope_is_one_line_and_holds_what_was_published(value, event_type):
    line = encode_envelope(an_event(value, event_type))
    assert b"\n" not in line
    assert b"\r" not in line
    assert json.loads(line) == {
        "id": "abcd2345-7",
        "topic": "orders",
        "type": event_type,
        "data": value,
        "time": "2026-11-23T04:43:00.123Z",
    }


def test_an_event_is_encoded_once_for_all_readers():
    event, calls = an_event(1), []

    def encode(one):
        calls.append(one)
        return b"frame"

    assert event.frame("sse", encode) is event.frame("sse", encode)
    assert event.frame("other", encode) == b"frame"
    assert calls == [event, event], "once a technique"


def test_times_are_told_in_utc_to_the_millisecond():
    assert format_time(MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))) == "2026-11-23T04:43:00.123Z"
    assert format_time(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


def test_an_id_has_no_byte_that_costs_a_cross_origin_reader_a_preflight():
    assert event_id("abcd2345", 2**63 - 1) == "abcd2345-9223372036854775807"
    assert an_event(1, seq=3).id == "abcd2345-3"
