"""How long the pages of the admin take with millions of events and thousands of connections.

    python -m tests.bench.admin [--events 10000000] [--connections 10000] [--postgres]

Fills a SQLite database (with ``--postgres`` a PostgreSQL of its own) and asks for each page in this process, by
Django's test client: the time of Python and of the database, without a socket. The figure to quote is the median of
five, after one that is not counted; the CPU beside it tells what a busy machine added. ``!``: above the limit.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

LIMIT_MS = 200
ROUNDS = 5
SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)",
    "postgresql": "generate_series(1, {count}) AS s(n)",
}
TOPICS, PEOPLE, ANSWERS, ENTRIES = 1_000, 2_000, 50_000, 50_000


def fill(events: int, connections: int) -> None:
    """A log of so many events, and as many of all else as a busy site has."""
    from datetime import timedelta

    from django.contrib.admin.models import LogEntry
    from django.contrib.auth import get_user_model
    from django.contrib.contenttypes.models import ContentType
    from django.db import connection
    from django.utils import timezone

    from streams.models import File, Generation, Job, LiveConnection, Process, Topic

    now, users = timezone.now(), get_user_model().objects
    root = users.create_superuser("root")
    users.bulk_create(get_user_model()(username=f"user{n}") for n in range(PEOPLE))
    Topic.objects.bulk_create(Topic(name=f"topic:{n}") for n in range(TOPICS))
    big = Topic.objects.create(name="big", head=events)
    moment = {
        "sqlite": f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (({events} - n) / 100.0) || ' seconds')",
        "postgresql": f"now() - make_interval(secs => ({events} - n) / 100.0)",
    }[connection.vendor]
    text = '\'{"number":\' || n || \',"text":"an event like many others"}\''
    insert = (
        "INSERT INTO streams_event (topic_id, seq, type, data, created_at) "
        f"SELECT {big.pk}, n, CASE n % 3 WHEN 0 THEN 'order' ELSE 'message' END, {text}, {moment}"
    )
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(f"{insert} FROM {SERIES[connection.vendor].format(count=events)}")
        cursor.execute("ANALYZE")
    print(f"{events:,} events in {time.monotonic() - began:.0f} s", file=sys.stderr)
    later = now + timedelta(hours=9)
    processes = [
        Process.objects.create(
            name=f"host:{n}:abcd", server="uvicorn", started_at=now, renewed_at=now, expires_at=later
        )
        for n in range(4)
    ]
    LiveConnection.objects.bulk_create(
        LiveConnection(
            pk=f"{n:016x}", process=processes[n % 4], technique=("sse", "websocket", "ndjson")[n % 3], who_kind="user",
            who_id=f"u:{n % PEOPLE}", who_name=f"User {n % PEOPLE}", address=f"192.0.2.{n % 250}", opened_at=now,
            user_agent="Mozilla/5.0 (X11; Linux x86_64) Chrome/140", topics=f" topic:{n % TOPICS} big ", lag=n % 7,
            cursors={"big": {"position": f"{big.epoch}-{n}", "lag": n % 7}},
        )
        for n in range(connections)
    )  # fmt: skip
    Generation.objects.bulk_create(
        Generation(
            asked_by=f"u:{n % PEOPLE}", question="?", model="claude-sonnet-4-6", label="Claude", status="done",
            input_tokens=n % 9_000, output_tokens=n % 900, text="x" * 500,
        )
        for n in range(ANSWERS)
    )  # fmt: skip
    Job.objects.bulk_create(
        Job(kind="export", owner="u:1", owner_name="Ann", queued_at=now, status="done", done=n, total=9_999)
        for n in range(5_000)
    )
    File.objects.bulk_create(File(name=f"file-{n}", size=n, owner="u:1", owner_name="Ann") for n in range(5_000))
    kind = ContentType.objects.get_for_model(Topic).pk
    LogEntry.objects.bulk_create(
        LogEntry(user=root, content_type_id=kind, object_id="1", object_repr="big", action_flag=2, change_message="did")
        for _ in range(ENTRIES)
    )


def pages(events: int, connections: int) -> dict[str, str]:
    """What is asked for."""
    from django.utils import timezone

    from streams.models import Generation, Job, Topic

    big = Topic.objects.get(name="big")
    topic, log = f"/admin/streams/topic/{big.pk}", "/admin/streams/event/"
    hour = f"{timezone.now():%Y-%m-%dT%H}:00:00"
    return {
        "dashboard": "/admin/",
        "connections": "/admin/streams/liveconnection/",
        "connections, searched": "/admin/streams/liveconnection/?q=user+77",
        "connections of a topic": "/admin/streams/liveconnection/?topic=topic:7",
        "connections by lag": "/admin/streams/liveconnection/?o=-9",
        "connections, last page": f"/admin/streams/liveconnection/?p={connections // 50}",
        "a connection": "/admin/streams/liveconnection/0000000000000007/change/",
        "processes": "/admin/streams/process/",
        "topics": "/admin/streams/topic/",
        "topics, searched": "/admin/streams/topic/?q=big",
        "topics by last event": "/admin/streams/topic/?o=-9",
        "a topic": f"{topic}/change/",
        "trim, asked": f"{topic}/trim/",
        "delete, asked": f"{topic}/delete/",
        "events of all": log,
        "events of one": f"{log}?topic=big",
        "events, deep": f"{log}?topic=big&before={events // 2}",
        "events by type": f"{log}?topic=big&type=order",
        "events by rare text": f"{log}?topic=big&text=nowhere",
        "events of all by rare text": f"{log}?text=nowhere",
        "events by time": f"{log}?topic=big&until={hour}",
        "an event": f"{log}at/{big.pk}/{events // 2}/",
        "rooms": "/admin/streams/room/",
        "files": "/admin/streams/file/",
        "jobs": "/admin/streams/job/",
        "a job": f"/admin/streams/job/{Job.objects.first().pk}/change/",
        "answers": "/admin/streams/generation/",
        "answers of all times": "/admin/streams/generation/?period=all",
        "an answer": f"/admin/streams/generation/{Generation.objects.first().pk}/change/",
        "prices": "/admin/streams/modelprice/",
        "users": "/admin/auth/user/",
        "groups": "/admin/auth/group/",
        "tokens": "/admin/streams/token/",
        "bans": "/admin/streams/ban/",
        "audit log": "/admin/admin/logentry/",
        "audit log, searched": "/admin/admin/logentry/?q=big",
    }


def measure(events: int, connections: int) -> int:
    """Fill, ask, print the table; how many pages took too long."""
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    call_command("migrate", verbosity=0)
    fill(events, connections)
    client, slow = Client(), 0
    client.force_login(get_user_model().objects.get(username="root"))
    print(f"\n| page, {connection.vendor} | median ms | worst ms | CPU ms |\n|---|---|---|---|")
    for name, path in pages(events, connections).items():
        times, cpu = [], []
        for _ in range(ROUNDS + 1):
            began, cpu_began = time.perf_counter(), time.process_time()
            answer = client.get(path)
            times.append((time.perf_counter() - began) * 1_000)
            cpu.append((time.process_time() - cpu_began) * 1_000)
            assert answer.status_code == 200, (path, answer.status_code)
        median = statistics.median(times[1:])
        slow += median > LIMIT_MS
        flag = " !" if median > LIMIT_MS else ""
        print(f"| {name} | {median:.0f}{flag} | {max(times[1:]):.0f} | {statistics.median(cpu):.0f} |", flush=True)
    return slow


def main() -> None:
    """Measure on each database; one is a process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    os.environ["DJANGO_ALLOWED_HOSTS"] = "testserver"
    os.environ["DJANGO_DEBUG"], os.environ["DJANGO_SECRET_KEY"], os.environ["DJANGO_HTTPS"] = "0", "bench", "0"
    folder = Path(tempfile.mkdtemp(prefix="streams-bench-"))
    server = None
    try:
        if options.postgres:
            from tests.harness.components import Postgres

            os.chmod(folder, 0o755)
            (folder / "postgres").mkdir()
            server = Postgres(folder / "postgres")
            os.environ["DATABASE_URL"] = server.new_database()
        else:
            os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'bench.sqlite3'}"
        sys.exit(1 if measure(options.events, options.connections) else 0)
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
