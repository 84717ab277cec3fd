"""Retention: by count and age, in bounded batches."""

import importlib
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streams.eventlog import append, read_bounds, read_head, reset, trim, trim_some
from streams.models import Event, Topic
from streams.wire.event import NewEvent
from tests.harness.threads import LIMIT_S, Threads

pytestmark = pytest.mark.django_db(transaction=True)


def a_topic(count, name="orders", *, old=0, **fields):
    """A topic of ``count`` events, the oldest ``old`` of them two hours old."""
    Topic.objects.create(name=name, **fields)
    append(name, [NewEvent("1")] * count)
    topic = Topic.objects.get(name=name)
    topic.events.filter(seq__lte=old).update(created_at=timezone.now() - timedelta(hours=2))
    return topic


def kept(name="orders"):
    return list(Event.objects.filter(topic__name=name).order_by("seq").values_list("seq", flat=True))


def deletions(queries):
    return [query for query in queries.captured_queries if query["sql"].startswith("DELETE")]


def test_trims_by_count():
    assert trim(a_topic(10, retain_events=3)) == 7
    assert kept() == [8, 9, 10]


def test_trims_by_age():
    assert trim(a_topic(10, old=4, retain_s=3_600)) == 4
    assert kept() == [5, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(("old", "retain_events", "first"), [(7, 5, 8), (2, 5, 6)])
def test_whichever_keeps_less_decides(old, retain_events, first):
    trim(a_topic(10, old=old, retain_events=retain_events, retain_s=3_600))
    assert kept() == list(range(first, 11))


def test_a_topic_that_says_nothing_has_the_default(streams_settings):
    streams_settings(retain_events=4)
    trim(a_topic(10))
    assert kept() == [7, 8, 9, 10]


def test_a_topic_that_keeps_nothing_is_emptied_and_counts_on():
    trim(a_topic(10, retain_events=0))
    assert kept() == []
    append("orders", [NewEvent("1")])
    assert kept() == [11]


def test_an_old_event_behind_a_young_one_stays_so_that_numbers_stay_dense():
    """Clocks jump: the age of events need not fall with their number."""
    topic = a_topic(10, retain_s=3_600)
    topic.events.filter(seq__in=[1, 2, 5]).update(created_at=timezone.now() - timedelta(hours=2))
    trim(topic)
    assert kept() == list(range(3, 11))


def test_trims_in_bounded_batches(streams_settings):
    streams_settings(trim_batch=10)
    topic = a_topic(45, retain_events=3)
    with CaptureQueriesContext(connection) as queries:
        assert trim(topic) == 42
    assert len(deletions(queries)) == 5
    assert kept() == [43, 44, 45]


def test_nothing_to_trim_deletes_nothing():
    topic = a_topic(5)
    with CaptureQueriesContext(connection) as queries:
        assert trim(topic) == 0
    assert deletions(queries) == []
    assert trim(Topic.objects.create(name="empty")) == 0


def test_trimming_never_moves_the_head_and_numbers_go_on():
    topic = a_topic(10, retain_events=2)
    trim(topic)
    assert read_head("orders").seq == 10
    assert read_bounds("orders") == (read_head("orders"), 9)
    assert append("orders", [NewEvent("1")]).head == 11


def test_every_topic_is_trimmed():
    a_topic(5, "a", retain_events=1)
    a_topic(5, "b", retain_events=2)
    assert trim_some(0, seconds=60) == (4 + 3, None)
    assert (kept("a"), kept("b")) == ([5], [4, 5])


def test_however_much_there_is_nobody_is_kept_waiting_for_all_of_it(streams_settings):
    streams_settings(trim_batch=2)
    for name in ("a", "b", "c"):
        a_topic(7, name, retain_events=1)
    turns, after = [], 0
    while after is not None:
        deleted, after = trim_some(after, seconds=0)
        turns.append(deleted)
    assert sum(turns) == 18
    assert max(turns) == 2
    assert [kept(name) for name in ("a", "b", "c")] == [[7]] * 3


def test_many_topics_are_gone_through_in_their_turns(monkeypatch):
    monkeypatch.setattr(importlib.import_module("streams.eventlog.trim"), "TOPICS_AT_ONCE", 2)
    topics = [a_topic(3, name, retain_events=1) for name in ("a", "b", "c")]
    assert trim_some(0, seconds=60) == (4, topics[1].pk)
    assert trim_some(topics[1].pk, seconds=60) == (2, None)


def test_a_log_that_is_reset_while_it_is_trimmed_keeps_its_new_events():
    """A batch that had read the old head took the new life's events for expired ones."""
    topic = a_topic(1, retain_events=5)
    Topic.objects.filter(pk=topic.pk).update(head=1_000)
    Event.objects.filter(topic=topic).update(seq=1_000)

    def reset_and_append():
        with transaction.atomic():
            reset("orders")
            append("orders", [NewEvent("1")] * 3)

    with Threads() as threads:
        resetting = []

        def after_the_head_is_read(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            if "head" in sql and not resetting:
                resetting.append(threads.start(reset_and_append))
                with suppress(NotYet):  # it has to wait for the batch
                    resetting[0].result(0.5)
            return result

        with connection.execute_wrapper(after_the_head_is_read):
            trim(topic)
        resetting[0].result(LIMIT_S)
    assert kept() == [1, 2, 3]
