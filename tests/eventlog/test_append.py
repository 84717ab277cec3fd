"""Appending: dense numbers, commit order, idempotency keys, all or nothing."""

import threading
from concurrent.futures import TimeoutError as NotYet

import pytest
from django.db import transaction

from streams.errors import KeyReused, NoSuchTopic
from streams.eventlog import Appended, AppendRequest, append, append_many, read_head, read_page
from streams.models import Event, Topic
from streams.wire.event import NewEvent
from tests.harness.threads import LIMIT_S, Threads, run_together

pytestmark = pytest.mark.django_db(transaction=True)


def new(*values, key=None):
    return [NewEvent(f'"{value}"', key=key) for value in values]


def log(name="orders", after=0):
    """(seq, data) of all that a reader would read."""
    head = read_head(name)
    page = read_page(name, head.topic_id, after, max_events=10_000, max_bytes=10**9)
    return [(event.seq, event.data.strip('"')) for event in page.events]


class Stop(Exception):
    """Ends a transaction."""


def test_numbers_begin_at_one_and_are_dense():
    first = append("orders", new("a", "b"))
    second = append("orders", new("c"))
    assert log() == [(1, "a"), (2, "b"), (3, "c")]
    assert (first.head, second.head) == (2, 3)
    assert first.ids == (f"{first.epoch}-1", f"{first.epoch}-2")
    assert second.ids == (f"{first.epoch}-3",)
    assert read_head("orders").seq == 3


def test_topics_are_numbered_apart_and_have_epochs_of_their_own():
    a, b = append("a", new("x")), append("b", new("y"))
    assert (a.head, b.head) == (1, 1)
    assert a.epoch != b.epoch


def test_a_missing_topic_is_made_with_the_default_visibility(streams_settings):
    streams_settings(default_visibility="private")
    append("orders", new("a"))
    assert Topic.objects.get(name="orders").visibility == "private"


def test_a_rolled_back_append_leaves_no_hole():
    append("orders", new("a"))
    with pytest.raises(Stop), transaction.atomic():
        append("orders", new("never"))
        raise Stop
    append("orders", new("b"))
    assert log() == [(1, "a"), (2, "b")]


def append_and_hold(value, appended, leave, *, fail):
    """Append in a transaction that stays open until it may end."""
    with transaction.atomic():
        append("orders", new(value))
        appended.set()
        assert leave.wait(LIMIT_S)
        if fail:
            raise Stop


@pytest.mark.parametrize("fail", [False, True], ids=["commits", "rolls back"])
def test_of_two_interleaved_transactions_a_reader_skips_neither_and_never_sees_a_rolled_back_one(fail):
    append("orders", new("before"))
    appended, leave = threading.Event(), threading.Event()
    with Threads() as threads:
        first = threads.start(lambda: append_and_hold("first", appended, leave, fail=fail))
        assert appended.wait(LIMIT_S)
        second = threads.start(append, "orders", new("second"))
        with pytest.raises(NotYet):  # a later number may not be committed before an earlier one
            second.result(0.3)
        seen = threads.start(log).result(LIMIT_S)
        assert seen == [(1, "before")], "nothing of an open transaction is seen"
        leave.set()
        second.result(LIMIT_S)
        assert isinstance(first.exception(LIMIT_S), Stop) == fail
    expected = ["before", "second"] if fail else ["before", "first", "second"]
    assert log() == list(enumerate(expected, 1))


def test_a_tailing_reader_sees_every_number_once_while_many_write_and_some_roll_back():
    done = threading.Event()

    def write(writer):
        for number in range(15):
            try:
                with transaction.atomic():
                    append("orders", new(f"{writer}:{number}"))
                    if number % 3 == 2:
                        raise Stop
            except Stop:
                pass

    def tail():
        seen: list[tuple[int, str]] = []
        while True:
            last_round = done.is_set()
            page = log(after=len(seen)) if Topic.objects.filter(name="orders").exists() else []
            seen += page
            if last_round:
                return seen

    with Threads() as threads:
        readers = [threads.start(tail) for _ in range(2)]
        writers = [threads.start(write, writer) for writer in range(4)]
        for writer in writers:
            writer.result(LIMIT_S)
        done.set()
        results = [reader.result(LIMIT_S) for reader in readers]
    for seen in results:
        assert [seq for seq, _ in seen] == list(range(1, 41))
        assert {value for _, value in seen} == {f"{w}:{n}" for w in range(4) for n in range(15) if n % 3 != 2}


def test_concurrent_appends_from_many_threads_are_dense_even_to_topics_that_are_missing():
    def write(writer):
        ids = []
        for number in range(10):
            for result in append_many([AppendRequest(name, tuple(new(f"{writer}:{number}"))) for name in ("b", "a")]):
                assert isinstance(result, Appended)
                ids += result.ids
        return ids

    written = run_together(*(lambda writer=writer: write(writer) for writer in range(8)))
    assert len({event_id for ids in written for event_id in ids}) == 160, "no id is given twice"
    for name in ("a", "b"):
        assert [seq for seq, _ in log(name)] == list(range(1, 81))
        assert len({value for _, value in log(name)}) == 80
        assert read_head(name).seq == 80


