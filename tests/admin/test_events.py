"""The log in the admin: keyset pages, searches that say how far they looked, one event in full."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streams.admin import events
from streams.eventlog import append, browse, reset
from streams.models import Event, Topic
from streams.wire.event import NewEvent

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/streams/event/"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(events, "SHOWN", 10)


def shown(response):
    return [int(row["seq"]) for row in response.context["rows"]]


def test_pages_lead_back_to_the_first_event_without_counting_or_skipping(root, orders):
    query, seen = "?topic=orders", []
    with CaptureQueriesContext(connection) as queries:
        while query:
            response = root.get(LIST + query)
            seen += shown(response)
            query = response.context["older"]
    assert seen == list(range(30, 0, -1))
    ours = [one["sql"] for one in queries if "streams_event" in one["sql"]]
    assert ours and not [sql for sql in ours if "OFFSET" in sql or "COUNT(" in sql]


def test_without_a_topic_all_are_read_the_newest_first(root, orders):
    append("news", [NewEvent('"x"')])
    response = root.get(LIST)
    assert [(row["topic"], row["seq"]) for row in response.context["rows"]][:2] == [("news", "1"), ("orders", "30")]
    assert len(shown(root.get(LIST + response.context["older"]))) == 10


def test_a_type_and_a_text_are_found(root, orders):
    assert shown(root.get(LIST, {"topic": "orders", "type": "even"})) == list(range(30, 10, -2))
    assert shown(root.get(LIST, {"topic": "orders", "text": '"NUMBER":17'})) == [17]
    assert shown(root.get(LIST, {"text": '"number":17'})) == [17]
    assert (
        "Looked at numbers 30 down to 1, to the end"
        in root.get(LIST, {"topic": "orders", "text": "%"}).content.decode()
    )


@pytest.mark.parametrize("topic", ["orders", ""])
def test_a_scan_that_comes_to_its_bound_says_so_and_goes_on(root, orders, monkeypatch, topic):
    monkeypatch.setattr(browse, "SLICE", 4)
    monkeypatch.setattr(browse, "SCAN_ROWS", 8)
    monkeypatch.setattr(browse, "SCAN_S", 60)
    query, pages, seen = f"?topic={topic}&text=%22number%22:3%7D", 0, []
    while query:
        response = root.get(LIST + query)
        seen += shown(response)
        if response.context["scanned_on"]:
            assert "there may be more further back" in response.content.decode()
            assert "Look further back" in response.content.decode()
        query, pages = response.context["older"], pages + 1
    assert seen == [3] and pages == 4


def test_a_time_is_found_by_bisection(root, orders):
    now = timezone.now()
    for event in Event.objects.filter(topic=orders):
        Event.objects.filter(pk=event.pk).update(created_at=now - timedelta(minutes=30 - event.seq))
    at = lambda minutes: f"{now - timedelta(minutes=minutes, seconds=30):%Y-%m-%dT%H:%M:%S}"  # noqa: E731
    with CaptureQueriesContext(connection) as queries:
        assert shown(root.get(LIST, {"topic": "orders", "since": at(10), "until": at(5)})) == [24, 23, 22, 21, 20]
    assert len([one for one in queries if "streams_event" in one["sql"]]) <= 16


def test_an_id_or_a_number_leads_to_the_event(root, orders):
    for at in (f"{orders.epoch}-17", "17"):
        page = root.get(LIST, {"topic": "orders", "at": at}, follow=True).content.decode()
        assert "&quot;number&quot;: 17" in page and f"{orders.epoch}-17" in page
    assert "That epoch is over" in root.get(LIST, {"topic": "orders", "at": "old-17"}).content.decode()
    assert "An id is epoch-number" in root.get(LIST, {"topic": "orders", "at": "x"}).content.decode()
    assert "Name the topic" in root.get(LIST, {"at": "17"}).content.decode()
    assert "There is no topic nope." in root.get(LIST, {"topic": "nope"}).content.decode()


def test_what_is_not_kept_is_said(root, orders):
    Event.objects.filter(topic=orders, seq__lt=5).delete()
    for seq, told in [(2, "the oldest kept is 5"), (99, "its head is 30"), (10**18, "its head is 30")]:
        response = root.get(f"{LIST}at/{orders.pk}/{seq}/")
        assert response.status_code == 404 and told in response.content.decode()
    reset("orders")
    assert shown(root.get(LIST, {"topic": "orders"})) == []


def test_data_is_shown_as_text(root, orders):
    append("orders", [NewEvent('"<script>alert(1)</script>"')])
    for path in (f"{LIST}?topic=orders", f"{LIST}at/{orders.pk}/31/"):
        page = root.get(path).content.decode()
        assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_reading_needs_the_permission(staff_with, orders):
    client = staff_with("streams.view_topic", "streams.add_event")
    for path in (LIST, f"{LIST}at/{orders.pk}/1/", f"{LIST}1/change/"):
        assert client.get(path).status_code == 403, path


def test_the_rate_is_reckoned_from_the_age_of_a_few_events(orders):
    now = timezone.now()
    for event in Event.objects.filter(topic=orders):
        Event.objects.filter(pk=event.pk).update(created_at=now - timedelta(seconds=10 * (30 - event.seq)))
    assert browse.rate_per_s(orders.pk, 30, now) == pytest.approx(0.1, abs=0.03)
    assert browse.rate_per_s(orders.pk, 30, now + timedelta(hours=1)) == 0
    assert browse.rate_per_s(Topic.objects.create(name="empty").pk, 0, now) == 0
