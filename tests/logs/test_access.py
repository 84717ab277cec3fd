"""Each request has one id, in its answer, in what its error says, and in every line of the log."""

import json
import logging

import pytest

from streams.logs.access import Recorded
from tests.harness.asgi import Exchange, django_application, request

pytestmark = [pytest.mark.urls("tests.logs.urls"), pytest.mark.django_db(transaction=True)]
HTML = {"Accept": "text/html,*/*;q=0.8"}
GIVEN = {"X-Request-ID": "edge-0123456789"}


@pytest.fixture(autouse=True)
def access_log(written):
    """With the lines that are too many for production."""
    logger = logging.getLogger("streams.access")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(level)


def ask(method, path, **rest):
    return request(method, path, app=Recorded(django_application()), **rest)


@pytest.mark.parametrize("path", ["/broken", "/broken-in-a-thread"])
async def test_a_view_that_fails_is_json_for_programs_with_its_traceback_in_the_log(written, path):
    status, headers, body = await ask("GET", path)
    error = json.loads(body)["error"]
    assert (status, error["code"], error["retryable"]) == (500, "error", False)
    assert error["request_id"] == headers["x-request-id"]
    (line,) = written.of("django.request")
    assert line["request_id"] == headers["x-request-id"]
    assert "LookupError: no such word" in line["exception"]
    assert "no such word" not in body.decode()


async def test_and_a_page_for_people(written):
    status, headers, body = await ask("GET", "/broken", headers=HTML)
    assert (status, headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert f"<code>{headers['x-request-id']}</code>" in body.decode()
    assert written.of("django.request")[0]["request_id"] == headers["x-request-id"]


async def test_pages_of_errors_name_the_request():
    _, headers, body = await ask("GET", "/nowhere", headers=HTML)
    assert f"<code>{headers['x-request-id']}</code>" in body.decode()


async def test_all_lines_of_a_request_have_its_id_those_of_the_database_too(written, hub):
    _, headers, body = await ask("GET", "/refused", query={"token": "st_abcdefghijkl", "topic": "orders"})
    assert json.loads(body)["error"]["request_id"] == headers["x-request-id"]
    lines = written.of("tests.views") + written.of("streams.access")
    assert len(lines) == 2
    assert {line["request_id"] for line in lines} == {headers["x-request-id"]}
    line = lines[1]
    assert (line["method"], line["path"], line["status"], line["end"]) == ("GET", "/refused", 503, "complete")
    assert line["query"] == "token=[redacted]&topic=orders"
    assert (line["client"], line["bytes_out"]) == ("127.0.0.1", len(body))
    assert line["duration_ms"] >= 0


async def test_each_request_has_another_id():
    ids = {(await ask("GET", "/ok"))[1]["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


async def test_the_word_of_a_client_counts_only_behind_a_proxy(settings):
    assert (await ask("GET", "/ok", headers=GIVEN))[1]["x-request-id"] != GIVEN["X-Request-ID"]
    settings.BEHIND_PROXY = True
    assert (await ask("GET", "/ok", headers=GIVEN))[1]["x-request-id"] == GIVEN["X-Request-ID"]
    assert (await ask("GET", "/ok", headers={"X-Request-ID": "a\tb<script>"}))[1]["x-request-id"] != "a\tb<script>"


async def test_a_stream_has_a_line_when_it_opens_and_one_when_its_client_leaves(written, hub):
    from streams.publishing import apublish

    await apublish("orders", 1)
    async with Exchange("GET", "/events/nowhere", app=Recorded(django_application())) as answer:
        assert answer.status == 401  # nobody asks: no stream
    written.lines.clear()
    async with Exchange("GET", "/diagnostics/sse", app=Recorded(django_application())) as answer:
        await answer.chunk()
        (opened,) = written.of("streams.access")
        assert (opened["status"], opened["end"]) == (200, None)
        assert "duration_ms" not in opened
    _, left = written.of("streams.access")
    assert (left["end"], left["request_id"]) == ("left", opened["request_id"])
    assert left["bytes_out"] > 0


async def test_a_stream_that_breaks_is_cut_and_named(written):
    with pytest.raises(LookupError) as broken:
        async with Exchange("GET", "/half", app=Recorded(django_application())) as answer:
            assert await answer.chunk() == b"half"
            await answer.chunk()
    logging.getLogger("project.server").error("exception in the application", exc_info=broken.value)
    assert written.of("streams.access")[-1]["end"] == "failed"
    assert written.of("project.server")[0]["request_id"] == answer.headers["x-request-id"]


async def test_what_fails_before_django_is_answered_alike(written):
    async def broken(scope, receive, send):
        raise LookupError("no such word")

    status, headers, body = await request("GET", "/x", app=Recorded(broken))
    assert (status, json.loads(body)["error"]["request_id"]) == (500, headers["x-request-id"])
    assert written.of("streams.logs.access")[0]["request_id"] == headers["x-request-id"]
    assert (written.of("streams.access")[0]["status"], written.of("streams.access")[0]["end"]) == (500, "failed")


async def test_what_is_asked_all_the_time_is_of_level_debug(written):
    await ask("GET", "/static/x.css")
    await ask("GET", "/ok")
    assert [line["level"] for line in written.of("streams.access")] == ["DEBUG", "INFO"]
