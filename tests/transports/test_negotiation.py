"""Which technique an Accept header asks for."""

import pytest
from django.test import RequestFactory

from streams.errors import NotAcceptable
from streams.transports.negotiation import Technique, negotiate


def ask(accept):
    return negotiate(RequestFactory().get("/events/orders", headers={} if accept is None else {"Accept": accept}))


@pytest.mark.parametrize(
    ("accept", "technique"),
    [
        (None, Technique.SSE),
        ("", Technique.SSE),
        ("*/*", Technique.SSE),
        ("text/*", Technique.SSE),
        ("TEXT/Event-Stream", Technique.SSE),
        ("text/event-stream; charset=utf-8", Technique.SSE),
        ("text/html", Technique.PAGE),
        ("text/html, text/event-stream", Technique.PAGE),
        ("text/event-stream, text/html", Technique.SSE),
        ("text/html;q=0.5, text/event-stream", Technique.SSE),
        ("text/event-stream;q=0.2, text/html;q=0.3", Technique.PAGE),
        ("image/png, text/html;q=0.1", Technique.PAGE),
        ("text/html;q=0, text/event-stream;q=0.1", Technique.SSE),
        ("text/html;q=junk, text/event-stream;q=0.1", Technique.SSE),
        (",;,text/event-stream", Technique.SSE),
        ("application/json", Technique.LONG_POLL),
        ("application/x-ndjson", Technique.NDJSON),
        ("application/json, text/plain, */*", Technique.LONG_POLL),
        ("application/*", Technique.NDJSON),
        ("application/*, application/x-ndjson;q=0.1", Technique.LONG_POLL),
        ("text/event-stream;q=0, */*", Technique.NDJSON),
        ("*/*;q=0.1, application/json;q=0.2", Technique.LONG_POLL),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Technique.PAGE),
    ],
)
def test_the_highest_quality_wins_and_the_first_among_equals(accept, technique):
    assert ask(accept) is technique


@pytest.mark.parametrize(
    "accept", ["image/png", "text/event-stream;q=0", ";", "text/html;q=nan", "*/*;q=0", "*", "x" * 5_000]
)
def test_nothing_that_fits_is_told_shortly(accept):
    with pytest.raises(NotAcceptable) as refused:
        ask(accept)
    assert len(str(refused.value)) < 400
