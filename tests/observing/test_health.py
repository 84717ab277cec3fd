"""``/healthz`` and ``/readyz``: what they answer, to whom, and that they cost nothing."""

import asyncio
import json
import threading
from dataclasses import replace

import pytest

from streams.errors import CloseReason
from streams.observing.readiness import FRESH_S, readiness_of
from tests.harness.asgi import request
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)


async def ask(path, **headers):
    status, answered, body = await request("GET", path, headers=headers)
    return status, json.loads(body), answered


async def test_a_process_that_answers_is_alive():
    status, told, headers = await ask("/healthz")
    assert (status, told["status"], headers["cache-control"]) == (200, "ok", "no-store")
    assert len(told["process"]) == 4, "strangers see neither host nor process id"


async def test_one_that_has_all_that_it_needs_is_ready(hub):
    status, told, _ = await ask("/readyz")
    assert (status, told["status"]) == (200, "ready")
    assert told["checks"].keys() == {"database", "channel_layer", "loop", "migrations"}
    assert all(check["ok"] and check["ms"] >= 0 and "error" not in check for check in told["checks"].values())


async def test_probes_are_answered_by_any_name_without_tls_and_nobody_else_is(hub, settings):
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["example.org"], True
    for path in ("/healthz", "/readyz"):
        assert (await ask(path, Host="10.1.2.3:8000"))[0] == 200
        assert (await request("HEAD", path, headers={"Host": "10.1.2.3"}))[0] == 200
        status, headers, _ = await request("POST", path)
        assert (status, headers["allow"]) == (405, "GET, HEAD")


async def test_a_process_that_ends_is_not_ready_at_once(hub):
    assert (await ask("/readyz"))[0] == 200
    hub.draining = True  # its readers are not told yet
    status, told, _ = await ask("/readyz")
    assert (status, told["status"], told["error"]) == (503, "draining", "this process ends: told to")
    hub.end_streams(CloseReason.SHUTDOWN)
    status, told, _ = await ask("/readyz")
    assert (status, told["error"]) == (503, "this process ends: shutdown")
    assert (await ask("/healthz"))[0] == 200


async def test_however_many_ask_one_looks_once_a_second(hub, monkeypatch):
    asked = []
    run = hub.gateway.run
    monkeypatch.setattr(
        hub.gateway, "run", lambda function, *rest: asked.append(function.__name__) or run(function, *rest)
    )
    answers = await asyncio.gather(*[ask("/readyz") for _ in range(50)])
    assert {status for status, _, _ in answers} == {200}
    assert asked.count("_ping") == 1
    assert (await ask("/readyz"))[0] == 200
    assert asked.count("_ping") == 1
    readiness_of(hub)._seen_at -= FRESH_S
    assert (await ask("/readyz"))[0] == 200
    assert asked.count("_ping") == 2
    assert asked.count("migrations_missing") == 1, "once none is missing, nobody looks again"


async def test_a_database_that_hangs_holds_one_thread_and_is_named(hub, monkeypatch):
    """The threads of the gateway are taken by what hangs; a probe adds one that waits, not one each."""
    hub.settings = replace(hub.settings, ready_timeout_s=0.2)
    gate = threading.Event()
    taken = [asyncio.create_task(hub.gateway.run(gate.wait)) for _ in range(hub.settings.database_threads)]
    try:
        for _ in range(3):
            status, told, _ = await ask("/readyz")
            assert (status, told["status"]) == (503, "not ready")
            assert told["checks"]["database"]["error"].startswith("no answer for")
            assert "unknown" in told["checks"]["migrations"]["error"]
            assert told["checks"]["loop"]["ok"]
            readiness_of(hub)._seen_at -= FRESH_S
        waiting = [task for task in asyncio.all_tasks() if task.get_name() == "readiness: database"]
        assert len(waiting) == 1
    finally:
        gate.set()
        await asyncio.gather(*taken)

    async def is_ready():
        return (await ask("/readyz"))[0] == 200

    await aeventually(is_ready)


async def test_a_database_that_lacks_migrations_gets_no_traffic(hub, monkeypatch):
    from django.db.migrations.recorder import MigrationRecorder

    def forget(name):
        MigrationRecorder.Migration.objects.filter(app="streams", name=name).delete()

    last = await asyncio.to_thread(
        lambda: MigrationRecorder.Migration.objects.filter(app="streams").order_by("-name").first()
    )
    await asyncio.to_thread(forget, last.name)
    try:
        status, told, _ = await ask("/readyz")
        assert (status, told["checks"]["migrations"]["ok"]) == (503, False)
        assert told["checks"]["migrations"]["error"] == "the database lacks 1 migrations: run manage.py setup"
    finally:
        await asyncio.to_thread(MigrationRecorder.Migration.objects.create, app="streams", name=last.name)
