"""What a report of a million events costs: its first byte, its speed beside the database's own tool, its memory.

    python -m tests.bench.report [--server daphne] [--databases sqlite postgres] [--rows 1000000]

curl reads the report into a file; memory is the server's, sampled every 20 ms from outside, beyond what it had after a
first small report. ``sqlite3 -csv`` or psql's ``\\copy`` then write the same columns of the same table, and all rows of
both files are compared. The figures to quote are the first byte, the growth, and the ratio to the tool.
"""

import argparse
import csv
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from tests.harness.components import Postgres, find_binary
from tests.harness.site import SERVERS, Site

TOPIC = "bench"
COLUMNS = "seq,type,key,data"
FORMATS = {"csv": "", "csv, gzip": "", "ndjson": "&format=ndjson"}
SAMPLE_S = 0.02
SERIES = {
    "sqlite": "WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < {rows}) {insert} FROM n",
    "postgresql": "{insert} FROM generate_series(1, {rows}) AS n(g)",
}
INSERT = """
INSERT INTO streams_event (topic_id, seq, type, data, created_at)
SELECT {topic}, g, 'order_update', '{{"number":' || g || ',"state":"paid","note":"' || '{note}' || '"}}', {now}
"""
FILL = """
from django.db import connection
from django.utils import timezone
from streams.models import Topic
topic = Topic.objects.create(name="bench", visibility="public", head={rows}, retain_events=10**9, retain_s=10**9)
now = "'" + timezone.now().isoformat(" ")[:26] + "'" + ("::timestamptz" if connection.vendor == "postgresql" else "")
insert = {insert!r}.format(topic=topic.pk, note="x" * 60, now=now)
with connection.cursor() as cursor:
    cursor.execute({series!r}[connection.vendor].format(rows={rows}, insert=insert))
    cursor.execute("ANALYZE")
"""


@contextmanager
def filled(server: str, database: str, rows: int) -> Iterator[Site]:
    """A site with the topic, running."""
    folder, postgres = Path(tempfile.mkdtemp(prefix="streams-bench-")), None
    url = f"sqlite:///{folder / 'site.sqlite3'}"
    if database == "postgres":
        (folder / "postgres").mkdir()
        folder.chmod(0o755)  # PostgreSQL runs as another user
        postgres = Postgres(folder / "postgres")
        url = postgres.new_database()
    site = Site(server, folder, url, DJANGO_DEBUG="1").set_up()
    site.manage("shell", "-v0", "-c", FILL.format(rows=rows, insert=INSERT, series=SERIES), timeout_s=600)
    try:
        yield site.start()
    finally:
        site.kill()
        if postgres is not None:
            postgres.stop()
        shutil.rmtree(folder)


class Memory:
    """The resident memory of a site for as long as the block runs; ``growth`` in bytes."""

    def __init__(self, site: Site) -> None:
        self._site, self._done = site, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.growth = 0

    def _watch(self) -> None:
        before = self._site.stats.memory_info().rss
        while not self._done.wait(SAMPLE_S):
            self.growth = max(self.growth, self._site.stats.memory_info().rss - before)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def download(site: Site, query: str, file: Path, *options: str) -> tuple[float, float]:
    """Seconds to the first byte of the body, and to the last."""
    url = f"{site.url}/report?topic={TOPIC}&columns={COLUMNS}{query}"
    command = [find_binary("curl"), "-sf", *options, "-o", str(file), "-w", "%{time_starttransfer} %{time_total}", url]
    first, whole = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    return float(first), float(whole)


def by_tool(site: Site, file: Path) -> float:
    """Seconds that the database's own program takes to write the same columns."""
    select = (
        f"SELECT {COLUMNS} FROM streams_event WHERE topic_id = "
        f"(SELECT id FROM streams_topic WHERE name = '{TOPIC}') ORDER BY seq"
    )
    url = site.env["DATABASE_URL"]
    if url.startswith("sqlite"):
        command = [find_binary("sqlite3"), "-csv", url.removeprefix("sqlite:///"), select]
    else:
        copy = f"\\copy ({select}) TO STDOUT CSV"
        command = [find_binary("psql"), url.replace("postgres:", "postgresql:"), "-qc", copy]
    begun = time.monotonic()
    with file.open("wb") as out:
        subprocess.run(command, stdout=out, check=True)
    return time.monotonic() - begun


def check_same(ours: Path, theirs: Path, rows: int) -> None:
    """Every row of one is the row of the other, and the footer counts them."""
    with ours.open(newline="") as one, theirs.open(newline="") as other:
        lines = csv.reader(one, strict=True)
        assert next(lines) == COLUMNS.split(",")
        count = 0
        for mine, their in zip(islice(lines, rows), csv.reader(other, strict=True), strict=True):
            assert mine == their, f"{mine} is {their}"
            count += 1
        assert count == rows
        assert list(lines) == [[f"total: {rows}", "", "", ""]]


def measure(server: str, database: str, rows: int) -> None:
    with filled(server, database, rows) as site:
        file, other = site.folder / "report", site.folder / "tool"
        download(site, "&type=none", file)
        for name, query in FORMATS.items():
            options = ["-H", "Accept-Encoding: gzip"] if "gzip" in name else []
            with Memory(site) as memory:
                first_s, whole_s = download(site, query, file, *options)
            figures = f"first byte {first_s * 1000:5.1f} ms  {rows / whole_s:9,.0f} rows/s  {whole_s:5.2f} s"
            size = file.stat().st_size / 1e6
            print(f"{server:8} {database:9} {name:10} {figures}  {size:6.1f} MB  memory +{memory.growth / 1e6:.1f} MB")
            if name == "csv":
                tool_s = by_tool(site, other)
                check_same(file, other, rows)
                print(f"{'':8} {database:9} {'its tool':10} {'':18}  {rows / tool_s:9,.0f} rows/s  {tool_s:5.2f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, action="append")
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "postgres"), default=["sqlite", "postgres"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    for server in options.server or SERVERS:
        for database in options.databases:
            measure(server, database, options.rows)


if __name__ == "__main__":
    main()
