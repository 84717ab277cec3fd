"""How the suite runs itself."""

import os

import pytest


def test_a_whole_run_gives_the_tests_that_share_a_site_to_one_process(request):
    whole = request.config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if not whole or "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("not a worker of a whole run")
    grouped = [item for item in request.session.items if item.get_closest_marker("xdist_group")]
    assert all("@" in item.nodeid for item in grouped)  # what the controller goes by
