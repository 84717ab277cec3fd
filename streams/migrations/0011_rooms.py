"""Rooms that are there get their second topic, for what passes and need not be kept."""

from django.db import migrations


def make_live_topics(apps, schema_editor):
    Room = apps.get_model("streams", "Room")
    Topic = apps.get_model("streams", "Topic")
    for room in Room.objects.select_related("topic"):
        live, made = Topic.objects.get_or_create(
            name=f"room:{room.slug}:live",
            defaults={
                "description": f"Who is in {room.title}, and who is typing",
                "retain_events": 1_000,
                "retain_s": 600,
            },
        )
        live.visibility = room.topic.visibility
        live.save(update_fields=["visibility"])
        live.readers.set(room.topic.readers.all())
        live.reader_groups.set(room.topic.reader_groups.all())


class Migration(migrations.Migration):
    dependencies = [("streams", "0010_messages")]

    operations = [migrations.RunPython(make_live_topics, migrations.RunPython.noop)]
