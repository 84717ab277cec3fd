"""The real site in a process of its own, on either server."""

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import psutil
import psycopg

from tests.harness.waiting import eventually, free_port

SETUP_READS = re.compile("DJANGO_|STREAMS_(STATIC_ROOT|DEFAULT_VISIBILITY)$")  # what makes another database of it
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


def inherited() -> dict[str, str]:
    """Our environment without what would make a site another one."""
    ours = re.compile("DJANGO_|STREAMS_|ANTHROPIC_|REDIS_|PYTEST")
    kept = {name: value for name, value in os.environ.items() if not ours.match(name)}
    return kept | {"NO_PROXY": "127.0.0.1,localhost"}


@cache
def plain_site() -> tuple[bytes, str]:
    """The SQLite file that ``manage.py setup`` makes whatever else is said, and admin's password: made once, copied."""
    with tempfile.TemporaryDirectory(prefix="streams-site-") as folder:
        path = Path(folder, "site.sqlite3")
        told = manage("setup", env=inherited() | {"DATABASE_URL": f"sqlite:///{path}"}).stdout
        return path.read_bytes(), told.split("once: ")[1].split()[0]


def copy_plain_site(database_url: str) -> None:
    """Make the database, which is there and empty, one that was set up: by SQLite's file, or PostgreSQL's template."""
    if database_url.startswith("sqlite:///"):
        Path(database_url.removeprefix("sqlite:///")).write_bytes(plain_site()[0])
        return
    cluster, _, name = database_url.rpartition("/")
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'plain_site'").fetchone():
            connection.execute("CREATE DATABASE plain_site")
            manage("setup", env=inherited() | {"DATABASE_URL": f"{cluster}/plain_site"})
        connection.execute(f"DROP DATABASE {name}")
        connection.execute(f"CREATE DATABASE {name} TEMPLATE plain_site")


class Site:
    """One server process; started again after ``kill`` it is the same site on the same port."""

    def __init__(self, server: str, folder: Path, database_url: str, port: int | None = None, **env: str) -> None:
        self.server, self.folder = server, folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}"
        self.plain = not any(SETUP_READS.match(name) for name in env)
        self.env = inherited() | {"DATABASE_URL": database_url, "STREAMS_MEDIA_ROOT": str(folder / "media")} | env
        self.log_path = folder / f"{server}-{self.port}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def set_up(self) -> "Site":
        """Migrate, and make the first room and topics."""
        if self.plain:
            copy_plain_site(self.env["DATABASE_URL"])
        else:
            self.manage("setup")
        return self

    @property
    def password(self) -> str:
        """That of the superuser ``admin`` of a site with no settings of its own, on SQLite."""
        assert self.plain
        return plain_site()[1]

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
        frames = ["--ws-per-message-deflate", "false", "--ws-max-size", "1048576", "--ws-ping-interval", "15"]
        options = [*frames, "--timeout-graceful-shutdown", "5"]
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
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/login/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            return False
        finally:
            connection.close()

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
