"""A log that begins anew, or goes: whole, and in steps however much was said there."""

import time
from functools import partial

import pytest
from django.db import transaction

from streams.errors import Conflict
from streams.eventlog import append, check_resettable, clear, delete_topic, empty, read_head, reset
from streams.models import Generation, Message, Reaction, Topic
from streams.wire.event import NewEvent
from tests.chat.talking import Talk

pytestmark = pytest.mark.django_db(transaction=True)


def a_log():
    topic = Topic.objects.create(name="orders")
    append("orders", [NewEvent(str(number)) for number in range(5)])
    return topic


def kept():
    return list(Topic.objects.get(name="orders").events.order_by("seq").values_list("seq", flat=True))


def a_room():
    """Seven messages with two reactions, each with an answer."""
    talk = Talk()
    for number in range(7):
        said = talk.says(f"@claude {number}")
        talk.answers("text", output_tokens=10)
    for emoji in "👍", "🎉":
        Reaction.objects.create(message=said, person="u:1", name="Ann", emoji=emoji)
    return talk


def test_reset_gives_a_new_epoch_and_begins_at_one():
    topic = a_log()
    epoch = reset("orders")
    assert epoch != topic.epoch
    assert kept() == []
    assert (read_head("orders").epoch, read_head("orders").seq) == (epoch, 0)
    assert append("orders", [NewEvent("1")]).ids == (f"{epoch}-1",)


def test_a_rolled_back_reset_never_was():
    topic = a_log()
    with transaction.atomic():
        reset("orders")
        transaction.set_rollback(True)
    assert kept() == [1, 2, 3, 4, 5]
    assert read_head("orders").epoch == topic.epoch


@pytest.mark.parametrize("then", ["reset", "delete"])
def test_what_was_said_in_a_room_goes_in_bounded_steps(streams_settings, then):
    streams_settings(trim_batch=3)
    room = a_room().room
    topic = Topic.objects.get(pk=room.topic_id)
    if then == "delete":
        room.delete()
    assert empty(topic, keep_answers=then == "reset") == (14, True)
    assert not Message.objects.exists()
    assert not Reaction.objects.exists()
    if then == "reset":
        reset(topic.name)
    else:
        delete_topic(topic.name)
    answers = Generation.objects.values_list("topic", "message_seq", "question", "text", "output_tokens")
    assert list(answers) == ([(None, None, "", "", 10)] * 7 if then == "reset" else [])


def test_no_step_takes_more_than_a_batch(streams_settings):
    streams_settings(trim_batch=3)
    topic = Topic.objects.get(pk=a_room().room.topic_id)
    assert empty(topic, keep_answers=True, until=time.monotonic()) == (0, False)
    assert clear._forget_batch(topic, clear._forget_messages) == 3
    assert clear._forget_batch(topic, partial(clear._forget_answers, keep=False)) == 3
    assert (Message.objects.count(), Generation.objects.count()) == (4, 4)


def test_a_room_in_which_an_answer_is_written_is_not_reset_and_keeps_its_place():
    talk = a_room()
    answer = talk.asks("@claude ?")
    topic = Topic.objects.get(pk=talk.room.topic_id)
    with pytest.raises(Conflict, match="an answer is being written in room:lobby"):
        check_resettable(topic)
    empty(topic, keep_answers=True)
    answer.refresh_from_db()
    assert (answer.topic_id, answer.status) == (topic.pk, "running")
    with pytest.raises(Conflict):
        reset(topic.name)


def test_what_is_said_after_a_reset_stays():
    talk = a_room()
    topic = Topic.objects.get(pk=talk.room.topic_id)
    reset(topic.name)
    talk.says("we begin anew")
    assert empty(topic, keep_answers=True) == (0, True)
    assert Message.objects.count() == 1
