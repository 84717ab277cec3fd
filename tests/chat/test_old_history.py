"""What was said before messages had rows."""

import importlib

import pytest
from django.apps import apps

from streams.chat.rooms import ensure_room
from streams.models import Generation, Message
from streams.publishing import new_event, publish_events

pytestmark = pytest.mark.django_db(transaction=True)
migration = importlib.import_module("streams.migrations.0008_rooms_history")


def tell(event_type, data):
    appended = publish_events("room:lobby", [new_event(data, type=event_type)])
    return appended.new[0].seq, appended.ids[0]


def test_the_log_becomes_rows(monkeypatch):
    monkeypatch.setattr(migration, "BATCH", 2)
    room, ada = ensure_room("lobby", title="Lobby"), {"id": "g:ada", "name": "Ada Fox", "kind": "guest"}

    def asked(answers):
        row = Generation(topic=room.topic, asked_by="g:ada", question="?", model="m", label="M", text="yes", html="<p>")
        told = {"generation": str(row.pk), "asked_by": ada, "answers": answers}
        row.start_seq, _ = tell("generation.start", told)
        row.save(force_insert=True)
        return row

    first, first_id = tell("message", {"author": ada, "text": "@claude hello", "client_id": "c1"})
    failed = asked(first_id)
    again = asked(f"retry:{failed.pk}")
    asked(f"retry:{again.pk}")
    foreign = ({"text": "no author"}, {"author": {"name": 1}, "text": ""}, {"author": ada, "text": 3})
    for data in (7, None, [], *foreign):
        tell("message", data)
    second, _ = tell("message", {"author": ada, "text": "thanks", "client_id": "c1"})
    stray = asked("nonsense")
    migration.copy_history(apps, None)
    rows = Message.objects.order_by("seq").values_list("seq", "author_id", "author_name", "text", "client_id")
    assert list(rows) == [
        (first, "g:ada", "Ada Fox", "@claude hello", "c1"),
        (second, "g:ada", "Ada Fox", "thanks", ""),
    ]
    answers = Generation.objects.filter(message_seq=first).order_by("version").values_list("version", "chosen")
    assert list(answers) == [(1, False), (2, False), (3, True)]
    again.refresh_from_db()
    assert (again.asked_by_name, again.html_chars, again.started_at) == ("Ada Fox", 3, again.created_at)
    stray.refresh_from_db()
    assert (stray.message_seq, stray.version, stray.chosen) == (None, 1, True)
