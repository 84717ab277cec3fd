"""What was there gets what is new: a second topic, rows of messages, what answers answer, prices of the cache."""

import json
from decimal import Decimal

from django.db import migrations

BATCH = 1_000
CACHE_PRICES = {"claude-opus-5-5": ("0.20", "5")}  # USD per million tokens: read, written


def _pages(rows):
    """Rows in the order of their numbers, ``BATCH`` at a time."""
    after = 0
    while some := list(rows.filter(seq__gt=after).order_by("seq")[:BATCH]):
        yield some
        after = some[-1].seq


def _read(text):
    data = json.loads(text)
    return data if isinstance(data, dict) else {}


def _word(value, limit):
    return value[:limit] if isinstance(value, str) else ""


def copy_history(apps, schema_editor):
    rooms = apps.get_model("streams", "Room").objects.all()
    for topic_id in rooms.values_list("topic_id", flat=True):
        copy_messages(apps, topic_id)
        copy_answers(apps, topic_id)


def copy_messages(apps, topic_id):
    event, message = apps.get_model("streams", "Event"), apps.get_model("streams", "Message")
    said = set()  # a client's id is of one message; an event that others published may have any
    for page in _pages(event.objects.filter(topic_id=topic_id, type="message")):
        rows = []
        for one in page:
            data = _read(one.data)
            author = data.get("author")
            if not isinstance(author, dict) or not isinstance(author.get("name"), str):
                continue
            if not isinstance(data.get("text"), str):
                continue
            row = message(
                topic_id=topic_id,
                seq=one.seq,
                author_id=_word(author.get("id"), 64),
                author_name=_word(author["name"], 150),
                author_kind=_word(author.get("kind"), 6),
                client_id=_word(data.get("client_id"), 64),
                text=data["text"],
                created_at=one.created_at,
            )
            if (row.author_id, row.client_id) in said:
                row.client_id = ""
            said.add((row.author_id, row.client_id))
            rows.append(row)
        message.objects.bulk_create(rows, ignore_conflicts=True)


def copy_answers(apps, topic_id):
    event, generation = apps.get_model("streams", "Event"), apps.get_model("streams", "Generation")
    questions, versions, chosen = {}, {}, {}  # by the answer's id; by the message's number
    for page in _pages(event.objects.filter(topic_id=topic_id, type="generation.start")):
        begun = generation.objects.filter(topic_id=topic_id, start_seq__in=[one.seq for one in page])
        by_start = {one.start_seq: one for one in begun}
        rows = []
        for one in page:
            row = by_start.get(one.seq)
            if row is None:
                continue
            data = _read(one.data)
            before, _, last = str(data.get("answers") or "").rpartition("-")
            retried = str(data.get("answers") or "").removeprefix("retry:")
            seq = int(last) if before and last.isascii() and last.isdigit() and len(last) < 19 else None
            row.message_seq = questions.get(retried, seq)
            author = data.get("asked_by")
            row.asked_by_name = _word(author.get("name"), 150) if isinstance(author, dict) else ""
            row.html_chars = len(row.text) if row.html else 0
            row.started_at = row.created_at
            if row.message_seq is not None:
                questions[str(row.pk)] = row.message_seq
                row.version = versions[row.message_seq] = versions.get(row.message_seq, 0) + 1
                chosen[row.message_seq] = row.pk
            rows.append(row)
        fields = ["message_seq", "asked_by_name", "html_chars", "started_at", "version"]
        generation.objects.bulk_update(rows, fields, batch_size=100)
    several = [seq for seq, number in versions.items() if number > 1]
    for start in range(0, len(several), BATCH):
        some = several[start : start + BATCH]
        rows = generation.objects.filter(topic_id=topic_id, message_seq__in=some)
        rows.exclude(pk__in=[chosen[seq] for seq in some]).update(chosen=False)


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


def write_cache_prices(apps, schema_editor):
    prices = apps.get_model("streams", "ModelPrice").objects.using(schema_editor.connection.alias)
    for model, (read, write) in CACHE_PRICES.items():
        prices.filter(model=model).update(cache_read_usd=Decimal(read), cache_write_usd=Decimal(write))


class Migration(migrations.Migration):
    dependencies = [("streams", "0007_rooms")]

    operations = [
        migrations.RunPython(write_cache_prices, migrations.RunPython.noop),
        migrations.RunPython(copy_history, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(make_live_topics, migrations.RunPython.noop),
    ]
