"""Running sites for a whole module: these tests leave nothing behind that another one would see."""

import pytest

from tests.harness.site import SERVERS, Site


@pytest.fixture(scope="module", params=SERVERS)
def running(request, tmp_path_factory):
    """The site on either server, on SQLite."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}").set_up()
    site.manage("publish", "orders", "1")
    try:
        yield site.start()
    finally:
        site.kill()


@pytest.fixture(scope="module")
def writer(running):
    """The headers of a token that may publish, read and chat."""
    return running.token("--publish", "*", "--read", "*", "--chat")
