"""What ``/readyz`` and ``/metrics`` say of a real site while its database, its Redis or its own loop fails."""

import os
import signal
import time
from contextlib import contextmanager

import httpx
import psutil
import pytest

from tests.harness.components import Redis
from tests.harness.site import Site
from tests.harness.waiting import eventually
from tests.observing.conftest import read_metrics, value

LIMIT_S = 0.5  # STREAMS_READY_TIMEOUT_S here
TOKEN = {"Authorization": "Bearer scrape-0123456789"}


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def site(postgres, redis, tmp_path_factory):
    """With a database and a Redis that may fail; ready again after each test."""
    env = {
        "REDIS_URL": redis.url,
        "STREAMS_READY_TIMEOUT_S": str(LIMIT_S),
        "STREAMS_METRICS_TOKEN": "scrape-0123456789",
        "DJANGO_HTTPS": "1",
    }
    site = Site("uvicorn", tmp_path_factory.mktemp("site"), postgres.new_database(), **env).set_up()
    try:
        answering = Answering(site)
        eventually(lambda: "streams_tasks{" in answering.get("/metrics", **TOKEN).text)  # it has had its first beat
        yield answering
    finally:
        site.kill()


class Answering:
    """Asks a site as a load balancer does: by address, without TLS."""

    def __init__(self, site):
        self.site = site
        site.answers = self.answers  # its pages are on another host, and on HTTPS
        site.start()

    def answers(self):
        assert self.site.process.poll() is None, self.site.log()
        try:
            return self.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path, **headers):
        return httpx.get(self.site.url + path, headers={"Host": "10.9.8.7", **headers}, timeout=10)

    def ready(self):
        """The status, what is told, and the seconds that it took."""
        begun = time.monotonic()
        answer = self.get("/readyz")
        return answer.status_code, answer.json(), time.monotonic() - begun

    def until(self, status, check=None):
        """Wait for that word; the check of that name."""
        told = eventually(lambda: (now := self.ready())[1]["status"] == status and now, limit_s=20)
        code, answer, took_s = told
        assert code == (503 if status == "not ready" else 200)
        assert took_s < 2 + 2 * LIMIT_S
        return answer["checks"][check] if check else answer


@contextmanager
def standing_still(*pids):
    """The processes neither run nor end, as behind a network that drops packets."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_without_redis_it_is_degraded_and_still_takes_traffic(site, redis):
    site.until("ready")
    with standing_still(redis.process.pid):
        assert site.until("degraded", "channel_layer")["needed"] is False
    site.until("ready")
    redis.stop()
    try:
        assert "Connect" in site.until("degraded", "channel_layer")["error"]
    finally:
        redis.start()
    site.until("ready")


def test_while_the_database_hangs_it_is_not_ready_and_still_alive(site, postgres):
    server = psutil.Process(int((postgres.folder / "data/postmaster.pid").read_text().splitlines()[0]))
    with standing_still(server.pid, *(child.pid for child in server.children())):
        hanging = site.until("not ready", "database")
        assert hanging["error"].startswith("no answer for")
        assert site.get("/healthz").status_code == 200, "killing the process would not help"
    site.until("ready")


def test_while_the_database_is_gone_it_says_so_and_still_tells_its_own_numbers(site, postgres):
    postgres.stop()
    try:
        assert "does not answer" in site.until("not ready", "database")["error"]
        found = read_metrics(site.get("/metrics", **TOKEN).text)
        assert value(found, "streams_database_up") == 0
        assert len(found["streams_tasks"]) == 1
    finally:
        postgres.start()
    site.until("ready")
    eventually(lambda: value(read_metrics(site.get("/metrics", **TOKEN).text), "streams_database_up") == 1)


def test_a_loop_that_stood_still_is_named_until_it_keeps_up_again(site):
    with standing_still(site.site.process.pid), pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{site.site.url}/healthz", timeout=4)  # twice the limit: a part of it may fall before a beat
    late = site.until("not ready", "loop")
    assert "kept others waiting" in late["error"] and "limit 2 s" in late["error"]
    site.until("ready")
