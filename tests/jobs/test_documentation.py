"""The job of docs/jobs.md runs, and does what the page says; its tables are the code's."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from streams.errors import Forbidden
from streams.jobs.registry import _kinds, kind_named, kinds
from streams.jobs.rows import start_job
from tests.jobs.conftest import events_of

PAGE = (Path(__file__).parents[2] / "docs/jobs.md").read_text()
SNIPPETS = dict(re.findall(r"<!-- snippet: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def letters():
    module = ModuleType("jobs_of_the_page")
    exec(compile(SNIPPETS["own"], "docs/jobs.md: own", "exec"), module.__dict__)
    yield kind_named("letters")
    del _kinds["letters"]


async def test_the_job_of_the_page_does_what_it_says(runner, letters, start, ended, people, hub):
    job = await ended(await start(runner, "letters", who=people["sue"], count=12))
    assert (job.status, job.result) == ("done", {"written": 12}), job.error
    told = await hub.gateway.run(events_of, "letters")
    assert [data for _, data in told] == [f"LETTER {number}" for number in range(12)]
    assert letters.about == "Writes letters, and tells of each on the topic letters."


def test_its_check_is_asked(letters, people):
    with pytest.raises(Forbidden, match="only the staff"):
        start_job(people["bob"], letters, letters.read_params({}), key=None)


def test_the_table_of_kinds_is_whole():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", PAGE.partition("## A job of your own")[0], re.MULTILINE)
    told = {name: re.findall(r"`(\w+)`", parameters) for name, parameters in rows}
    built_in = {name: kind for name, kind in kinds().items() if name in told}
    assert len(built_in) == 6
    assert told == {name: [one.name for one in kind.parameters] for name, kind in built_in.items()}
