"""Reading: keyset pages that tell what was trimmed and never a gap that is none."""

import importlib
import random
import threading

import pytest

from streams.errors import NoSuchTopic
from streams.eventlog import append, read_bounds, read_head, read_heads, read_page, reset, trim
from streams.models import Event, Topic
from streams.wire.event import NewEvent
from tests.harness.threads import LIMIT_S, Threads

pytestmark = pytest.mark.django_db(transaction=True)
read = importlib.import_module("streams.eventlog.read")


def page_after(after, *, max_events=1_000, max_bytes=10**9, name="orders"):
    return read_page(name, read_head(name).topic_id, after, max_events=max_events, max_bytes=max_bytes)


def seqs(page):
    return [event.seq for event in page.events]


def fill(count, data='"x"', name="orders"):
    return append(name, [NewEvent(data)] * count)


def test_reads_what_comes_after_a_cursor_in_order():
    done = append("orders", [NewEvent('{"n":1}', "first"), NewEvent("[2]", "second", "key")])
    page = page_after(0)
    assert seqs(page) == [1, 2]
    assert [(event.type, event.data, event.id) for event in page.events] == [
        ("first", '{"n":1}', done.ids[0]),
        ("second", "[2]", done.ids[1]),
    ]
    assert page.head == read_head("orders")
    assert seqs(page_after(1)) == [2]
    assert seqs(page_after(2)) == []
    assert page_after(0).events[0].created_at == done.new[0].created_at


def test_a_page_ends_at_the_number_of_events():
    fill(10)
    assert seqs(page_after(2, max_events=3)) == [3, 4, 5]


def test_a_page_ends_at_the_number_of_bytes_and_holds_one_event_at_least():
    fill(100, '"' + "x" * 98 + '"')
    assert seqs(page_after(0, max_bytes=250)) == [1, 2, 3]
    assert seqs(page_after(0, max_bytes=1)) == [1]
    assert len(seqs(page_after(0, max_bytes=100 * 60))) == 60, "over several fetches"


def test_a_trimmed_beginning_is_seen_by_the_first_number():
    fill(10)
    Event.objects.filter(seq__lte=6).delete()
    assert seqs(page_after(2)) == [7, 8, 9, 10]
    assert read_bounds("orders") == (read_head("orders"), 7)


def test_all_trimmed_is_seen_by_an_empty_page_behind_the_head():
    fill(10)
    Event.objects.all().delete()
    page = page_after(2)
    assert (seqs(page), page.head.seq) == ([], 10)
    assert read_bounds("orders") == (read_head("orders"), 11)


def test_a_missing_topic_is_told():
    for call in (read_head, read_bounds, lambda name: read_page(name, 1, 0, max_events=1, max_bytes=1)):
        with pytest.raises(NoSuchTopic, match="nowhere"):
            call("nowhere")


def test_heads_of_many_topics_come_together_and_those_that_are_gone_are_left_out(monkeypatch):
    monkeypatch.setattr(read, "HEADS_AT_ONCE", 3)
    heads = {}
    for number in range(8):
        fill(number + 1, name=f"t{number}")
        head = read_head(f"t{number}")
        heads[head.topic_id] = head
    gone = Topic.objects.get(name="t3")
    del heads[gone.pk]
    gone_id = gone.pk
    gone.delete()
    assert read_heads([*heads, gone_id, 10**9]) == heads
    assert read_heads([]) == {}


@pytest.mark.parametrize("then", [0, 3], ids=["nothing appended since", "appended since"])
def test_a_reset_between_head_and_events_is_told_by_the_head_of_the_new_life(monkeypatch, then):
    fill(5)
    real, calls = read.read_head, []

    def reset_after_the_first(name):
        head = real(name)
        calls.append(name)
        if len(calls) == 1:
            reset(name)
            fill(then)
        return head

    topic_id, before = real("orders").topic_id, real("orders").epoch
    monkeypatch.setattr(read, "read_head", reset_after_the_first)
    page = read_page("orders", topic_id, 1, max_events=10, max_bytes=1_000)
    assert seqs(page) == []
    assert (page.head.epoch, page.head.seq) == (real("orders").epoch, then)
    assert page.head.epoch != before


def check_page(page, after):
    """No gap but one that trimming explains; dense within."""
    if page.events:
        assert seqs(page) == list(range(page.events[0].seq, page.events[0].seq + len(page.events)))
        assert {event.epoch for event in page.events} == {page.head.epoch}
        return page.events[0].seq - after - 1
    return max(0, page.head.seq - after)


def test_a_page_never_reports_a_false_gap_while_appends_race_with_it():
    fill(1)
    done = threading.Event()

    def write():
        for _ in range(60):
            fill(random.randint(1, 3))

    def tail():
        at = 0
        while not (done.is_set() and at >= read_head("orders").seq):
            page = page_after(at, max_events=random.randint(1, 8))
            assert check_page(page, at) == 0, "nothing was trimmed"
            at = page.events[-1].seq if page.events else at
        return at

    with Threads() as threads:
        readers = [threads.start(tail) for _ in range(3)]
        for writer in [threads.start(write) for _ in range(2)]:
            writer.result(LIMIT_S)
        done.set()
        assert {reader.result(LIMIT_S) for reader in readers} == {read_head("orders").seq}


def test_what_trimming_takes_is_counted_exactly_while_all_race():
    Topic.objects.create(name="orders", retain_events=5)
    fill(1)
    done = threading.Event()

    def write():
        for _ in range(60):
            fill(2)

    def trim_on():
        topic = Topic.objects.get(name="orders")
        while not done.is_set():
            trim(topic)

    def tail():
        at = seen = lost = 0
        while not (done.is_set() and at >= read_head("orders").seq):
            page = page_after(at, max_events=2)
            gap = check_page(page, at)
            lost += gap
            seen += len(page.events)
            at = page.events[-1].seq if page.events else max(at, page.head.seq)
        return at, seen + lost

    with Threads() as threads:
        trimming = threads.start(trim_on)
        readers = [threads.start(tail) for _ in range(2)]
        threads.start(write).result(LIMIT_S)
        done.set()
        trimming.result(LIMIT_S)
        for reader in readers:
            assert reader.result(LIMIT_S) == (121, 121)


def test_a_reset_is_never_taken_for_a_gap_while_all_race():
    fill(3)
    done = threading.Event()

    def write():
        for number in range(40):
            fill(2)
            if number % 8 == 7:
                reset("orders")
                fill(1)

    def tail():
        epoch, at, resets = read_head("orders").epoch, 0, 0
        while True:
            ending = done.is_set()
            page = page_after(at, max_events=3)
            if page.head.epoch != epoch:
                epoch, at, resets = page.head.epoch, 0, resets + 1
                continue
            assert check_page(page, at) == 0
            at = page.events[-1].seq if page.events else at
            if ending and at == read_head("orders").seq:
                return epoch

    with Threads() as threads:
        readers = [threads.start(tail) for _ in range(2)]
        threads.start(write).result(LIMIT_S)
        done.set()
        assert {reader.result(LIMIT_S) for reader in readers} == {read_head("orders").epoch}
