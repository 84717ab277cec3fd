"""Under an autoreloading ``runserver`` the server is a thread that the main thread leaves behind: it drains too."""

import os
import signal
import sys

import psutil
import pytest

from tests.faults.served import ROOT, http_request, read_all, read_until
from tests.harness.waiting import eventually

COMMAND = """
from daphne.management.commands.runserver import Command as DaphneCommand
from project.server import StreamingServer

class Command(DaphneCommand):
    server_cls = StreamingServer
"""
SETTINGS = """
SECRET_KEY = "only for this test"
ALLOWED_HOSTS = ["*"]
DEBUG = True
INSTALLED_APPS = ["site_under_test", "daphne"]
ASGI_APPLICATION = "tests.faults.server_apps.app"
ROOT_URLCONF = "site_under_test.settings"
urlpatterns = []
"""


@pytest.fixture
def site(tmp_path, launch):
    """A site of its own, served by an autoreloading runserver."""
    commands = tmp_path / "site_under_test" / "management" / "commands"
    commands.mkdir(parents=True)
    for folder in (commands, commands.parent, commands.parent.parent):
        (folder / "__init__.py").touch()
    (commands / "runserver.py").write_text(COMMAND)
    (commands.parent.parent / "settings.py").write_text(SETTINGS)
    command = [sys.executable, "-m", "django", "runserver"]
    served = launch(command, PYTHONPATH=f"{tmp_path}:{ROOT}", DJANGO_SETTINGS_MODULE="site_under_test.settings")
    eventually(served.answers, 30)
    served.settings = commands.parent.parent / "settings.py"
    return served


def child(served):
    """The process that serves; the other one restarts it."""
    return psutil.Process(served.process.pid).children()[0]


def test_changed_file_drains_before_the_restart(site, dial):
    stream = dial(site, http_request("/quiet"))
    read_until(stream, b"begin\n")
    old = child(site).pid

    eventually(lambda: site.settings.write_text(SETTINGS) and "changed, reloading" in site.log())
    seen, was_reset = read_all(stream)

    assert seen.endswith(b"end\n\r\n0\r\n\r\n")
    assert not was_reset
    eventually(lambda: site.answers() and child(site).pid != old, 20)
    assert "quiet over" in site.log()
    assert "Traceback" not in site.log()


def test_terminated_server_drains_and_exits_with_0(site, dial):
    stream = dial(site, http_request("/quiet"))
    read_until(stream, b"begin\n")
    child(site).terminate()
    assert read_all(stream)[0].endswith(b"end\n\r\n0\r\n\r\n")
    assert site.exit_code(5) == 0
    assert "Traceback" not in site.log()


def test_ctrl_c_leaves_quietly(site, dial):
    stream = dial(site, http_request("/quiet"))
    read_until(stream, b"begin\n")
    os.killpg(site.process.pid, signal.SIGINT)
    assert read_all(stream)[0].endswith(b"end\n\r\n0\r\n\r\n")
    site.exit_code(5)
    assert "quiet over" in site.log()
    assert "Traceback" not in site.log()


def test_streams_that_do_not_end_hold_the_exit_up_for_at_most_three_seconds(site, dial):
    read_until(dial(site, http_request("/deaf-quiet")), b"begin\n")
    child(site).terminate()
    assert site.exit_code(4) == 0
    assert "deaf quiet over" in site.log()
