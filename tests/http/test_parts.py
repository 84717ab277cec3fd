"""Which part of a thing a request asks for: the table of RFC 9110, without a server."""

import pytest
from django.utils.http import http_date

from streams.http.parts import Part, Validators, asked_part

SIZE = 1_000
THEN = 1_790_000_000
VALIDATORS = Validators('"abc"', THEN)
WHOLE = (200, 0, 1_000)
RANGES = {
    "bytes=0-0": (206, 0, 1),
    "bytes=0-99": (206, 0, 100),
    "bytes=999-999": (206, 999, 1_000),
    "bytes=990-": (206, 990, 1_000),
    "bytes=-10": (206, 990, 1_000),
    "bytes=0-5000": (206, 0, 1_000),
    "bytes=-5000": (206, 0, 1_000),
    "BYTES=0-0": (206, 0, 1),
    "bytes= 0-0 ": (206, 0, 1),
    "bytes=0-" + "9" * 400: (206, 0, 1_000),
    "bytes=1000-": (416, 0, 0),
    "bytes=1000-2000": (416, 0, 0),
    "bytes=-0": (416, 0, 0),
    "bytes=99999999999999999999-": (416, 0, 0),
    "bytes=5-4": WHOLE,
    "bytes=abc": WHOLE,
    "bytes=-": WHOLE,
    "bytes=1-2-3": WHOLE,
    "bytes=+0-4": WHOLE,
    "bytes=0_0-4": WHOLE,
    "bytes=\u0660-\u0664": WHOLE,
    "bytes=": WHOLE,
    "bytes": WHOLE,
    "": WHOLE,
    "items=0-4": WHOLE,
    "bytes=0-4,10-14": WHOLE,
    "bytes=0-4,5000-6000": WHOLE,
    "bytes=0-9,5-14": WHOLE,
    "bytes=" + ",".join(f"{n}-{n}" for n in range(200)): WHOLE,
}


def part(method="GET", size=SIZE, **headers):
    found = asked_part(method, {name.replace("_", "-"): value for name, value in headers.items()}, VALIDATORS, size)
    return found.status, found.start, found.end


@pytest.mark.parametrize("header", RANGES)
def test_a_range(header):
    assert part(Range=header) == RANGES[header]


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST"])
def test_a_range_counts_for_get_alone(method):
    assert part(method, Range="bytes=0-0") == WHOLE


def test_of_nothing_there_is_no_part():
    assert part(size=0, Range="bytes=0-") == (200, 0, 0)


@pytest.mark.parametrize("condition", ['"abc"', http_date(THEN)])
def test_a_range_of_the_same_content(condition):
    assert part(Range="bytes=0-4", If_Range=condition) == (206, 0, 5)


@pytest.mark.parametrize("condition", ['"abd"', 'W/"abc"', http_date(THEN - 1), http_date(THEN + 1), "nonsense", ""])
def test_a_range_of_another_content_is_the_whole(condition):
    assert part(Range="bytes=0-4", If_Range=condition) == WHOLE


NOT_MODIFIED, FAILED, SOME = (304, 0, 0), (412, 0, 0), (206, 0, 5)
OLD, NEW, SAME = http_date(THEN - 60), http_date(THEN + 60), http_date(THEN)
CONDITIONS = [
    ({"If_None_Match": '"abc"'}, NOT_MODIFIED),
    ({"If_None_Match": 'W/"abc"'}, NOT_MODIFIED),
    ({"If_None_Match": '"x", "abc"'}, NOT_MODIFIED),
    ({"If_None_Match": "*"}, NOT_MODIFIED),
    ({"If_None_Match": '"x"'}, SOME),
    ({"If_None_Match": '"x"', "If_Modified_Since": NEW}, SOME),
    ({"If_Modified_Since": SAME}, NOT_MODIFIED),
    ({"If_Modified_Since": NEW}, NOT_MODIFIED),
    ({"If_Modified_Since": OLD}, SOME),
    ({"If_Modified_Since": "yesterday"}, SOME),
    ({"If_Match": '"abc"'}, SOME),
    ({"If_Match": "*"}, SOME),
    ({"If_Match": '"x"'}, FAILED),
    ({"If_Match": 'W/"abc"'}, FAILED),
    ({"If_Match": '"abc"', "If_Unmodified_Since": OLD}, SOME),
    ({"If_Match": '"x"', "If_None_Match": '"abc"'}, FAILED),
    ({"If_Unmodified_Since": OLD}, FAILED),
    ({"If_Unmodified_Since": SAME}, SOME),
    ({"If_Unmodified_Since": "yesterday"}, SOME),
    ({"If_Unmodified_Since": OLD, "If_None_Match": '"abc"'}, FAILED),
]


@pytest.mark.parametrize(("headers", "answer"), CONDITIONS)
def test_conditions_come_before_the_range_and_in_order(headers, answer):
    assert part(Range="bytes=0-4", **headers) == answer


def test_what_a_change_is_asked_on_condition_of():
    assert part("DELETE", If_None_Match="*") == FAILED
    assert part("DELETE", If_Modified_Since=NEW) == WHOLE


def test_the_headers_tell_the_part():
    assert Part(206, 5, 10, 100).as_headers() == {"Content-Range": "bytes 5-9/100", "Content-Length": "5"}
    assert Part(416, 0, 0, 100).as_headers() == {"Content-Range": "bytes */100"}
    assert Part(200, 0, 100, 100).as_headers() == {"Content-Length": "100"}
    assert Part(304, 0, 0, 100).as_headers() == {}
    assert VALIDATORS.as_headers() == {"ETag": '"abc"', "Last-Modified": http_date(THEN)}


def test_in_its_first_second_no_date_tells_a_content_from_the_next():
    young = Validators('"abc"', None)
    assert young.as_headers() == {"ETag": '"abc"'}
    for headers in ({"If-Range": SAME}, {"If-Range": "nonsense"}):
        assert asked_part("GET", headers | {"Range": "bytes=0-4"}, young, SIZE).status == 200
    for headers in ({"If-Modified-Since": NEW}, {"If-Unmodified-Since": OLD}):
        assert asked_part("GET", headers, young, SIZE).status == 200
