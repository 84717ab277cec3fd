"""``manage.py newepochs``."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from streams.eventlog import epochs
from streams.models import Event, Topic
from streams.publishing import publish
from tests.harness.reader import reading
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)


def renew(*arguments):
    out = StringIO()
    call_command("newepochs", *arguments, stdout=out)
    return out.getvalue()


def state():
    return {topic.name: (topic.epoch, topic.head) for topic in Topic.objects.all()}


@pytest.mark.parametrize("at_once", [2, 500])
def test_all_topics_begin_a_new_life_with_all_that_they_keep(monkeypatch, at_once):
    monkeypatch.setattr(epochs, "AT_ONCE", at_once)
    for number in range(5):
        publish(f"topic-{number}", number)
    before = state()
    assert renew("--all") == "5 topics have a new epoch.\n"
    after = state()
    assert {name: head for name, (_, head) in after.items()} == {name: head for name, (_, head) in before.items()}
    assert not {epoch for epoch, _ in after.values()} & {epoch for epoch, _ in before.values()}
    assert len({epoch for epoch, _ in after.values()}) == 5
    assert Event.objects.count() == 5


def test_those_that_are_named_and_no_others():
    publish("orders", 1)
    publish("stock", 1)
    before = state()
    assert renew("orders") == "1 topics have a new epoch.\n"
    assert state()["stock"] == before["stock"]
    assert state()["orders"] != before["orders"]


@pytest.mark.parametrize(
    ("arguments", "says"), [((), "--all"), (("orders", "--all"), "--all"), (("orders", "odd"), "'odd'")]
)
def test_what_is_wrong_is_said_and_nothing_is_changed(arguments, says):
    publish("orders", 1)
    before = state()
    with pytest.raises(CommandError, match=says):
        renew(*arguments)
    assert state() == before


async def test_who_reads_meanwhile_is_told_of_the_gap_and_gets_all_that_is_kept(hub):
    from asgiref.sync import sync_to_async

    for number in range(3):
        await sync_to_async(publish)("orders", number)
    async with reading(hub, "orders", "earliest") as reader:
        await aeventually(lambda: len(reader.events) == 3)
        await sync_to_async(renew)("--all")
        await aeventually(lambda: len(reader.events) == 6)
    (gap,) = reader.gaps
    assert (gap.reason, gap.lost) == ("epoch", None)
    assert [event.data for event in reader.events] == ["0", "1", "2"] * 2
