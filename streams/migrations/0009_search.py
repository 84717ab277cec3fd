"""What was said can be searched: an index of words on either database, kept in step by the database itself."""

from django.db import migrations

BELOW = 1 << 40  # a row of the index is topic * BELOW + number in the topic: newest first within a room
SAID = "streams_said"
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"  # by some of which PostgreSQL joins words

TABLES = (("streams_message", "seq"), ("streams_generation", "start_seq"))


def on_sqlite():
    """An index that holds no text of its own, and triggers that tell it what comes and goes."""
    yield f"CREATE VIRTUAL TABLE {SAID} USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')"
    for table, number in TABLES:
        new = f"INSERT INTO {SAID}(rowid, text) SELECT NEW.topic_id * {BELOW} + NEW.{number}, NEW.text"
        there = f"NEW.text <> '' AND NEW.{number} IS NOT NULL AND NEW.topic_id IS NOT NULL"
        old = (
            f"INSERT INTO {SAID}({SAID}, rowid, text) "
            f"SELECT 'delete', OLD.topic_id * {BELOW} + OLD.{number}, OLD.text"
        )
        was = f"OLD.text <> '' AND OLD.{number} IS NOT NULL AND OLD.topic_id IS NOT NULL"
        yield f"CREATE TRIGGER {table}_said AFTER INSERT ON {table} BEGIN {new} WHERE {there}; END"
        yield f"CREATE TRIGGER {table}_unsaid AFTER DELETE ON {table} BEGIN {old} WHERE {was}; END"
        yield (
            f"CREATE TRIGGER {table}_said_anew AFTER UPDATE OF text, topic_id, {number} ON {table} "
            f"WHEN OLD.text IS NOT NEW.text OR OLD.{number} IS NOT NEW.{number} OR OLD.topic_id IS NOT NEW.topic_id "
            f"BEGIN {old} WHERE {was}; {new} WHERE {there}; END"
        )
        yield (
            f"INSERT INTO {SAID}(rowid, text) SELECT topic_id * {BELOW} + {number}, text FROM {table} "
            f"WHERE text <> '' AND {number} IS NOT NULL AND topic_id IS NOT NULL"
        )


def on_postgresql():
    """A column that the database writes itself: a search reads it row by row as quickly as by its index."""
    quoted = PUNCTUATION.replace("\\", "\\\\").replace("'", "''")
    spaces = " " * len(PUNCTUATION)
    words = f"to_tsvector('simple', translate(left(text, 100000), E'{quoted}', '{spaces}'))"
    for table, _ in TABLES:
        yield f"ALTER TABLE {table} ADD COLUMN words tsvector GENERATED ALWAYS AS ({words}) STORED"
        yield f"CREATE INDEX {table}_words ON {table} USING gin (words)"


def build(apps, schema_editor):
    statements = on_postgresql() if schema_editor.connection.vendor == "postgresql" else on_sqlite()
    for statement in statements:
        schema_editor.execute(statement, None)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table, _ in TABLES:
            schema_editor.execute(f"ALTER TABLE {table} DROP COLUMN words")
        return
    for table, _ in TABLES:
        for name in ("said", "unsaid", "said_anew"):
            schema_editor.execute(f"DROP TRIGGER {table}_{name}")
    schema_editor.execute(f"DROP TABLE {SAID}")


class Migration(migrations.Migration):
    dependencies = [("streams", "0008_rooms_history")]

    operations = [migrations.RunPython(build, drop)]
