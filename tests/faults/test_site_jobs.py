"""Jobs of real sites: followed by real clients, and killed, drained and cancelled together with their processes."""

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.harness.components import Postgres, find_binary
from tests.harness.site import ROOT
from tests.harness.waiting import eventually

ITEMS = 10_000
OVER = ("done", "failed", "cancelled", "interrupted")
ENV = {"DJANGO_SETTINGS_MODULE": "tests.jobs.site_settings", "STREAMS_JOB_LEASE_S": "2"}
ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "poll": "application/json"}


class Client(httpx.Client):
    """A program with a token, that starts jobs and looks at them."""

    def start(self, kind, **params):
        """The URL of a new job."""
        return self.answer("POST", "/jobs", json={"kind": kind, "params": params})["url"]

    def answer(self, method, url, **rest):
        """The JSON of an answer that must be good."""
        answer = self.request(method, url, **rest)
        assert answer.is_success, answer.text
        return answer.json()

    def job(self, url):
        return self.answer("GET", url)

    def when(self, url, *statuses, done=0, limit_s=30):
        """The job, once it has one of these statuses and so many items are done."""

        def there():
            try:
                job = self.job(url)
            except httpx.TransportError:
                return None
            return job if job["status"] in (statuses or OVER) and job["done"] >= done else None

        return eventually(there, limit_s)

    def events(self, topic, until="job.end"):
        """All events of a topic, up to one of that type."""
        query = {"last_event_id": "earliest", "until": until, "transport": "ndjson"}
        lines = self.get(f"/events/{topic}", params=query).text.splitlines()
        return [line for line in map(json.loads, filter(None, lines)) if "id" in line]


@pytest.fixture
def stack():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def client_of(stack):
    """``client_of(site)``: a program that may publish, upload, and read what the tests publish."""

    def make(site, *scopes):
        headers = site.token(*(scopes or ("--publish", "*", "--read", "copy", "--files")))
        return stack.enter_context(Client(base_url=site.url, headers=headers, timeout=30))

    return make


@pytest.fixture
def start_worker(stack, tmp_path):
    """``start_worker(site)``: ``manage.py worker`` in the site's environment, once it runs."""

    def start(site):
        command = [sys.executable, "-W", "ignore", "manage.py", "worker"]
        log = (tmp_path / "worker.log").open("ab")
        worker = subprocess.Popen(command, cwd=ROOT, env=site.env, stdout=subprocess.PIPE, stderr=log)
        stack.callback(log.close)
        stack.callback(worker.stdout.close)
        stack.callback(worker.wait)
        stack.callback(worker.kill)
        assert worker.stdout.readline().startswith(b"Running jobs")
        return worker

    return start


@pytest.fixture(params=[("daphne", "sqlite"), ("uvicorn", "postgres")], ids="-".join)
def site(request, make_site, tmp_path):
    """Either server on either database, running, with jobs of an app of its own."""
    server, database = request.param
    url = f"sqlite:///{tmp_path / 'site.sqlite3'}"
    if database == "postgres":
        url = request.getfixturevalue("postgres").new_database()
    return make_site(server, url, **ENV).start()


def test_ten_thousand_events_are_each_imported_once_though_the_server_is_killed_half_way(site, client_of):
    client = client_of(site)
    text = "".join(f'{{"number": {number}}}\n' for number in range(ITEMS))
    assert client.put("/files/numbers.ndjson", content=text.encode()).status_code == 201
    url = client.start("import", file="numbers.ndjson", topic="copy", per_second=6_000)
    for part in (0.3, 0.6):
        client.when(url, "running", done=int(ITEMS * part))
        site.kill()
        site.start()
        before = client.job(url)
        assert (before["status"], before["done"] < ITEMS) == ("running", True)
    job = client.when(url)
    assert (job["status"], job["done"], job["total"], job["attempts"]) == ("done", ITEMS, ITEMS, 3), job
    assert job["result"]["published"] == ITEMS
    client.post("/events/copy", json={"type": "over", "data": None}).raise_for_status()
    *events, _ = client.events("copy", until="over")
    assert [event["data"]["number"] for event in events] == list(range(ITEMS))
    told = [event["data"]["done"] for event in client.events(job["topic"]) if event["type"] == "job.progress"]
    assert told == sorted(told)


