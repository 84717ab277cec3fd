"""Topics in the admin: what is shown, and what is done to them, by whom."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from streams.chat.rooms import ensure_room
from streams.eventlog import append, read_head
from streams.models import Event, Job, Topic
from streams.wire.event import NewEvent

pytestmark = pytest.mark.django_db(transaction=True)
ACTS = {
    "publish": ("streams.add_event", {"type": "message", "data": "1"}),
    "trim": ("streams.trim_topic", {"how": "keep", "keep": "3"}),
    "reset": ("streams.reset_topic", {"name": "orders"}),
    "delete": ("streams.delete_topic", {"name": "orders"}),
}


def url(topic, act="change"):
    return f"/admin/streams/topic/{topic.pk}/{act}/"


def said():
    return list(LogEntry.objects.order_by("id").values_list("object_repr", "change_message"))


def test_the_list_tells_where_each_log_stands_and_counts_nothing(root, orders, django_assert_max_num_queries):
    Event.objects.filter(topic=orders, seq__lte=10).delete()
    for n in range(20):
        append(f"more:{n}", [NewEvent("1")])
    with django_assert_max_num_queries(12 + 21) as queries:  # the rate asks once a row
        page = root.get("/admin/streams/topic/").content.decode()
    assert not [query for query in queries if "COUNT(*)" in query["sql"] and "streams_event" in query["sql"]]
    assert "30" in page and "20" in page and "100,000 events, 7 d (default)" in page


@pytest.mark.parametrize("act", ACTS)
def test_each_act_needs_its_own_permission(staff_with, orders, act):
    others = {permission for permission, _ in ACTS.values()} - {ACTS[act][0]}
    client = staff_with("streams.view_topic", "streams.change_topic", *others)
    assert url(orders, act) not in client.get(url(orders)).content.decode()
    assert client.get(url(orders, act)).status_code == 403
    assert client.post(url(orders, act), ACTS[act][1]).status_code == 403
    assert read_head("orders").seq == 30 and not said()


@pytest.mark.parametrize("act", ACTS)
def test_each_act_is_asked_first_then_done_and_audited(staff_with, orders, act):
    permission, fields = ACTS[act]
    client = staff_with("streams.view_topic", permission)
    assert url(orders, act) in client.get(url(orders)).content.decode()
    assert client.get(url(orders, act)).status_code == 200
    assert not said(), "asking does nothing"
    assert client.post(url(orders, act), fields, follow=True).status_code == 200
    ((name, words),) = said()
    assert name == "orders" and words.startswith({"publish": "published", "delete": "deleted"}.get(act, act))


def test_publishing_answers_the_id_and_refuses_as_the_wire_does(root, orders):
    page = root.post(url(orders, "publish"), {"type": "t", "data": '{"a": [1, 2]}', "key": "k"}).content.decode()
    assert f"{orders.epoch}-31" in page
    assert Event.objects.get(topic=orders, seq=31).data == '{"a":[1,2]}'
    again = root.post(url(orders, "publish"), {"type": "t", "data": '{"a": [1, 2]}', "key": "k"}).content.decode()
    assert f"{orders.epoch}-31" in again and "nothing was appended" in again
    for fields, told in [
        ({"type": "t", "data": "{"}, "not JSON"),
        ({"type": "t", "data": "NaN"}, "NaN is no JSON number"),
        ({"type": "stream.gap", "data": "1"}, "stream."),
        ({"type": "t", "data": json.dumps("x" * 300_000)}, "limit 262144"),
        ({"type": "t", "data": "2", "key": "k"}, "was used for event"),
    ]:
        assert told in root.post(url(orders, "publish"), fields).content.decode()
    assert read_head("orders").seq == 31
    system = Topic.objects.create(name="system")
    assert "only the server itself" in root.post(url(system, "publish"), {"type": "t", "data": "1"}).content.decode()


def test_trimming_to_a_number_keeps_the_newest(root, orders):
    assert "How many?" in root.post(url(orders, "trim"), {"how": "keep"}).content.decode()
    root.post(url(orders, "trim"), {"how": "keep", "keep": "3"})
    assert list(orders.events.order_by("seq").values_list("seq", flat=True)) == [28, 29, 30]
    root.post(url(orders, "trim"), {"how": "retention"})
    assert orders.events.count() == 3


def test_resetting_needs_the_name_and_begins_a_new_epoch(root, orders):
    page = root.get(url(orders, "reset")).content.decode()
    assert "stream.gap" in page and "can&#x27;t be undone" in page
    assert "That is not orders." in root.post(url(orders, "reset"), {"name": "order"}).content.decode()
    assert read_head("orders").epoch == orders.epoch
    root.post(url(orders, "reset"), {"name": "orders"})
    head = read_head("orders")
    assert head.seq == 0 and head.epoch != orders.epoch


@pytest.mark.parametrize(("act", "kind"), [("trim", "trim"), ("reset", "clear"), ("delete", "clear")])
def test_what_would_take_long_becomes_a_job(root, orders, act, kind, monkeypatch, streams_settings):
    monkeypatch.setattr("streams.admin.topic_acts.AT_ONCE_S", 0)
    streams_settings(trim_batch=5)
    fields = ACTS[act][1]
    page = root.post(url(orders, act), fields, follow=True).content.decode()
    job = Job.objects.get()
    assert reverse("admin:streams_job_change", args=[job.pk]) in page
    assert (job.kind, job.params["topic"], job.owner_name) == (kind, "orders", "root")
    assert orders.events.count() == 25, "one batch at once"


def test_topics_that_are_needed_stay(root, orders):
    room = ensure_room("lobby", title="Lobby")
    for topic, told in [
        (room.topic, "a topic of a room"),
        (Topic.objects.get(name="room:lobby:live"), "a topic of a room"),
        (Topic.objects.create(name="system:x"), "the server itself"),
    ]:
        assert told in root.post(url(topic, "delete"), {"name": topic.name}).content.decode()
        assert Topic.objects.filter(pk=topic.pk).exists()
    assert not said()


def test_a_name_is_for_life_and_checked_as_on_the_wire(root, orders):
    page = root.post("/admin/streams/topic/add/", {"name": "a b", "visibility": "public", "slow_readers": "replay"})
    assert "is not allowed" in page.content.decode()
    root.post(url(orders), {"name": "other", "description": "d", "visibility": "public", "slow_readers": "skip"})
    orders.refresh_from_db()
    assert (orders.name, orders.slow_readers, orders.description) == ("orders", "skip", "d")
