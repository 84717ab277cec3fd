"""What a room of 100,000 messages costs: its newest page, paging back, a page around a place, search, unread, export,
and until a browser shows it.

    python -m tests.bench.history [--messages 100000] [--postgres] [--every 10]

The rows are written to a database of its own, one message in ``--every`` with an answer of two versions and a reaction.
Each figure is the median of 20, with what the database took of it; over HTTP the median of 10 on Daphne. In Chromium
each of 10 visits is a new person's, with nothing in its cache.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.harness.components import Postgres, find_binary
from tests.harness.site import ROOT, Site

WORDS = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima")
ROUNDS, HTTP_ROUNDS = 20, 10


def fill(messages: int, every: int) -> None:
    """A room, with a rare word in every thousandth message and the common ones in all."""
    from datetime import timedelta

    from django.utils import timezone

    from streams.chat.rooms import ensure_room
    from streams.models import Generation, Member, Message, Reaction, Topic

    topic, now = ensure_room("bench", title="Bench").topic, timezone.now()
    rows, answers, seq = [], [], 0
    for n in range(messages):
        seq += 1
        words = [WORDS[(n * step) % len(WORDS)] for step in (1, 3, 7, 11)] * 3
        text = " ".join([f"message {n}", *words, "needle" if n % 1_000 == 0 else ""])
        made = now - timedelta(seconds=messages - n)
        author = {"author_id": f"u:{n % 50}", "author_name": f"Person {n % 50}", "author_kind": "user"}
        rows.append(Message(topic=topic, seq=seq, text=text, created_at=made, client_id=f"c{n}", **author))
        if n % every == 0:
            for version in (1, 2):
                answers.append(
                    Generation(
                        topic=topic, start_seq=seq + version, end_seq=seq + version, message_seq=seq, version=version,
                        chosen=version == 2, asked_by="u:1", asked_by_name="Person 1", question=text, model="m",
                        label="Claude", status="done", text=f"answer {n} " + "lorem ipsum " * 150, output_tokens=400,
                        html="<p>lorem</p>" * 100, input_tokens=100,
                    )
                )  # fmt: skip
            seq += 2
    Message.objects.bulk_create(rows, batch_size=2_000)
    Generation.objects.bulk_create(answers, batch_size=500)
    some = Message.objects.filter(topic=topic)[: messages // every]
    Reaction.objects.bulk_create(
        (Reaction(message=one, person="u:3", name="P", emoji="👍") for one in some), batch_size=2_000
    )
    Topic.objects.filter(pk=topic.pk).update(head=seq)
    Member.objects.create(room=topic.room, person="u:99", name="Reader", read_seq=1)


def measure() -> None:
    """Each function in this process, with the time that its queries took."""
    from django.db import connection, reset_queries
    from django.test.utils import CaptureQueriesContext

    from streams.chat.history import Wanted, history
    from streams.chat.search import search
    from streams.models import Room
    from streams.publishing import Identity

    room, who = Room.objects.select_related("topic").get(slug="bench"), Identity("user", "u:99", "Reader")
    other, middle = Room.objects.select_related("topic").get(slug="lobby"), room.topic.head // 2
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
    parts: dict[str, Callable[[], object]] = {
        "newest page, with unread": lambda: history(room, who=who),
        "page before the middle": lambda: history(room, Wanted(before=middle)),
        "the oldest page": lambda: history(room, Wanted(before=60)),
        "page around the middle": lambda: history(room, Wanted(around=middle)),
        "search: a rare word": lambda: search([room], "needle"),
        "search: in every message": lambda: search([room], "message"),
        "search: two common words": lambda: search([room], "bravo golf"),
        "search: a phrase": lambda: search([room], '"alpha bravo"'),
        "search: a beginning": lambda: search([room], "me*"),
        "search: nothing there": lambda: search([room], "absent"),
        "search: letter by letter": lambda: search([room], "天気"),
        "search: everywhere, common": lambda: search([room, other], "message"),
    }
    for name, part in parts.items():
        whole, asked, queries = [], [], 0
        for _ in range(ROUNDS):
            reset_queries()
            with CaptureQueriesContext(connection) as captured:
                begun = time.perf_counter()
                part()
                whole.append((time.perf_counter() - begun) * 1000)
            asked.append(sum(float(query["time"]) for query in captured.captured_queries) * 1000)
            queries = len(captured)
        whole_ms, asked_ms = statistics.median(whole), statistics.median(asked)
        print(f"{name:28} {whole_ms:7.1f} ms  database {asked_ms:6.1f} ms  {queries} queries", flush=True)


def over_http(site: Site) -> None:
    """A whole answer, as curl has it."""
    headers = f"Authorization: Bearer {site.token('--read', 'room:*')['Authorization'].split()[1]}"
    for path in ("/rooms/bench/history", "/rooms/bench/search?q=message", "/rooms/bench/export?format=json"):
        rounds = 1 if "export" in path else HTTP_ROUNDS
        took = []
        for _ in range(rounds):
            written = "%{time_total} %{size_download} %{http_code}"
            command = ["curl", "-s", "-o", os.devnull, "-w", written, "-H", headers, site.url + path]
            took.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        seconds = statistics.median(float(one[0]) for one in took)
        print(f"GET {path:32} {seconds * 1000:7.0f} ms  {int(took[0][1]):,} bytes  {took[0][2]}")


async def in_a_browser(site: Site) -> None:
    """From the click on the link until the newest line is in sight, the page has loaded, and it is connected."""
    from playwright.async_api import async_playwright

    from tests.harness.browsing import ARGUMENTS

    took: dict[str, list[float]] = {"newest line in sight": [], "load event": [], "connected": []}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_binary("chromium"), args=ARGUMENTS)
        for _ in range(HTTP_ROUNDS):
            context = await browser.new_context()
            page = await context.new_page()
            begun = time.perf_counter()
            await page.goto(f"{site.url}/rooms/bench/", wait_until="commit")
            for name, seen in (
                ("newest line in sight", page.locator(".entry").last.wait_for()),
                ("load event", page.wait_for_load_state()),
                ("connected", page.locator("#state[data-state=live]").wait_for()),
            ):
                await seen
                took[name].append((time.perf_counter() - begun) * 1000)
            await context.close()
        await browser.close()
    for name, times in took.items():
        print(f"Chromium: {name:26} {statistics.median(times):7.0f} ms  at most {max(times):.0f} ms")


def main() -> None:
    """Set up, fill, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--postgres", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        postgres = Postgres(Path(tempfile.mkdtemp(prefix="streams-postgres-"))) if asked.postgres else None
        url = f"sqlite:///{folder / 'bench.sqlite3'}" if postgres is None else postgres.new_database()
        site = Site("daphne", folder, url).set_up()
        try:
            code = (
                "import django; django.setup(); from tests.bench import history; "
                f"history.fill({asked.messages}, {asked.every}); history.measure()"
            )
            environ = site.env | {"DJANGO_SETTINGS_MODULE": "project.settings"}
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)
            over_http(site.start())
            asyncio.run(in_a_browser(site))
        finally:
            site.kill()
            if postgres is not None:
                postgres.stop()
                shutil.rmtree(postgres.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
