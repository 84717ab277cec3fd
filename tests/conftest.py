"""Fixtures for all tests: real components, the real site, the hub in the test's own loop."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.harness.components import Postgres, Redis
from tests.harness.fixtures import empty_tables
from tests.harness.site import SERVERS, Site

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background: what we start would not hear it either
    signal.signal(signal.SIGINT, signal.default_int_handler)

SITES = {"small"}  # a fixture whose parameter says which of the sites that others share
WORKERS = 3  # most of them wait; what the limits of the tests that measure are tried with


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """The whole suite runs in parallel processes; whoever names files, or says how many (``-n``), gets that.

    A worker is told what was on the command line and no more, so that it has to find out about the groups itself.
    """
    option = config.option
    if config.args_source is not pytest.Config.ArgsSource.TESTPATHS or option.usepdb or option.collectonly:
        return
    if "PYTEST_XDIST_WORKER" in os.environ:
        option.loadgroup = True
    elif getattr(option, "numprocesses", 0) is None:
        option.numprocesses, option.dist = WORKERS, "loadgroup"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that share a fixture, such as a running site, share a process too: it is made once.

    What takes longest begins first, so that nothing is waited for alone at the end.
    """
    items.sort(key=lambda item: item.path.name != "test_on_postgres.py")
    for item in items:
        made = item._fixtureinfo.name2fixturedefs
        shared = {name for name, fixtures in made.items() if fixtures[-1].scope in ("module", "package")}
        if shared:
            params = item.callspec.params if hasattr(item, "callspec") else {}
            variant = [str(params[name]) for name in sorted((shared | SITES) & params.keys())]
            item.add_marker(pytest.mark.xdist_group("-".join([item.path.stem, *variant])))


@pytest.fixture(scope="session", autouse=True)
def _lean_flush():
    """Between tests the tables are emptied, not rebuilt as Django's ``flush`` does it."""
    from django.test import TransactionTestCase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """SQLite's test database is a file: threads must see each other's rows as in real life."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL of our own; not below pytest's folder, which only the user who runs the tests may enter."""
    folder = Path(tempfile.mkdtemp(prefix="streams-postgres-"))
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_server(tmp_path):
    """A Redis of our own, which the test may kill and start again."""
    server = Redis(tmp_path)
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request, tmp_path):
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'site.sqlite3'}"
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def sqlite_url(tmp_path):
    """An empty SQLite database."""
    return f"sqlite:///{tmp_path / 'site.sqlite3'}"


@pytest.fixture
def make_site(tmp_path):
    """``make_site(server, database_url, **env)``: a site that is set up but not started; ended with the test."""
    sites: list[Site] = []

    def make(server: str, url: str, **env: str) -> Site:
        site = Site(server, Path(tmp_path), url, **env).set_up()
        sites.append(site)
        return site

    yield make
    for site in sites:
        site.kill()


@pytest.fixture(params=SERVERS)
def server(request):
    """The name of either server."""
    return request.param


@pytest.fixture
def site(make_site, server, sqlite_url):
    """The site on either server, on SQLite, running."""
    return make_site(server, sqlite_url).start()


@pytest.fixture
async def hub(transactional_db):
    """The hub of the test's loop, closed with the test."""
    from streams.hub import close_hub, current_hub

    yield await current_hub()
    await close_hub()