def test_a_job_that_can_not_go_on_is_told_to_be_interrupted_after_its_server_was_killed(site, client_of):
    client = client_of(site)
    url = client.start("bake")
    client.when(url, "running", done=20)
    site.kill()
    site.start()
    job = client.when(url)
    assert (job["status"], job["error"]["code"]) == ("interrupted", "interrupted")
    assert 20 <= job["done"] < 2_000
    events = client.events(job["topic"])
    assert [event["type"] for event in events].count("job.end") == 1
    assert events[-1]["data"].items() >= {"done": True, "status": "interrupted", "count": job["done"]}.items()
    client.answer("POST", url + "/retry")
    assert client.when(url, "running", done=5)["done"] < job["done"]
    client.answer("POST", url + "/cancel")
    client.when(url, "cancelled")


def test_a_job_moves_from_a_killed_server_to_a_worker(site, client_of, start_worker):
    client = client_of(site)
    url = client.start("bake.on", items=600)
    before = client.when(url, "running", done=50)
    worker = start_worker(site)
    site.kill()
    site.env["STREAMS_RUN_JOBS"] = "0"
    site.start()
    job = client.when(url)
    assert (job["status"], job["done"], job["attempts"]) == ("done", 600, 2)
    told = [event["data"]["done"] for event in client.events(job["topic"]) if event["type"] == "job.progress"]
    assert told == sorted(told)
    assert told[-1] == 600 > before["done"]
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0


def test_a_job_in_a_worker_is_cancelled_by_a_request_to_the_server(make_site, sqlite_url, client_of, start_worker):
    site = make_site("daphne", sqlite_url, **ENV, STREAMS_RUN_JOBS="0").start()
    client = client_of(site)
    url = client.start("bake.on")
    assert client.job(url)["status"] == "queued"
    start_worker(site)
    client.when(url, "running", done=5)
    for _ in range(2):
        client.answer("POST", url + "/cancel")
    job = client.when(url, limit_s=5)
    assert (job["status"], job["done"] < 2_000) == ("cancelled", True)


def test_an_ending_worker_gives_its_job_to_the_next_at_once(make_site, sqlite_url, client_of, start_worker):
    env = ENV | {"STREAMS_JOB_LEASE_S": "60", "STREAMS_RUN_JOBS": "0"}
    site = make_site("daphne", sqlite_url, **env).start()
    client = client_of(site)
    goes_on, ends = client.start("bake.on", items=400), client.start("bake", items=400)
    for number in (signal.SIGTERM, signal.SIGINT):
        worker = start_worker(site)
        before = client.job(goes_on)["done"]
        client.when(goes_on, "running", done=before + 20)
        client.when(ends, "running", done=20)
        worker.send_signal(number)
        assert worker.wait(10) == 0
        waiting, ended = client.job(goes_on), client.job(ends)
        assert (waiting["status"], waiting["done"] >= before + 20, waiting["attempts"]) == ("queued", True, 0)
        assert ended["status"] == "interrupted"
        client.answer("POST", ends + "/retry")
    start_worker(site)
    assert client.when(goes_on)["status"] == "done"


def test_a_drained_server_gives_its_job_back_and_goes_on_with_it_after_the_restart(site, client_of):
    client = client_of(site)
    url = client.start("bake.on", items=300)
    topic = client.when(url, "running", done=20)["topic"]
    with client.stream("GET", f"/events/{topic}?until=job.end&transport=ndjson") as stream:
        lines = stream.iter_lines()
        next(lines)
        assert site.terminate() in (0, -signal.SIGTERM)
        told = [json.loads(line) for line in lines if line]
    assert told[-1]["type"] == "stream.close"
    assert "job.queued" in [line["type"] for line in told]
    site.start()
    job = client.when(url)
    assert (job["status"], job["done"], job["attempts"]) == ("done", 300, 1)


@pytest.mark.parametrize("technique", ACCEPT)
def test_a_job_is_followed_in_its_own_answer(site, client_of, technique):
    client = client_of(site)
    request = {"kind": "bake.on", "params": {"items": 30}}
    answer = client.post("/jobs?follow=1", json=request, headers={"Accept": ACCEPT[technique]})
    check_progress(technique, answer.status_code, answer.text, 30)
    curl = [find_binary("curl"), "-sN", "--max-time", "30", f"{site.url}/jobs?follow=1&transport={technique}"]
    headers = [f"Authorization: {client.headers['authorization']}", "Content-Type: application/json"]
    options = [word for header in headers for word in ("-H", header)]
    done = subprocess.run(
        [*curl, *options, "-d", json.dumps(request)], capture_output=True, text=True, check=True, timeout=60
    )
    check_progress(technique, 200, done.stdout, 30)


