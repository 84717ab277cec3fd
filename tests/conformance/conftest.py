"""Sites that run as long as this directory's tests do: topics are fresh for each test, a site is not."""

import os
import random
import secrets

import pytest

from tests.conformance.sites import SMALL, KitSite
from tests.harness.site import SERVERS


@pytest.fixture(scope="package")
def sites(tmp_path_factory, request):
    """``sites(server, database, **env)``: the running site of that kind; started the first time."""
    running: dict[tuple, KitSite] = {}

    def find(server, database, **env):
        kind = (server, database, *env.items())
        if kind not in running:
            folder = tmp_path_factory.mktemp("site")
            url = f"sqlite:///{folder / 'site.sqlite3'}"
            if database == "postgres":
                url = request.getfixturevalue("postgres").new_database()
            running[kind] = KitSite(server, folder, url, **env)
        return running[kind]

    yield find
    for site in running.values():
        site.end()


@pytest.fixture
def small(request, sites):
    """A site whose rings are small, so that readers cross the seam of ring and log all the time; takes its kind."""
    return sites(*request.param, **SMALL)


@pytest.fixture(scope="package", params=SERVERS)
def running(request, sites):
    """The site as it comes, on either server, on SQLite."""
    site = sites(request.param, "sqlite")
    site.manage("publish", "orders", "1")
    return site


@pytest.fixture(scope="package")
def writer(running):
    """The headers of a token that may publish, read and chat."""
    return running.headers


@pytest.fixture
def topic():
    """The name of a topic that is the test's own."""
    return f"topic-{secrets.token_hex(4)}"


@pytest.fixture
def chance(request):
    """What decides where and when faults strike; KIT_SEED=… repeats a run."""
    seed = os.environ.get("KIT_SEED") or secrets.token_hex(4)
    print(f"KIT_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")
