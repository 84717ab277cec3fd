"""A line of the log, as an object and as a text."""

import json
import logging
from datetime import datetime

import pytest

from streams.logs import current_request_id, process_name
from streams.logs.context import identified, request_id_of


def test_a_line_is_an_object_with_time_level_logger_message_process_and_request(written):
    with identified() as request_id:
        logging.getLogger("streams.hub").warning("%d of %s", 3, "ü\n", extra={"topic": "orders"})
    (line,) = written.lines
    moment = line.pop("time")
    assert moment.endswith("Z") and datetime.fromisoformat(moment).utcoffset().total_seconds() == 0
    assert line == {
        "level": "WARNING",
        "logger": "streams.hub",
        "message": "3 of ü\n",
        "process": process_name(),
        "request_id": request_id,
        "topic": "orders",
    }
    assert written.texts[0].endswith(f"WARNING streams.hub: 3 of ü\n [{request_id}]")


def test_outside_of_a_request_there_is_no_id(written):
    logging.getLogger("streams").warning("by itself")
    assert current_request_id() == ""
    assert "request_id" not in written.lines[0]
    assert written.texts[0].endswith("streams: by itself")


def test_who_logs_later_what_left_a_request_still_knows_which(written):
    try:
        with identified() as request_id:
            raise LookupError("half-way")
    except LookupError as left:
        error = left
    assert request_id_of(error) == request_id
    logging.getLogger("project.server").error("exception in the application", exc_info=error)
    assert written.lines[0]["request_id"] == request_id
    assert "LookupError: half-way" in written.lines[0]["exception"]


@pytest.mark.parametrize("given", ["4e1243bd22c66e76c2ba9eddc1f91394", "a1b2c3d4", "edge-7.site_1." + "x" * 40])
def test_an_id_that_is_given_is_kept(given):
    with identified(given) as request_id:
        assert request_id == given == current_request_id()


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "with space", "line\nend-of-line", "ümlaut-ümlaut", "-leading-hyphen", '"quoted"8']
)
def test_one_that_makes_no_sense_is_not(given):
    with identified(given) as request_id:
        assert request_id != given
        assert len(request_id) == 32


def test_what_json_has_no_word_for_becomes_text(written):
    logging.getLogger("streams").warning("%s", b"raw", extra={"thing": {1: object, "at": datetime(2026, 1, 1)}})
    json.dumps(written.lines[0])
    assert written.lines[0]["thing"]["at"].startswith("2026-01-01")
