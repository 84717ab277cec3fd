"""The real site in a process of its own, on either server."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import psutil

from tests.harness.waiting import eventually, free_port

ROOT = Path(__file__).parents[2]
SERVERS = ("daphne", "uvicorn")


def manage(
    *arguments: str, env: Mapping[str, str], stdin: str | None = None, check: bool = True, timeout_s: float = 120
):
    """Run ``manage.py``; the finished process with its output as text."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", *arguments],
        cwd=ROOT, env=env, input=stdin, capture_output=True, text=True, check=check, timeout=timeout_s,
    )  # fmt: skip


class Site:
    """One server process; started again after ``kill`` it is the same site on the same port."""

    def __init__(self, server: str, folder: Path, database_url: str, port: int | None = None, **env: str) -> None:
        self.server, self.folder = server, folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}"
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not re.match("DJANGO_|STREAMS_|ANTHROPIC_|REDIS_|PYTEST", name)
        }
        self.env = {**inherited, "DATABASE_URL": database_url, "NO_PROXY": "127.0.0.1,localhost"} | env
        self.log_path = folder / f"{server}-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def set_up(self) -> "Site":
        """Migrate, and make the first room and topics."""
        self.manage("setup")
        return self

    def manage(self, *arguments: str, **options):
        """Run ``manage.py`` beside the site, in its environment."""
        return manage(*arguments, env=self.env, **options)

    def token(self, *arguments: str) -> dict[str, str]:
        """The headers of a new token: ``site.token("--publish", "*")``."""
        text = self.manage("createtoken", "test", *arguments).stdout.strip()
        return {"Authorization": f"Bearer {text}"}

    def command(self) -> list[str]:
        """What a person would type."""
        if self.server == "daphne":
            return ["manage.py", "runserver", "--noreload", str(self.port)]
        options = ["--ws-per-message-deflate", "false", "--timeout-graceful-shutdown", "8"]
        return ["-m", "uvicorn", "project.asgi:application", "--port", str(self.port), *options]

    def start(self) -> "Site":
        """Start, and wait until it answers."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command()], cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        eventually(self.answers, limit_s=60)
        return self

    def answers(self) -> bool:
        """Whether it serves a page."""
        try:
            return httpx.get(f"{self.url}/login/", timeout=5).status_code == 200
        except httpx.TransportError:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            return False

    def log(self) -> str:
        """All that it has written, over all its lives."""
        return self.log_path.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def terminate(self, limit_s: float = 20.0) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(limit_s)

    @property
    def stats(self) -> psutil.Process:
        """The process as the system sees it."""
        assert self.process is not None
        return psutil.Process(self.process.pid)