def check_progress(technique, status, text, items):
    """Lines of progress, and as the last one the end."""
    assert status == 200, text
    if technique == "poll":
        told = [event["data"] for event in json.loads(text)["events"]]
    elif technique == "ndjson":
        told = [line["data"] for line in map(json.loads, filter(None, text.splitlines())) if "id" in line]
    else:
        told = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]
    assert told[-1].items() >= {"done": True, "status": "done", "total": items, "result": {"baked": items}}.items()
    steps = [line["done"] for line in told if "status" not in line]
    assert steps == sorted(steps)
    assert steps[-1] == items
    assert len(steps) > 1


def test_another_programs_job_is_like_one_that_is_missing(site, client_of):
    client, stranger = client_of(site), client_of(site, "--publish", "*", "--read", "copy")
    url = client.start("bake.on", items=1)
    topic = client.when(url)["topic"]
    for method, path in (
        ("GET", url),
        ("POST", url + "/cancel"),
        ("POST", url + "/retry"),
        ("GET", f"/events/{topic}"),
    ):
        assert stranger.request(method, path).status_code == 404
    assert stranger.answer("GET", "/jobs") == {"jobs": []}
    assert httpx.get(site.url + url).status_code == 401


async def test_two_servers_share_the_jobs_and_run_each_once(make_site, postgres, client_of):
    url = postgres.new_database()
    first = await asyncio.to_thread(make_site, "daphne", url, **ENV)
    second = await asyncio.to_thread(make_site, "uvicorn", url, **ENV)
    await asyncio.to_thread(first.start)
    await asyncio.to_thread(second.start)
    client = client_of(first)
    urls = [client.start("bake.on", items=20) for _ in range(12)]
    jobs = [await asyncio.to_thread(client.when, one) for one in urls]
    assert {(job["status"], job["done"], job["attempts"]) for job in jobs} == {("done", 20, 1)}
    for job in jobs:
        types = [event["type"] for event in client.events(job["topic"])]
        assert types.count("job.started") == types.count("job.end") == 1


def test_a_server_that_slept_through_its_lease_leaves_the_job_to_who_took_it(
    make_site, postgres, client_of, start_worker, stack
):
    env = ENV | {"STREAMS_JOB_PROGRESS_PER_S": "2"}  # or it might fall asleep in a transaction
    site = make_site("uvicorn", postgres.new_database(), **env).start()
    other = make_site("daphne", site.env["DATABASE_URL"], **env, STREAMS_RUN_JOBS="0").start()
    client = client_of(site)
    witness = stack.enter_context(Client(base_url=other.url, headers=client.headers, timeout=30))
    url = client.start("bake.on", items=900)
    witness.when(url, "running", done=100)
    start_worker(site)
    site.process.send_signal(signal.SIGSTOP)
    eventually(lambda: witness.job(url)["attempts"] == 2, limit_s=20)
    site.process.send_signal(signal.SIGCONT)
    job = witness.when(url)
    assert (job["status"], job["done"], job["attempts"]) == ("done", 900, 2)
    events = witness.events(job["topic"])
    assert [event["type"] for event in events].count("job.end") == 1
    told = [event["data"]["done"] for event in events if event["type"] == "job.progress"]
    assert told == sorted(set(told))
    eventually(lambda: "its claim is lost" in site.log())


def test_jobs_go_on_after_the_database_was_away(make_site, client_of, stack):
    database = Postgres(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="streams-postgres-"))))
    stack.callback(database.stop)
    site = make_site("daphne", database.new_database(), **ENV | {"STREAMS_JOB_LEASE_S": "20"}).start()
    client = client_of(site)
    urls = [client.start("bake.on", items=500), client.start("bake", items=500)]
    for url in urls:
        client.when(url, "running", done=20)
    database.stop()
    eventually(lambda: client.get(urls[0]).status_code == 503)
    database.start()
    eventually(lambda: all(client.get(url).is_success for url in urls * 8))  # each thread finds it at its next call
    jobs = [client.when(url) for url in urls]
    assert [(job["status"], job["done"]) for job in jobs] == [("done", 500)] * 2
