"""PostgreSQL and Redis from the system's packages, started on private ports."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.harness.waiting import eventually, free_port

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


def missing(what: str) -> None:
    """Skip and say what is missing; in CI everything must be there."""
    if IN_CI:
        pytest.fail(f"{what} is missing, and CI must have it")
    pytest.skip(f"{what} is not installed")


def find_binary(name: str, *folders: str) -> str:
    """The path of a program, or a skip."""
    path = shutil.which(name, path=os.pathsep.join([*folders, os.environ.get("PATH", ""), "/usr/sbin"]))
    if path is None:
        missing(name)
    return path


class Postgres:
    """A cluster of its own in ``folder``; PostgreSQL refuses to run as root: then as the user that its package made."""

    def __init__(self, folder: Path) -> None:
        newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        self._bin = [str(path) for path in newest_first]
        self.folder, self.port, self._made = folder, free_port(), 0
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        if self._as:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", str(folder / "data"), "-U", "streams", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, find_binary(program, *self._bin), *arguments]
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, env={**os.environ, "LC_ALL": "C"}
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder} -c fsync=off -c max_connections=60"
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", str(self.folder / "log"), "-w", "start"
        )

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection in autocommit."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="streams", dbname=database, autocommit=True, connect_timeout=5
        )

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._made += 1
        name = f"streams_{self._made}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgres://streams@127.0.0.1:{self.port}/{name}"


class Redis:
    """A server without persistence."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._binary = find_binary("redis-server")
        self.start()

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.process = subprocess.Popen(
            [self._binary, "--port", str(self.port), "--save", "", "--bind", "127.0.0.1", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
        )
        eventually(self.answers)

    def answers(self) -> bool:
        """Whether it says PONG."""
        import redis

        try:
            with redis.Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