class TestKeys:
    """The same key on the same topic is the same event."""

    def test_the_same_key_answers_the_same_id_and_appends_nothing(self):
        first, again = append("orders", new("a", key="k")), append("orders", new("a", key="k"))
        assert again.ids == first.ids
        assert again.new == ()
        assert log() == [(1, "a")]

    def test_within_one_batch_too(self):
        done = append("orders", [*new("a", key="k"), *new("b"), *new("a", key="k")])
        assert done.ids == (f"{done.epoch}-1", f"{done.epoch}-2", f"{done.epoch}-1")
        assert log() == [(1, "a"), (2, "b")]

    def test_between_the_requests_of_one_group_commit_too(self):
        request = AppendRequest("orders", tuple(new("a", key="k")))
        first, second = append_many([request, request])
        assert isinstance(first, Appended)
        assert isinstance(second, Appended)
        assert (second.ids, second.new) == (first.ids, ())
        assert log() == [(1, "a")]

    def test_between_threads_too(self):
        results = run_together(*[lambda: append("orders", new("a", key="k")) for _ in range(8)])
        assert len({result.ids for result in results}) == 1
        assert sorted(len(result.new) for result in results) == [0] * 7 + [1]
        assert log() == [(1, "a")]

    def test_the_same_key_on_another_topic_is_another_event(self):
        append("a", new("x", key="k"))
        append("b", new("y", key="k"))
        assert log("b") == [(1, "y")]

    @pytest.mark.parametrize(
        "other", [NewEvent('"b"', key="k"), NewEvent('"a"', type="other", key="k")], ids=["data", "type"]
    )
    def test_the_same_key_with_another_body_is_refused_and_told_which_event_has_it(self, other):
        first = append("orders", new("a", key="k"))
        with pytest.raises(KeyReused, match=first.ids[0]):
            append("orders", [*new("not this either"), other])
        assert log() == [(1, "a")], "all or nothing"
        append("orders", new("c"))
        assert log() == [(1, "a"), (2, "c")], "and without a hole"

    def test_a_refused_request_spoils_no_other_of_its_group_commit(self):
        append("orders", new("a", key="k"))
        before, refused, after, elsewhere = append_many(
            [
                AppendRequest("orders", tuple(new("before"))),
                AppendRequest("orders", (*new("lost"), *new("other", key="k"))),
                AppendRequest("orders", tuple(new("after"))),
                AppendRequest("elsewhere", tuple(new("x", key="k"))),
            ]
        )
        assert isinstance(refused, KeyReused)
        assert [isinstance(one, Appended) for one in (before, after, elsewhere)] == [True] * 3
        assert log() == [(1, "a"), (2, "before"), (3, "after")]

    def test_a_key_of_a_refused_request_is_free_for_the_next_one(self):
        append("orders", new("a", key="k"))
        refused, accepted = append_many(
            [
                AppendRequest("orders", (*new("x", key="mine"), *new("other", key="k"))),
                AppendRequest("orders", tuple(new("y", key="mine"))),
            ]
        )
        assert isinstance(refused, KeyReused)
        assert isinstance(accepted, Appended)
        assert log() == [(1, "a"), (2, "y")]

    def test_a_rolled_back_key_is_free_again(self):
        with pytest.raises(Stop), transaction.atomic():
            append("orders", new("a", key="k"))
            raise Stop
        append("orders", new("b", key="k"))
        assert log() == [(1, "b")]


def test_a_batch_is_written_whole_or_not_at_all(monkeypatch):
    append("orders", new("a"))
    real = Event.objects.bulk_create

    def fail_half_way(events):
        events = list(events)
        real(events[: len(events) // 2])
        raise Stop

    monkeypatch.setattr(Event.objects, "bulk_create", fail_half_way)
    with pytest.raises(Stop):
        append("orders", new("b", "c", "d", "e"))
    monkeypatch.undo()
    assert log() == [(1, "a")]
    assert read_head("orders").seq == 1


@pytest.mark.parametrize("name", ["room:den", "room:den:live"])
def test_the_topic_of_a_room_that_is_gone_is_not_made_anew_and_others_are_appended_to(name):
    requests = [AppendRequest(name, tuple(new("secret", key="k"))), AppendRequest("orders", tuple(new("a")))]
    refused, appended = append_many(requests)
    assert isinstance(refused, NoSuchTopic)
    assert str(refused) == f"the topic {name} is gone"
    assert isinstance(appended, Appended)
    assert list(Topic.objects.values_list("name", flat=True)) == ["orders"]
    with pytest.raises(NoSuchTopic):
        append(name, new("secret"))
