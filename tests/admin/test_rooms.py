"""Rooms in the admin: made with their topics, in step with their kind, deleted with their logs."""

import json

import pytest
from django.urls import reverse

from streams.chat.making import make_room
from streams.chat.rooms import ensure_room
from streams.models import Event, Member, Message, Room, Topic
from streams.publishing import publish
from tests.chat.people import user

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/streams/room/"
NO_MEMBERS = {"members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0"}


def test_a_room_is_made_with_both_topics_and_follows_its_kind(root):
    fields = {"title": "Den", "slug": "den", "description": "", "kind": "invitation", "model": "", "system": ""}
    made = root.post(f"{LIST}add/", fields | NO_MEMBERS)
    assert made.status_code == 302, made.content.decode()
    assert {*Topic.objects.filter(name__startswith="room:den").values_list("name", "visibility")} == {
        ("room:den", "private"),
        ("room:den:live", "private"),
    }
    room = Room.objects.get()
    changed = root.post(f"{LIST}{room.pk}/change/", fields | NO_MEMBERS | {"kind": "public", "system": "Be brief."})
    assert changed.status_code == 302
    assert {*Topic.objects.values_list("visibility", flat=True).filter(name__startswith="room:den")} == {"members"}
    (event,) = Event.objects.filter(type="room.changed")
    assert json.loads(event.data)["system"] is True
    assert "brief" not in event.data


def test_the_table_and_the_page_of_a_room_show_its_people_and_messages(root, django_assert_max_num_queries):
    user("ben")
    room = make_room(user("ann"), title="Den", kind="invitation", members=["ben"])
    seq = int(publish("room:den", {"text": "hi"}).rpartition("-")[2])
    Message.objects.create(topic=room.topic, seq=seq, author_id="u:1", author_name="ann", created_at=room.created_at)
    for number in range(10):
        ensure_room(f"other-{number}", title="Other")
    with django_assert_max_num_queries(20):
        table = root.get(LIST).content.decode()
    assert "invitation" in table
    page = root.get(f"{LIST}{room.pk}/change/").content.decode()
    assert ("ben" in page, reverse("room-settings", args=["den"]) in page) == (True, True)


def test_a_room_is_deleted_with_its_people_messages_and_both_logs(root):
    room = make_room(user("ann"), title="Den")
    for number in range(30):
        publish("room:den", {"number": number})
    Message.objects.create(topic=room.topic, seq=1, author_id="u:1", author_name="ann", created_at=room.created_at)
    path = f"{LIST}{room.pk}/delete/"
    assert "That is not den." in root.post(path, {"name": "Den"}).content.decode()
    assert Room.objects.exists()
    assert root.post(path, {"name": "den"}).status_code == 302
    assert not Topic.objects.filter(name__startswith="room:den").exists()
    assert (Room.objects.count(), Member.objects.count(), Message.objects.count(), Event.objects.count()) == (0,) * 4


def test_deleting_a_room_takes_the_right_to_delete_its_logs(staff_with):
    room = ensure_room("den", title="Den")
    staff = staff_with("streams.view_room", "streams.delete_room")
    assert staff.post(f"{LIST}{room.pk}/delete/", {"name": "den"}).status_code == 403
    assert Room.objects.exists()
