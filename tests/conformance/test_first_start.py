"""A fresh clone: one command, and everything is there; the second time it is simply started."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys

import httpx
import pytest

from tests.harness.components import missing
from tests.harness.readers import Reader, reading
from tests.harness.site import ROOT
from tests.harness.waiting import aeventually, eventually, free_port

PARTS = ("manage.py", "README.md", "project", "streams", "static", "templates", "docs")
PASSWORD = re.compile(r"password is shown this once: (\S+)")


class Clone:
    """A copy of what is in the repository, and the server in it."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not re.match("DJANGO_|STREAMS_|ANTHROPIC_|DATABASE_", name)
        }
        self.env.pop("PYTHONUNBUFFERED", None)  # what it says must reach a file by itself
        self.env["PYTHONDONTWRITEBYTECODE"] = "1"
        self.process = None
        self.lives = 0

    def start(self, *options, **env):
        """``manage.py runserver PORT``; returns when it serves."""
        self.lives += 1
        with self.log_path.open("w") as log:
            command = [sys.executable, "-W", "ignore", "manage.py", "runserver", *options, str(self.port)]
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.env | env, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self.listens, limit_s=60)
        return self.output()

    @property
    def log_path(self):
        return self.folder.parent / f"log-{self.lives}"

    def output(self):
        return re.sub(r"\x1b\[[0-9;]*m", "", self.log_path.read_text())

    def listens(self):
        """Whether it answers, with whatever status."""
        assert self.process.poll() is None, self.output()
        try:
            return httpx.get(f"{self.url}/login/", timeout=20)
        except httpx.TransportError:
            return None

    def end(self):
        """Kill it and all it started."""
        if self.process is not None:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def signs_in(self, password):
        """Whether ``admin`` gets into the admin with this password."""
        with httpx.Client(base_url=self.url, timeout=20, follow_redirects=True) as client:
            page = client.get("/admin/")
            token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
            form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token}
            page = client.post(page.url, data=form)
            return page.status_code == 200 and "/admin/logout/" in page.text


@pytest.fixture
def clone(tmp_path):
    """A clone without a database."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PARTS],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        missing("a git checkout")
    for name in listed.stdout.decode().split("\0"):
        if (ROOT / name).is_file():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "clone" / name)
    clone = Clone(tmp_path / "clone")
    yield clone
    clone.end()


async def vital_signs(clone):
    """Wait for an event of the topic that everybody meets first."""
    async with reading(Reader(clone.url, "system")) as reader:
        await aeventually(lambda: reader.events)


def test_the_first_start_sets_everything_up_and_the_second_finds_it_there(clone):
    said = clone.start("--noreload")
    assert re.search(r"First start: applying \d+ migrations", said)
    assert said.count("First start") == 1
    (password,) = PASSWORD.findall(said)
    assert len(password) >= 12
    for address in ("/", "/topics/", "/admin/"):
        assert f"http://localhost:{clone.port}{address}" in said
        assert httpx.get(f"{clone.url}{address}", follow_redirects=True).status_code == 200
    asyncio.run(vital_signs(clone))
    assert clone.signs_in(password)
    assert not clone.signs_in(f"{password}x")
    clone.end()

    said = clone.start("--noreload")
    assert "First start" not in said
    assert not PASSWORD.findall(said)
    assert f"http://localhost:{clone.port}/" in said
    assert clone.signs_in(password)
    assert "Traceback" not in clone.output()


def test_with_the_autoreloader_everything_is_set_up_and_told_once(clone):
    clone.start()
    said = clone.output()
    assert said.count("First start") == 1
    (password,) = PASSWORD.findall(said)
    assert clone.signs_in(password)


def test_a_database_of_ones_own_is_warned_of_and_set_up_by_hand_as_often_as_one_likes(clone, tmp_path):
    clone.env["DATABASE_URL"] = f"sqlite:///{tmp_path / 'own.sqlite3'}"
    said = clone.start("--noreload")
    assert "unapplied migration(s)" in said
    assert "First start" not in said
    assert not PASSWORD.findall(said)
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "manage.py", "setup"],
            cwd=clone.folder, env=clone.env, capture_output=True, text=True, check=True,
        ).stdout
        for _ in range(2)
    ]  # fmt: skip
    (password,) = PASSWORD.findall(outputs[0])
    assert not PASSWORD.findall(outputs[1])
    assert clone.signs_in(password)
