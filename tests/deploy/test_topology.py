"""What deploy/ describes, from processes: nginx, two of uvicorn, a worker, PostgreSQL and Redis. One of them dies."""

import asyncio
import json
import re
import shlex
import subprocess
import sys
from contextlib import ExitStack, asynccontextmanager, suppress

import httpx
import pytest
import websockets

from tests.deploy.test_units import setting
from tests.harness.components import Redis
from tests.harness.nginx import Nginx
from tests.harness.publishers import Ledger
from tests.harness.site import ROOT, Site
from tests.harness.waiting import aeventually
from tests.observing.conftest import read_metrics, value

TOPIC = "orders"
EVENTS = 300
RETRY_S = 0.05
SCRAPE = {"Authorization": "Bearer scrape-0123456789"}


class Unit(Site):
    """A process as its unit starts it, with the virtual environment and the port of here."""

    unit = "streams@.service"

    def command(self):
        program, *arguments = shlex.split(setting(self.unit, "ExecStart").replace("%i", str(self.port)))
        return arguments if program.endswith("python") else ["-m", program.rpartition("/")[2], *arguments]

    def answers(self):
        """As ``ExecStartPost`` asks."""
        assert self.process.poll() is None, self.log()
        wait = shlex.split(setting(self.unit, "ExecStartPost").replace("%i", str(self.port)))[1:]
        return subprocess.run([sys.executable, *wait], cwd=ROOT, check=False, capture_output=True).returncode == 0

    def lines(self):
        """What it has logged."""
        found = []
        for line in self.log().splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found


class Worker(Unit):
    """The process that runs jobs."""

    unit = "streams-worker.service"

    def answers(self):
        """Whether it has begun."""
        return "Running jobs" in self.log()


class Deployed:
    """All of it; ``apps`` are the serving processes."""

    def __init__(self, stack, folders, url):
        redis, media = Redis(folders("redis")), folders("media")
        stack.callback(redis.stop)
        env = {
            "DJANGO_DEBUG": "0",
            "DJANGO_SECRET_KEY": "a secret of sixty characters that nobody else has, whatever",
            "DJANGO_ALLOWED_HOSTS": "127.0.0.1",
            "DJANGO_BEHIND_PROXY": "1",
            "REDIS_URL": redis.url,
            "STREAMS_METRICS_TOKEN": "scrape-0123456789",
            "STREAMS_RUN_JOBS": "0",
            "STREAMS_ACCEL_PREFIX": "/stored-files",
            "STREAMS_MEDIA_ROOT": str(media),
            "STREAMS_STATIC_ROOT": str(folders("static")),
            "PYTHONUNBUFFERED": "1",
        }
        self.apps = [Unit("uvicorn", folders("app"), url, **env) for _ in range(2)]
        self.worker = Worker("worker", folders("worker"), url, **env)
        self.apps[0].set_up()
        self.headers = self.apps[0].token("--publish", "*", "--read", "*", "--files")
        self.first = self.apps[0].manage("publish", TOPIC, '"first"').stdout.strip()
        for process in (*self.apps, self.worker):
            stack.callback(process.kill)
            process.start()
        self.proxy = stack.enter_context(
            Nginx(folders("nginx"), [app.port for app in self.apps], files=media / "files")
        )

    def client(self, **options):
        """Through nginx."""
        return httpx.AsyncClient(
            base_url=self.proxy.url,
            verify=self.proxy.trust(),
            headers=self.headers,
            trust_env=False,
            timeout=30,
            **options,
        )

    def logged(self, request_id):
        """The access lines of a request, of whichever process had it."""
        return [line for app in self.apps for line in app.lines() if line.get("request_id") == request_id]


@pytest.fixture(scope="module")
def deployed(postgres, tmp_path_factory):
    with ExitStack() as stack:
        yield Deployed(stack, tmp_path_factory.mktemp, postgres.new_database())


class Seen:
    """What a reader has seen, and how often it had to come back."""

    def __init__(self, position):
        self.position, self.ids, self.data, self.opened = position, [], [], 0

    def took(self, event_id, data):
        """One event."""
        self.position = event_id
        self.ids.append(event_id)
        self.data.append(data)


@asynccontextmanager
async def coming_back(read, seen):
    """Read beside the block, again from the last position whenever it breaks."""

    async def run():
        while True:
            with suppress(httpx.TransportError, websockets.WebSocketException, OSError):
                await read(seen)
            await asyncio.sleep(RETRY_S)

    task = asyncio.create_task(run())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])


def by_events(deployed):
    async def read(seen):
        headers = {"Accept": "text/event-stream", "Last-Event-ID": seen.position}
        async with deployed.client() as client, client.stream("GET", f"/events/{TOPIC}", headers=headers) as answer:
            seen.opened += answer.status_code == 200
            event_id = ""
            async for line in answer.aiter_lines():
                name, _, text = line.partition(": ")
                event_id = text if name == "id" else event_id
                if name == "data":
                    seen.took(event_id, json.loads(text))

    return read


