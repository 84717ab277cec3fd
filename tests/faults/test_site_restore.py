"""A backup is made and restored as docs/operate.md says: nobody takes a new event for one of the lost days."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.harness.components import find_binary
from tests.harness.readers import Reader, reading
from tests.harness.site import ROOT, Site
from tests.harness.waiting import aeventually

OPERATE = (ROOT / "docs/operate.md").read_text()


def run(name, site, folder):
    """The commands under that mark, in ``folder``, with the site's environment."""
    (block,) = re.findall(rf"<!-- run: {name} -->\n```sh\n(.*?)```", OPERATE, re.DOTALL)
    block = block.replace(".venv/bin/python manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
    newest = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    database = site.env["DATABASE_URL"].removeprefix("sqlite:///")
    env = site.env | {"DATABASE": database, "PATH": os.pathsep.join([*newest, os.environ["PATH"]])}
    done = subprocess.run(["bash", "-euc", block], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def kept(database_url, tmp_path):
    find_binary("sqlite3")
    site = Site("uvicorn", tmp_path, database_url).set_up().start()
    yield site, database_url.partition(":")[0].removesuffix("ql")
    site.kill()


async def test_who_has_seen_more_than_the_backup_is_told_so_and_gets_what_is_kept(kept, tmp_path):
    site, kind = kept
    headers = site.token("--publish", "*", "--read", "*", "--files")

    async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=30) as client:

        async def publish(*payloads):
            answers = [await client.post("/events/orders", json={"data": one}) for one in payloads]
            return answers[-1].json()["id"]

        await publish("kept 1", "kept 2")
        (await client.put("/files/report.csv", content=b"1;2;3")).raise_for_status()
        run(f"backup {kind}", site, tmp_path)
        seen = await publish("lost 3", "lost 4")
        (await client.delete("/files/report.csv")).raise_for_status()
        site.terminate()

        run(f"restore {kind}", site, tmp_path)
        assert "have a new epoch" in run("after a restore", site, tmp_path)
        site.start()
        assert (await publish("new 3", "new 4")).endswith("-4"), "the number of one that the client has seen"
        assert (await client.get("/files/report.csv")).content == b"1;2;3"
    async with reading(Reader(site.url, "orders", last_event_id=seen, headers=headers)) as reader:
        await aeventually(lambda: len(reader.events) == 4)
    (gap,) = reader.controls
    assert (gap.type, gap.data["reason"], gap.data["requested"]) == ("stream.gap", "epoch", seen)
    assert [event.data for event in reader.events] == ["kept 1", "kept 2", "new 3", "new 4"]
