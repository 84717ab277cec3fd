"""``manage.py publish``."""

import os
import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command

from streams.management.commands.publish import read_batches
from streams.models import Event, Topic

pytestmark = pytest.mark.django_db(transaction=True)


def publish(*arguments, stdin=None, monkeypatch=None):
    out = StringIO()
    if stdin is not None:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(stdin.encode())))
    call_command("publish", *arguments, stdout=out)
    return out.getvalue().splitlines()


def stored():
    return list(Event.objects.order_by("seq").values_list("data", flat=True))


def ids(count):
    return [f"{Topic.objects.get().epoch}-{seq}" for seq in range(1, count + 1)]


@pytest.mark.parametrize(
    ("argument", "data"),
    [
        ('{"n": 1}', '{"n":1}'),
        ("7", "7"),
        ("null", "null"),
        ("hello", '"hello"'),
        ("{broken", '"{broken"'),
        ("NaN", '"NaN"'),
        ("", '""'),
    ],
)
def test_data_is_json_if_it_reads_as_json_else_text(argument, data):
    assert publish("orders", argument) == ids(1)
    assert stored() == [data]


def test_type_and_key_go_with_it():
    first = publish("orders", "1", "--type", "update", "--key", "k")
    assert publish("orders", "1", "--type", "update", "--key", "k") == first
    event = Event.objects.get()
    assert (event.type, event.key) == ("update", "k")


def test_every_line_of_standard_input_is_an_event(monkeypatch):
    printed = publish("orders", stdin='{"n": 1}\r\nplain text\n\n3', monkeypatch=monkeypatch)
    assert printed == ids(3)
    assert stored() == ['{"n":1}', '"plain text"', "3"], "blank lines are none"


def test_more_lines_than_one_transaction_takes(monkeypatch):
    printed = publish("orders", stdin="".join(f"{number}\n" for number in range(250)), monkeypatch=monkeypatch)
    assert printed == ids(250)
    assert stored() == [str(number) for number in range(250)]


def test_no_input_publishes_nothing(monkeypatch):
    assert publish("orders", stdin="", monkeypatch=monkeypatch) == []
    assert not Topic.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("a b", "1"), "'a b'"),
        (("orders", "1", "--type", "stream.gap"), "stream"),
        (("orders", "\udcff"), "surrogate"),
        (("orders", "--key", "k"), "standard input"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(arguments, says):
    with pytest.raises(CommandError, match=says):
        publish(*arguments)
    assert stored() == []


def test_a_reused_key_is_said():
    publish("orders", "1", "--key", "k")
    with pytest.raises(CommandError, match="idempotency key"):
        publish("orders", "2", "--key", "k")


def test_a_line_of_a_pipe_that_stays_open_is_published_at_once():
    reading, writing = os.pipe()
    with open(reading, "rb") as source, open(writing, "wb", buffering=0) as pipe:
        batches = read_batches(source)
        for line in (b"one", b"two"):
            pipe.write(line + b"\n")
            assert next(batches) == [line.decode()]
        pipe.write(b"three\nfo")
        assert next(batches) == ["three"]
        pipe.write(b"ur\n")
        assert next(batches) == ["four"]


def test_bytes_that_are_no_utf8_do_not_end_the_pipe():
    assert list(read_batches(BytesIO(b"good\n\xff bad\nlast"))) == [["good", "\ufffd bad"], ["last"]]


def test_what_happens_in_a_room_is_not_published():
    with pytest.raises(CommandError, match="POST /rooms/lobby/ops"):
        publish("room:lobby", "hello")
    assert stored() == []
