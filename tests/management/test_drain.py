"""``manage.py drain``, beside real processes and without one."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from streams.models import Process
from tests.harness.site import Site
from tests.harness.waiting import eventually


def a_process(name):
    now = timezone.now()
    expires = now + timedelta(seconds=60)
    signs = {"connections": {"sse": 2, "chat": 1}}
    Process.objects.create(name=name, server="Daphne", started_at=now, renewed_at=now, expires_at=expires, signs=signs)


@pytest.mark.django_db
def test_it_lists_those_who_might_be_meant():
    with pytest.raises(CommandError, match="No process serves this site"):
        call_command("drain")
    for name in ("web-1:10:ab12", "web-1:11:cd34"):
        a_process(name)
    with pytest.raises(CommandError, match=r"(?s)Which one\?.*:ab12  Daphne, serving, since .*, 3 streams.*:cd34"):
        call_command("drain")
    with pytest.raises(CommandError, match=r"2 processes are called 'web-1'"):
        call_command("drain", "web-1")
    with pytest.raises(CommandError, match=r"0 processes are called 'web-2'"):
        call_command("drain", "web-2")


@pytest.mark.django_db(transaction=True)
def test_it_says_so_where_the_process_does_not_hear(capsys):
    a_process("web-1:10:ab12")
    with pytest.raises(CommandError, match=r"web-1:10:ab12 has not said that it drains after 0\.2 s"):
        call_command("drain", timeout=0.2)
    assert "No other process serves this site" in capsys.readouterr().err


def test_it_ends_the_process_that_is_named_and_no_other(tmp_path, sqlite_url):
    env = {"STREAMS_VITALS_EVERY_S": "0.1", "STREAMS_DRAIN_NOTICE_S": "1"}
    sites = [Site(server, tmp_path, sqlite_url, **env) for server in ("daphne", "uvicorn")]
    sites[0].set_up()
    try:
        leaving, staying = [site.start() for site in sites]
        name = eventually(lambda: name_of(leaving), 30)
        done = staying.manage("drain", name, "--timeout", "30")
        first, last = done.stdout.strip().split("\n")
        assert (first, done.stderr) == (f"{name} drains.", "")
        assert last.startswith(f"{name} has ended after ")
        assert leaving.process.wait(10) == 0
        assert staying.answers()
        assert "Traceback" not in leaving.log() + staying.log()
    finally:
        for site in sites:
            site.kill()


def name_of(site):
    """The name under which a process stands in the database, from the list that the command prints."""
    listed = site.manage("drain", check=False).stderr
    return next((word for word in listed.split() if f":{site.process.pid}:" in word), None)
