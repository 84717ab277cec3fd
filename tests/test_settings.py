"""Settings: what is wrong is named with its value; production starts safe or not at all."""

import os
import re
import runpy
import secrets
import subprocess
import sys
from dataclasses import fields

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler

from streams.apps import check_settings
from streams.conf import VISIBILITIES, StreamSettings, read_settings
from streams.models import Visibility
from tests.harness.asgi import Exchange
from tests.harness.site import ROOT

PRODUCTION = {
    "DJANGO_DEBUG": "0",
    "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
    "DJANGO_ALLOWED_HOSTS": "example.com",
}


def test_an_empty_environment_gives_the_defaults():
    assert read_settings({}) == StreamSettings()


def test_each_field_is_read_from_its_variable():
    assert read_settings({"STREAMS_HEARTBEAT_S": "7.5"}).heartbeat_s == 7.5
    assert read_settings({"STREAMS_RING_EVENTS": "9"}).ring_events == 9
    assert read_settings({"STREAMS_MODEL": "claude-next"}).model == "claude-next"
    assert read_settings({"HEARTBEAT_S": "7.5", "streams_heartbeat_s": "8"}) == StreamSettings()


@pytest.mark.parametrize(
    ("text", "guests"), [("1", True), ("0", False), ("true", True), ("No", False), ("on", True), ("OFF", False)]
)
def test_a_switch_may_be_written_in_many_ways(text, guests):
    assert read_settings({"STREAMS_GUESTS": text}).guests is guests


def test_a_switch_that_is_not_set_is_undecided():
    assert read_settings({}).guests is None


def test_a_misspelt_variable_is_told_by_the_check(monkeypatch):
    monkeypatch.setenv("STREAMS_HEARTBEAT", "7")
    monkeypatch.setenv("STREAMS_RETRY_MS", "700")
    assert [warning.msg for warning in check_settings()] == ["STREAMS_HEARTBEAT is no setting"]


def test_heartbeats_that_clients_do_not_wait_for_are_told_by_the_check(monkeypatch):
    monkeypatch.setattr("streams.apps.get_settings", lambda: read_settings({"STREAMS_HEARTBEAT_S": "50"}))
    assert [warning.msg for warning in check_settings()] == ["STREAMS_HEARTBEAT_S is 50 (should be at most 20)"]


def test_the_visibilities_are_the_models():
    assert list(VISIBILITIES) == Visibility.values


BAD = [
    ("STREAMS_HEARTBEAT_S", "soon", "float"),
    ("STREAMS_HEARTBEAT_S", "", "float"),
    ("STREAMS_HEARTBEAT_S", "0", "above 0"),
    ("STREAMS_HEARTBEAT_S", "-1.5", "above 0"),
    ("STREAMS_RING_EVENTS", "many", "int"),
    ("STREAMS_RING_EVENTS", "1.5", "int"),
    ("STREAMS_RING_EVENTS", "0", "above 0"),
    ("STREAMS_HEARTBEAT_S", "nan", "above 0"),
    ("STREAMS_HEARTBEAT_S", "inf", "finite"),
    ("STREAMS_DEFAULT_VISIBILITY", "publik", "members"),
    ("STREAMS_GUESTS", "maybe", "1 or 0"),
    ("STREAMS_GUESTS", "", "1 or 0"),
]


@pytest.mark.parametrize(("name", "value", "says"), BAD)
def test_a_bad_value_names_the_variable_and_the_value(name, value, says):
    with pytest.raises(ImproperlyConfigured) as refused:
        read_settings({name: value})
    assert name in str(refused.value)
    assert value in str(refused.value)
    assert says in str(refused.value)


@pytest.mark.parametrize("name", [field.name for field in fields(StreamSettings) if field.type in (int, float)])
def test_every_number_must_be_above_zero(name):
    with pytest.raises(ImproperlyConfigured, match=f"STREAMS_{name.upper()} is -3"):
        read_settings({f"STREAMS_{name.upper()}": "-3"})


def check(**env):
    """``manage.py check --deploy`` in an environment of its own."""
    inherited = {
        name: value for name, value in os.environ.items() if not re.match("DJANGO_|STREAMS_|DATABASE_|PYTEST", name)
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=inherited | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_production_environment_passes_the_deployment_check():
    done = check(**PRODUCTION)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("name", ["DJANGO_SECRET_KEY", "DJANGO_ALLOWED_HOSTS"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_production_does_not_start_without_its_secrets_and_hosts(name, how):
    env = {key: value for key, value in PRODUCTION.items() if key != name} | ({name: ""} if how == "empty" else {})
    done = check(**env)
    assert done.returncode != 0
    assert f"{name} is required when DJANGO_DEBUG is off" in done.stderr


async def test_the_connection_check_loads_where_the_scheme_does_not_arrive_and_nothing_else_does(settings):
    settings.SECURE_SSL_REDIRECT = True
    app = ASGIHandler()  # its middleware reads the settings when it is made
    async with Exchange("GET", "/diagnostics/", app=app) as page, Exchange("GET", "/login/", app=app) as login:
        assert (page.status, login.status) == (200, 301)


def test_postgresql_is_given_up_when_it_is_silent_and_its_url_may_say_otherwise(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://streams@localhost/streams?connect_timeout=30&sslmode=require")
    options = runpy.run_path(str(ROOT / "project/settings.py"))["DATABASES"]["default"]["OPTIONS"]
    assert options["tcp_user_timeout"] == 20_000
    assert (options["connect_timeout"], options["sslmode"]) == (30, "require")
