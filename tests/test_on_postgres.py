"""Both databases run the same tests: the parts that ask the database, once more on PostgreSQL."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.harness.site import ROOT

PARTS = [  # hub, transports, files and jobs meet both databases in tests/conformance and tests/faults
    "eventlog", "publishing", "connections", "storage", "reports",
    "chat/test_history.py chat/test_messages.py chat/test_search.py",
]  # fmt: skip


@pytest.mark.skipif(settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="this run is on PostgreSQL")
@pytest.mark.parametrize("part", PARTS)
def test_the_same_tests_pass_on_postgresql(postgres, tmp_path, part):
    options = ["-p", "no:cacheprovider", "-x", f"--basetemp={tmp_path / 'inner'}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(f"tests/{one}" for one in part.split())],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": postgres.new_database()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    assert " skipped" not in done.stdout
