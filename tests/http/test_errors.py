"""Errors as HTTP answers."""

import json

import pytest

from streams import errors
from streams.errors import StreamsError
from tests.harness.asgi import request

pytestmark = pytest.mark.urls("tests.http.urls")


@pytest.mark.parametrize(
    ("kind", "status", "code", "retryable", "headers"),
    [
        ("not-signed-in", 401, "unauthorized", False, {"www-authenticate": 'Bearer realm="streams"'}),
        ("forbidden", 403, "forbidden", False, {}),
        ("missing", 404, "no_such_topic", False, {}),
        ("method", 405, "method_not_allowed", False, {"allow": "GET, HEAD"}),
        ("limit", 429, "limit", True, {"retry-after": "8"}),
        ("limit-soon", 429, "limit", True, {"retry-after": "1"}),
        ("unavailable", 503, "unavailable", True, {"retry-after": "1"}),
        ("closed", 503, "stream_closed", True, {"retry-after": "1"}),
        ("invalid", 400, "invalid_event", False, {}),
        ("large", 413, "too_large", False, {}),
    ],
)
async def test_each_error_has_its_status_its_code_and_its_headers(kind, status, code, retryable, headers):
    answered, had, body = await request("GET", f"/fail/{kind}")
    error = json.loads(body)["error"]
    assert (answered, error["code"], error["retryable"]) == (status, code, retryable)
    assert error["message"]
    assert had["content-type"] == "application/json"
    assert had["cache-control"] == "no-store"
    for name in ("www-authenticate", "allow", "retry-after"):
        assert had.get(name) == headers.get(name)


def tree(cls=StreamsError):
    return [cls, *(one for child in cls.__subclasses__() for one in tree(child))]


def test_the_table_at_the_head_of_the_module_tells_the_truth():
    rows = {line.split("--")[-1].split()[0]: line.split() for line in errors.__doc__.splitlines() if "-- " in line}
    for cls in tree()[1:]:
        row = rows.pop(cls.__name__)
        assert str(cls.status) in row, cls
        assert cls.code in row or cls.__name__ == "StreamClosed", cls
        assert str(cls.close_code) in row or cls.__name__ == "StreamClosed", cls
        assert ("retryable" in row) == cls.retryable or cls.__name__ == "StreamClosed", cls
    assert not rows, "and names no class that is not there"


async def test_a_path_that_is_not_there_is_json_for_programs():
    status, headers, body = await request("GET", "/nowhere")
    assert (status, headers["content-type"]) == (404, "application/json")
    assert json.loads(body)["error"]["code"] == "not_found"
    assert "/nowhere" in json.loads(body)["error"]["message"]


async def test_and_a_page_for_people():
    status, headers, body = await request("GET", "/nowhere", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"<html" in body


async def test_pages_and_answers_carry_a_content_security_policy():
    for path in ("/ok", "/nowhere"):
        _, headers, _ = await request("GET", path)
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
