"""What a client sent to say where it stands: anything, from anybody."""

import pytest

from streams.wire.last_event_id import MAX_SEQ, Wish, WishKind, parse_last_event_id


@pytest.mark.parametrize("text", [None, ""])
def test_nothing_means_from_now_on(text):
    assert parse_last_event_id(text) == Wish(WishKind.NOW)


def test_the_ways_to_name_a_place():
    assert parse_last_event_id("earliest") == Wish(WishKind.EARLIEST, "earliest")
    assert parse_last_event_id("-10") == Wish(WishKind.LAST, "-10", number=10)
    assert parse_last_event_id("-0") == Wish(WishKind.LAST, "-0", number=0)
    assert parse_last_event_id("42") == Wish(WishKind.AFTER, "42", number=42)
    assert parse_last_event_id("0") == Wish(WishKind.AFTER, "0", number=0)
    assert parse_last_event_id("abcd2345-42") == Wish(WishKind.AFTER, "abcd2345-42", epoch="abcd2345", number=42)
    assert parse_last_event_id(f"abcd2345-{MAX_SEQ}").number == MAX_SEQ
    assert parse_last_event_id(str(MAX_SEQ)).number == MAX_SEQ


@pytest.mark.parametrize(
    "text",
    [
        "\0",
        "abcd2345-4\0",
        "abcd2345-4\n",
        "42\n",
        "9" * 20,
        f"abcd2345-{'9' * 20}",
        str(MAX_SEQ + 1),
        f"abcd2345-{MAX_SEQ + 1}",
        "-" + "9" * 10,
        "--1",
        "abcd2345--4",
        "abcd2345-",
        "-",
        "+4",
        " 4",
        "4 ",
        "0x4",
        "1_0",
        "4.0",
        "\u0664",
        "ABCD2345-4",
        "a" * 17 + "-4",
        "abcd2345-4,efgh2345-5",
        "1,2",
        "Earliest",
        "earliest ",
        "'; DROP TABLE event; --",
        "\U0001f600",
        "x" * 2_048,
    ],
)
def test_what_is_not_understood_is_malformed_and_never_an_error(text):
    assert parse_last_event_id(text) == Wish(WishKind.MALFORMED, text[:128])


def test_what_is_told_back_is_cut():
    assert len(parse_last_event_id("x" * 2_048).text) == 128
