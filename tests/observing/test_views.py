"""Who may read ``/metrics``, and that it is right."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from streams.connections import process_name
from streams.connections.signs import VitalSigns
from streams.connections.written import renew_process
from streams.models import Generation, Job, Process
from streams.publishing import apublish
from streams.publishing.tokens import create_token
from tests.harness.asgi import request
from tests.observing.conftest import read_metrics, value

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "scrape-0123456789"


def signed_in(**rights):
    """The cookie of a user."""
    user = get_user_model().objects.create_user("ada", password="x", **rights)
    session = SessionStore()
    session.update({"_auth_user_id": str(user.pk), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend"})
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    return {"Cookie": f"sessionid={session.session_key}"}


async def scrape(**rest):
    status, headers, body = await request("GET", "/metrics", **rest)
    return status, headers, body.decode()


@pytest.fixture
async def with_token(hub):
    hub.settings = replace(hub.settings, metrics_token=TOKEN)
    return {"Authorization": f"Bearer {TOKEN}"}


async def test_strangers_are_asked_for_a_token(hub, with_token, settings):
    for headers in ({}, {"Authorization": "Bearer scrape-wrong"}, {"Authorization": "Bearer "}):
        status, _, _ = await scrape(headers=headers)
        assert status in (400, 401)
    assert (await scrape())[1]["www-authenticate"].startswith("Bearer")


async def test_the_token_of_the_settings_and_no_other_lets_in(hub, with_token):
    status, headers, text = await scrape(headers=with_token)
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert read_metrics(text)
    _, other = await asyncio.to_thread(create_token, name="reader", read=["*"])
    assert (await scrape(headers={"Authorization": f"Bearer {other}"}))[0] == 403


async def test_an_empty_setting_is_no_token(hub):
    assert hub.settings.metrics_token == ""
    assert (await scrape(headers={"Authorization": "Bearer "}))[0] == 400


async def test_the_staff_may_and_members_may_not(hub):
    assert (await scrape(headers=await asyncio.to_thread(signed_in)))[0] == 403


async def test_staff(hub):
    assert (await scrape(headers=await asyncio.to_thread(lambda: signed_in(is_staff=True))))[0] == 200


async def test_all_may_where_the_settings_say_so_by_any_name_of_the_host(hub, settings):
    settings.ALLOWED_HOSTS = ["example.org"]
    hub.settings = replace(hub.settings, metrics_open=True)
    assert (await scrape(headers={"Host": "10.0.0.7:8000"}))[0] == 200
    assert (await request("GET", "/login/", headers={"Host": "10.0.0.7:8000"}))[0] == 400


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3",
            "application/openmetrics-text",
        ),
    ],
)
async def test_it_comes_in_the_format_that_is_asked_for(hub, with_token, accept, content_type):
    _, headers, text = await scrape(headers=with_token | {"Accept": accept})
    assert headers["content-type"].startswith(content_type)
    assert text.endswith("# EOF\n") == ("openmetrics" in content_type)
    assert read_metrics(text)


async def test_one_scrape_has_all_processes_that_live_and_what_the_site_keeps(hub, with_token):
    await apublish("orders", 1)
    await apublish("orders", 2)
    mine = VitalSigns(hub).read(loop_lag_s=0.01)

    def others():
        now = timezone.now()
        renew_process("uvicorn", datetime.now(UTC), False, mine, 10.0)
        for name, lives_s in (("other:1:aa", 5), ("dead:2:bb", -5)):
            expires_at = now + timedelta(seconds=lives_s)
            signs = mine | {"tasks": 77}
            Process.objects.create(
                name=name, server="Daphne", started_at=now, renewed_at=now, expires_at=expires_at, signs=signs
            )
        Job.objects.create(kind="trim", owner="u:1", owner_name="Ada", queued_at=now)
        answer = {"asked_by": "u:1", "question": "?", "model": "m", "label": "M", "status": "done"}
        Generation.objects.create(**answer, input_tokens=3, output_tokens=4)
        yesterday = Generation.objects.create(**answer, input_tokens=30, output_tokens=40)
        Generation.objects.filter(pk=yesterday.pk).update(created_at=now - timedelta(days=1))

    await hub.gateway.run(others)
    _, _, text = await scrape(headers=with_token)
    found = read_metrics(text)
    assert {dict(labels)["process"] for labels in found["streams_tasks"]} == {process_name(), "other:1:aa"}
    assert value(found, "streams_tasks", process="other:1:aa") == 77
    assert value(found, "streams_process_silence_seconds", process=process_name()) < 10
    assert value(found, "streams_topics") == 1
    assert value(found, "streams_log_events") == 2
    assert value(found, "streams_jobs", status="queued") == 1
    assert value(found, "streams_jobs", status="failed") == 0
    assert value(found, "streams_generations", status="done") == 2
    assert value(found, "streams_generation_tokens_today", direction="output") == 4
    assert value(found, "streams_database_size_bytes") > 10_000


async def test_a_process_tells_of_itself_alone_where_that_is_asked_for(hub, with_token):
    _, _, text = await scrape(headers=with_token, query={"process": "self"})
    assert "streams_tasks{" not in text  # before its first beat
    VitalSigns(hub).read(loop_lag_s=0.25)
    _, _, text = await scrape(headers=with_token, query={"process": "self"})
    found = read_metrics(text)
    assert value(found, "streams_event_loop_lag_seconds", process=process_name()) == 0.25
    assert "streams_database_up" not in found
    assert (await scrape(headers=with_token, query={"process": "other"}))[0] == 400
