"""JSON as RFC 8259 has it: what Python forgives is refused."""

import pytest

from streams.errors import InvalidJSON
from streams.wire.jsontext import decode_json, encode_json


def decode(text, max_depth=100):
    return decode_json(text, max_depth=max_depth)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a": NaN}', "[1, Infinity]"])
def test_constants_of_javascript_are_no_json(text):
    with pytest.raises(InvalidJSON, match="no JSON number"):
        decode(text)


@pytest.mark.parametrize("text", ["1e999", "-1e999", '{"a": [1E+400]}'])
def test_a_number_out_of_range_is_refused(text):
    with pytest.raises(InvalidJSON, match="out of range"):
        decode(text)


@pytest.mark.parametrize("text", [r'"\ud800"', r'["\uDFFF"]', r'{"\ud83d": 1}', r'"\ude00\ud83d"'])
def test_a_lone_surrogate_is_refused(text):
    with pytest.raises(InvalidJSON, match="surrogate"):
        decode(text)


def test_a_lone_surrogate_that_is_there_itself_is_refused():
    with pytest.raises(InvalidJSON):
        decode('"\ud800"')


def test_a_pair_of_surrogates_is_one_character():
    assert decode(r'"\ud83d\ude00"') == "\U0001f600"


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_a_hundred_thousand_levels_are_refused_without_a_crash(opening):
    with pytest.raises(InvalidJSON, match="limit"):
        decode(opening * 100_000)


def test_nesting_is_allowed_up_to_the_limit():
    assert decode("[" * 100 + "]" * 100)
    with pytest.raises(InvalidJSON, match=r"nests 101 deep \(limit 100\)"):
        decode("[" * 101 + "]" * 101)
    with pytest.raises(InvalidJSON, match=r"nests 3 deep \(limit 2\)"):
        decode('{"a": [{}]}', max_depth=2)


def test_many_brackets_side_by_side_or_in_a_string_are_not_deep():
    assert len(decode("[" + "[]," * 500 + "[]]", max_depth=2)) == 501
    assert decode('["' + "[{" * 500 + '"]', max_depth=1)


def test_an_integer_beyond_pythons_limit_is_refused():
    with pytest.raises(InvalidJSON):
        decode("1" * 5_000)
    assert decode("1" * 400) == int("1" * 400)


@pytest.mark.parametrize("text", [b'"\xff"', b'"\xed\xa0\x80"', b"\xc0\xaf", b'{"a": "\xe2\x28\xa1"}'])
def test_bad_utf8_is_refused_with_its_place(text):
    with pytest.raises(InvalidJSON, match=r"not UTF-8 \(byte \d+\)"):
        decode(text)


def test_of_duplicate_names_the_last_one_wins():
    assert decode('{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("text", ["", " ", "{", "[1,]", "{'a': 1}", "01", "nul", '"\n"', b"\xef\xbb\xbf1", "1 2"])
def test_what_is_not_json_is_refused_with_its_place(text):
    with pytest.raises(InvalidJSON, match=r"not JSON: .+ \(line \d+, column \d+\)"):
        decode(text)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {"a": [float("-inf")]}, "\ud800", {"\udfff": 1}, object(), b"", {1}]
)
def test_what_json_cannot_say_is_not_encoded(value):
    with pytest.raises(InvalidJSON):
        encode_json(value)


def test_a_circle_is_not_encoded():
    circle: list[object] = []
    circle.append(circle)
    with pytest.raises(InvalidJSON):
        encode_json(circle)


def test_a_value_deeper_than_python_can_walk_is_not_encoded():
    value: object = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(InvalidJSON, match="too deeply"):
        encode_json(value)
    while isinstance(value, list):  # taken apart by hand: freeing it whole recurses too
        value = value.pop()


def test_the_text_is_one_line_and_comes_back_unchanged():
    value = {"text": "a\nb\r\nc\u2028\u2029\x85\x00\x1f\x7f\U0001f600", "list": [1, -0.5, True, None, {}]}
    text = encode_json(value)
    assert "\n" not in text
    assert "\r" not in text
    assert "\u2028" in text, "left as it is: only CR and LF end a line"
    assert decode(text) == value