def by_socket(deployed):
    async def read(seen):
        url = f"{deployed.proxy.ws_url}/events/{TOPIC}?last_event_id={seen.position}"
        async with websockets.connect(
            url, ssl=deployed.proxy.trust(), additional_headers=deployed.headers, proxy=None
        ) as socket:
            seen.opened += 1
            async for frame in socket:
                event = json.loads(frame)
                if "id" in event:
                    seen.took(event["id"], event["data"])

    return read


async def publish(client, number, ledger):
    """Until it is acknowledged; the key makes that once."""
    event = {"data": number, "key": f"key-{number}"}
    while True:
        with suppress(httpx.TransportError):
            answer = await client.post(f"/events/{TOPIC}", json=event)
            if answer.status_code == 201:
                ledger.acknowledged[number] = answer.json()["id"]
                return
            assert answer.status_code in (502, 503, 504), answer.text
        await asyncio.sleep(RETRY_S)


async def test_a_process_dies_and_nothing_is_lost(deployed):
    ledger = Ledger()
    readers = [Seen(deployed.first) for _ in range(8)]
    async with deployed.client() as client:
        kinds = [by_events(deployed), by_socket(deployed)]
        async with asyncio.timeout(90):
            stack = [coming_back(kinds[number % 2], seen) for number, seen in enumerate(readers)]
            for one in stack:
                await one.__aenter__()
            try:
                await aeventually(lambda: all(seen.opened for seen in readers))
                for number in range(EVENTS):
                    await publish(client, number, ledger)
                    if number == EVENTS // 3:
                        await asyncio.to_thread(deployed.apps[0].kill)
                    if number == 2 * EVENTS // 3:
                        await asyncio.to_thread(deployed.apps[0].start)
                await aeventually(lambda: all(len(seen.ids) >= EVENTS for seen in readers), limit_s=30)
            finally:
                for one in stack:
                    await one.__aexit__(None, None, None)
    assert len(ledger.acknowledged) == EVENTS
    for seen in readers:
        assert seen.data == list(range(EVENTS))
        assert seen.ids == list(ledger.acknowledged.values())
    moved = [seen for seen in readers if seen.opened > 1]
    assert 0 < len(moved) < len(readers), "some were with the process that died, some were not"


async def test_the_id_of_a_request_is_the_same_from_end_to_end(deployed):
    async with deployed.client() as client:
        lie = {"X-Request-ID": "made-up-by-the-client"}
        answer = await client.get("/events/nothing-here?token=st_Zm9vYmFyYmF6", headers=lie)
    assert answer.status_code == 404
    request_id = answer.headers["x-request-id"]
    assert answer.json()["error"]["request_id"] == request_id != lie["X-Request-ID"]
    assert len(answer.headers.get_list("x-request-id")) == 1
    (line,) = await aeventually(lambda: deployed.logged(request_id))
    assert (line["status"], line["path"], line["client"]) == (404, "/events/nothing-here", "127.0.0.1")
    access = deployed.proxy.folder / "access.log"
    await aeventually(lambda: request_id in access.read_text())
    assert "st_Zm9vYmFyYmF6" not in access.read_text() + "".join(app.log() for app in deployed.apps)


async def test_whoever_answers_a_scrape_answers_for_all(deployed):
    async with deployed.client() as client:

        async def scraped():
            answer = await client.get("/metrics", headers=SCRAPE)
            assert answer.status_code == 200
            return read_metrics(answer.text)

        async def has_both():
            found = await scraped()
            alive = {dict(labels)["process"] for labels in found["streams_process_info"]}
            pids = {str(app.process.pid) for app in deployed.apps}
            return found if {name.split(":")[1] for name in alive} >= pids else None

        found = await aeventually(has_both, limit_s=20)
        assert value(found, "streams_database_up") == 1
        assert value(found, "streams_log_events") >= 1
        assert (await client.get("/metrics", headers={"Authorization": "Bearer wrong-0123456789"})).status_code == 401
        assert (await client.get("/healthz")).json()["status"] == "ok"
        assert (await client.get("/readyz")).status_code == 404, "it is for who stands inside"
        ready = await client.get(f"http://127.0.0.1:{deployed.apps[1].port}/readyz", headers={"Host": "10.0.0.2"})
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")


async def test_a_job_is_run_by_the_worker_and_its_file_sent_by_nginx(deployed):
    asked = {"kind": "export", "params": {"topic": TOPIC, "name": "orders.ndjson"}}
    async with deployed.client() as client:
        lines = (await client.post("/jobs?follow=1&transport=ndjson", json=asked)).text.splitlines()
        end = json.loads(lines[-1])
        assert (end["type"], end["data"]["status"]) == ("job.end", "done")
        file = await client.get(end["data"]["result"]["url"])
    assert len(file.text.splitlines()) == end["data"]["count"] >= 1
    assert "-" in file.headers["etag"], "nginx's own"


def test_all_end_in_peace_within_what_their_units_allow_and_start_again(deployed):
    limit_s = float(setting("streams@.service", "TimeoutStopSec"))
    for process in (*deployed.apps, deployed.worker):
        assert process.terminate(limit_s) in (0, -15)
        assert "Traceback" not in process.log()
        process.start()
    assert not [line for app in deployed.apps for line in app.log().splitlines() if not re.match(r"\{.*\}$", line)]
