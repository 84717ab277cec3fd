"""Tasks with an owner: they fail alone, come again, and end with the process."""

import asyncio
import contextvars
from itertools import pairwise

import pytest

from streams.errors import Unavailable
from streams.flow import Supervisor
from tests.harness.waiting import aeventually

NEVER_S = 3_600


@pytest.fixture
async def supervisor():
    supervisor = Supervisor()
    await supervisor.opened()
    yield supervisor
    await supervisor.close()


def stay():
    return asyncio.sleep(NEVER_S)


async def test_a_task_that_fails_takes_no_other_down_and_is_logged(supervisor, caplog):
    async def fail():
        raise ValueError("broken")

    other = supervisor.run("other", stay)
    await supervisor.run("the failing one", fail)
    assert not other.done()
    assert "the failing one failed" in caplog.text
    assert "broken" in caplog.text


async def test_what_is_to_keep_running_comes_again_after_a_failure_and_after_an_end(supervisor, caplog):
    runs = []

    async def work():
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("broken")
        if len(runs) == 3:
            await asyncio.sleep(NEVER_S)

    supervisor.keep_running("work", work)
    await aeventually(lambda: len(runs) == 3)
    assert caplog.text.count("work failed, again in 0.1 s: broken") == 1


async def test_the_pause_between_failures_grows_no_longer_than_it_may(supervisor):
    times, loop = [], asyncio.get_running_loop()

    async def fail():
        times.append(loop.time())
        raise ValueError

    supervisor.keep_running("work", fail, max_pause_s=0.15)
    await aeventually(lambda: len(times) == 5)
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert pauses[0] >= 0.1
    assert all(pause >= 0.15 for pause in pauses[1:])
    assert min(pauses[1:]) < 0.4


async def test_closing_cancels_every_task_and_waits_for_its_finally():
    supervisor, ended = Supervisor(), []
    await supervisor.opened()

    async def work():
        try:
            await asyncio.sleep(NEVER_S)
        finally:
            await asyncio.sleep(0.02)
            ended.append(1)

    supervisor.run("once", work)
    supervisor.keep_running("kept", work)
    await asyncio.sleep(0)
    await supervisor.close()
    assert len(ended) == 2


async def test_nothing_is_started_once_it_closes(supervisor):
    await supervisor.close()
    with pytest.raises(Unavailable, match="shutting down"):
        supervisor.run("late", stay)


async def test_a_task_inherits_nothing_of_the_request_that_started_it(supervisor):
    of_the_request = contextvars.ContextVar("of_the_request", default="nothing")
    of_the_request.set("a thread of its own")
    seen = []

    async def look():
        seen.append(of_the_request.get())

    await supervisor.run("look", look)
    assert seen == ["nothing"]
