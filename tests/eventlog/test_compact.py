"""Compaction: what a later event holds leaves the log, and readers lose nothing by it."""

import json
import random
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from streams.eventlog import append, read_bounds, read_head, read_page, reset, trim
from streams.eventlog.browse import Wanted, browse, seq_at
from streams.eventlog.compact import DELETED_AT_ONCE, compact, find_pieces
from streams.models import Event, Topic
from streams.wire.event import NewEvent
from tests.harness.threads import LIMIT_S, Threads

pytestmark = pytest.mark.django_db(transaction=True)


def piece(run, number):
    return NewEvent(json.dumps({"run": run, "piece": number}), "piece")


def a_run(run, pieces, *between):
    """Some pieces, other events among them, and the end; the rows of the pieces, and the end's."""
    events = [piece(run, number) for number in range(pieces)]
    for event in between:
        events.insert(len(events) // 2, event)
    done = append("orders", [*events, NewEvent(json.dumps({"run": run, "whole": None}), "end")])
    return done.new[0].seq, Event.objects.get(topic__name="orders", seq=done.head)


def compacted(run, after, end):
    rows = find_pieces(
        end.topic_id, after=after - 1, before=end.seq, types=["piece"], belongs=lambda data: data["run"] == run
    )
    return compact(end, json.dumps({"run": run, "whole": "all"}), rows)


def kept():
    return list(Event.objects.filter(topic__name="orders").order_by("seq").values_list("seq", flat=True))


def page_after(after, *, max_events=1_000, max_bytes=10**9):
    return read_page("orders", read_head("orders").topic_id, after, max_events=max_events, max_bytes=max_bytes)


def seqs(page):
    return [event.seq for event in page.events]


def test_pieces_leave_the_log_and_the_end_holds_the_whole():
    append("orders", [NewEvent("1")] * 2)
    first, end = a_run("a", 6, NewEvent('"between"'), piece("another", 0))
    append("orders", [NewEvent("2")])
    assert compacted("a", first, end)
    assert kept() == [1, 2, 6, 7, 11, 12]
    assert [event.data for event in page_after(2).events] == [
        '{"run": "another", "piece": 0}',
        '"between"',
        '{"run": "a", "whole": "all"}',
        "2",
    ]
    assert read_head("orders").seq == 12
    assert append("orders", [NewEvent("3")]).head == 13


def test_many_pieces_are_deleted_in_statements_of_bounded_size():
    first, end = a_run("a", 2 * DELETED_AT_ONCE + 1)
    with CaptureQueriesContext(connection) as queries:
        assert compacted("a", first, end)
    assert sum(query["sql"].startswith("DELETE") for query in queries.captured_queries) == 3
    assert kept() == [end.seq]


@pytest.mark.parametrize("then", ["again", "trimmed", "reset"])
def test_what_was_done_trimmed_or_begun_anew_is_let_be(then):
    first, end = a_run("a", 3)
    if then == "again":
        assert compacted("a", first, end)
    elif then == "trimmed":
        trim(Topic.objects.get(), keep=0)
    else:
        reset("orders")
        append("orders", [NewEvent("1")] * 9)
    before = list(Event.objects.order_by("seq").values_list("seq", "data"))
    assert not compacted("a", first, end)
    assert list(Event.objects.order_by("seq").values_list("seq", "data")) == before


def test_a_hole_is_no_loss_and_what_is_trimmed_before_it_is():
    append("orders", [NewEvent("1")] * 2)  # 1, 2
    first, end = a_run("a", 5)  # 3 to 7, and 8
    append("orders", [NewEvent("1")] * 2)  # 9, 10
    compacted("a", first, end)
    for after in range(2, 8):
        page = page_after(after)
        assert (seqs(page), page.lost) == ([8, 9, 10], 0)
        assert (seqs(page_after(after, max_bytes=1)), page_after(after, max_bytes=1).lost) == ([8], 0)
    topic = Topic.objects.get()
    trim(topic, keep=8)  # from 3 on: the oldest that is kept is 8
    assert (seqs(page_after(1)), page_after(1).lost) == ([8, 9, 10], 6)
    trim(topic, keep=1)
    assert [page_after(after).lost for after in (2, 8, 9)] == [7, 1, 0]
    trim(topic, keep=0)
    assert (seqs(page_after(7)), page_after(7).lost) == ([], 3)


def test_the_last_events_are_counted_and_not_their_numbers():
    append("orders", [NewEvent("1")] * 2)
    first, end = a_run("a", 5)
    compacted("a", first, end)
    append("orders", [NewEvent("1")])
    assert kept() == [1, 2, 8, 9]
    assert [read_bounds("orders", last)[1] for last in (None, 0, 1, 2, 3, 4, 5)] == [1, 10, 9, 8, 2, 1, 1]


def test_trimming_goes_over_holes(streams_settings):
    streams_settings(trim_batch=2)
    topic = Topic.objects.create(name="orders", retain_events=3)
    first, end = a_run("a", 30)
    compacted("a", first, end)
    append("orders", [NewEvent("1")] * 3)
    assert trim(topic) == 1
    assert kept() == [32, 33, 34]


def test_a_moment_is_found_and_pages_go_on_beyond_holes():
    append("orders", [NewEvent("1")])
    first, end = a_run("a", 40)
    append("orders", [NewEvent("1")] * 2)
    compacted("a", first, end)
    topic = Topic.objects.get()
    for event in Event.objects.all():
        assert seq_at(topic, event.created_at) <= event.seq
    last = Event.objects.get(seq=44)
    Event.objects.filter(seq__lt=44).update(created_at=last.created_at.replace(year=2020))
    assert seq_at(topic, last.created_at) == 44
    page = browse(Wanted(topic, text="all"), before=None, size=10)
    assert [event.seq for event in page.events] == [42]
    assert page.whole


def test_nothing_but_pieces_is_ever_missed_while_all_race():
    """Appending, compacting and reading at once: every other event once and in order, and no gap is told."""
    append("orders", [NewEvent("1", "other")])
    done = threading.Event()

    def write(run):
        chance = random.Random(run)
        for number in range(12):
            other = NewEvent(f'"{run}.{number}"', "other")
            first, end = a_run(f"{run}.{number}", chance.randint(1, 9), other)
            compacted(f"{run}.{number}", first, end)

    def tail():
        at, others = 0, []
        while not (done.is_set() and at >= read_head("orders").seq):
            page = page_after(at, max_events=random.randint(1, 12))
            assert page.lost == 0
            numbers = [at, *seqs(page)]
            assert numbers == sorted(set(numbers))
            others += [event.data for event in page.events if event.type in ("other", "end")]
            at = numbers[-1]
        return [json.loads(one)["run"] if one.startswith("{") else one for one in others]

    with Threads() as threads:
        readers = [threads.start(tail) for _ in range(2)]
        for writer in [threads.start(write, run) for run in ("x", "y")]:
            writer.result(LIMIT_S)
        done.set()
        heard = [reader.result(LIMIT_S) for reader in readers]
    rows = Event.objects.exclude(type="piece").order_by("seq").values_list("data", flat=True)
    expected = [json.loads(one)["run"] if one.startswith("{") else one for one in rows]
    assert len(expected) == 1 + 2 * 24
    assert heard == [expected, expected]
