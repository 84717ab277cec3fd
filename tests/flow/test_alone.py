"""The package serves any project: it needs no settings, and brings no Django in."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import asyncio, sys
from streams.flow import Pipe, Supervisor, TokenBucket, piped, rate_limited

async def numbers():
    for number in range(5):
        yield number

async def main():
    print([number async for number in rate_limited(piped(numbers(), 2), per_second=1_000, burst=5)])

asyncio.run(main())
print(sorted({"django", "asgiref", "channels", "streams.conf"} & sys.modules.keys()))
"""


def test_it_runs_in_an_interpreter_without_django_settings():
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == ["[0, 1, 2, 3, 4]", "[]"]
