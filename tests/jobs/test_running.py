"""Jobs in one process: what their topic tells, how they end, and that they end once."""

import asyncio
from contextlib import aclosing

import pytest

from streams.errors import Forbidden, InvalidInput
from streams.jobs import Progress
from streams.jobs.rows import cancel_job, retry_job
from streams.models import Job, Topic
from streams.publishing import apublish
from tests.harness.waiting import aeventually
from tests.jobs.conftest import events_of


async def count(context, *, n=3):
    for number in range(context.resume_at.done, n):
        yield Progress(number + 1, n, {"squared": (number + 1) ** 2})


class Gate:
    """A job that waits after its first item until it is let on, and tells what became of it."""

    def __init__(self):
        self.let_on, self.began, self.cleaned_up = asyncio.Event(), 0, 0

    async def run(self, context):
        self.began += 1
        try:
            yield Progress(context.resume_at.done + 1, 10)
            await self.let_on.wait()
            yield Progress(10, 10, "whole")
        finally:
            self.cleaned_up += 1


@pytest.fixture
def gate(make_kind):
    gate = Gate()
    gate.kind = make_kind("gate", gate.run, resumable=True)
    return gate


async def test_a_job_tells_its_progress_and_its_end_on_a_topic_of_its_own(runner, make_kind, start, ended, hub):
    make_kind("count", count)
    job = await ended(await start(runner, "count"))
    assert (job.status, job.done, job.total, job.result, job.error) == ("done", 3, 3, {"squared": 9}, None)
    events = await hub.gateway.run(events_of, job.topic)
    assert [kind for kind, _ in events][:2] == ["job.queued", "job.started"]
    assert all(data.keys() >= {"done", "total", "result"} for _, data in events)
    assert events[-2] == ("job.progress", {"done": 3, "total": 3, "result": {"squared": 9}})
    assert events[-1] == (
        "job.end",
        {"done": True, "status": "done", "count": 3, "total": 3, "result": {"squared": 9}, "error": None},
    )


async def test_the_topics_of_a_job_are_its_owners_alone(runner, make_kind, start, ended, hub, ada):
    def topics():
        return {topic.name: (topic.owner, topic.visibility) for topic in Topic.objects.filter(name__startswith="job")}

    await apublish(f"jobs:{ada.id}", "somebody was here before")
    make_kind("count", count)
    job = await ended(await start(runner, "count"))
    assert await hub.gateway.run(topics) == {
        job.topic: (ada.id, "private"), f"jobs:{ada.id}": (ada.id, "private"),
    }  # fmt: skip
    changes = await hub.gateway.run(events_of, f"jobs:{ada.id}")
    assert [data["status"] for kind, data in changes if kind == "job.changed"] == ["queued", "running", "done"]


async def test_progress_is_coalesced_and_its_last_is_never_lost(begin, make_kind, start, ended):
    async def many(context):
        for number in range(1, 20_001):
            yield Progress(number, 20_000)

    runner = await begin(job_progress_per_s=10)
    make_kind("many", many)
    job = await ended(await start(runner, "many"))
    told = [data["done"] for kind, data in await runner.hub.gateway.run(events_of, job.topic) if kind == "job.progress"]
    assert told[-1] == 20_000
    assert told == sorted(set(told))
    assert len(told) < 60


async def test_progress_before_a_silence_is_told_in_it(runner, gate, start, ended, hub):
    job = await start(runner, "gate")

    async def told():
        return ("job.progress", {"done": 1, "total": 10, "result": None}) in await hub.gateway.run(events_of, job.topic)

    await aeventually(told)
    assert not gate.let_on.is_set()
    gate.let_on.set()
    assert (await ended(job)).result == "whole"


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [(InvalidInput("line 3 is none"), "invalid", "line 3"), (ZeroDivisionError("secret"), "error", "log")],
)
async def test_a_failure_ends_the_job_with_its_reason(runner, make_kind, start, ended, error, code, says):
    async def break_down(context):
        yield Progress(2, 5, "half")
        raise error

    make_kind("break", break_down)
    job = await ended(await start(runner, "break"))
    assert (job.status, job.done, job.result) == ("failed", 2, "half")
    assert job.error["code"] == code
    assert says in job.error["message"]
    assert "secret" not in job.error["message"]
    events = await runner.hub.gateway.run(events_of, job.topic)
    assert events[-1][1]["error"] == job.error


BAD_RESULTS = {
    "too_large": "x" * 140_000, "invalid_json": float("nan"), "no_json": object(), "nul": "a\0b", "surrogate": "\ud800",
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD_RESULTS)
@pytest.mark.parametrize("at_the_end", [True, False])
async def test_a_result_that_can_not_be_kept_fails_the_job_with_the_one_before(
    runner, make_kind, start, ended, bad, at_the_end
):
    told = asyncio.Event()

    async def run(context):
        yield Progress(1, 2, "small")
        await told.wait()
        yield Progress(2, 2, BAD_RESULTS[bad])
        if not at_the_end:
            await asyncio.Event().wait()

    make_kind("bad", run)
    job = await start(runner, "bad")

    async def saved():
        return (await runner.hub.gateway.run(Job.objects.get, pk=job.pk)).done == 1

    await aeventually(saved)
    told.set()
    row = await ended(job)
    code = "too_large" if bad == "too_large" else "invalid_json"
    assert (row.status, row.error["code"], row.result, row.done) == ("failed", code, "small", 1)


async def test_progress_that_no_database_keeps_breaks_the_job_and_is_logged(runner, make_kind, start, ended, caplog):
    async def run(context):
        yield Progress(-1, 2)

    make_kind("negative", run)
    job = await ended(await start(runner, "negative"))
    assert (job.status, job.error["code"]) == ("failed", "error")
    assert "can't be kept" in caplog.text


async def test_what_a_job_keeps_for_its_next_run_is_not_told(runner, make_kind, start, ended, hub):
    async def run(context):
        yield Progress(1, 1, {"open": 1, "_own": 2})

    make_kind("keeps", run)
    job = await ended(await start(runner, "keeps"))
    assert job.result == {"open": 1, "_own": 2}
    for topic in (job.topic, f"jobs:{job.owner}"):
        results = [data["result"] for _, data in await hub.gateway.run(events_of, topic)]
        assert results[-1] == {"open": 1}
        assert all("_own" not in (result or {}) for result in results)


async def test_rights_are_asked_for_again_when_it_runs(runner, make_kind, start, ended):
    asked = []

    def check(who, **_):
        asked.append(who.id)
        if len(asked) > 1:
            raise Forbidden("not any more")

    make_kind("count", count, check=check)
    job = await ended(await start(runner, "count"))
    assert (job.status, job.error["message"], job.done) == ("failed", "not any more", 0)
    assert asked == [job.owner] * 2


async def test_a_job_of_somebody_who_is_gone_fails(runner, make_kind, start, ended, hub, people):
    from django.contrib.auth.models import User

    await hub.gateway.run(User.objects.filter(username="bob").update, is_active=False)
    make_kind("count", count)
    job = await ended(await start(runner, "count", who=people["bob"]))
    assert (job.status, job.error["code"]) == ("failed", "unauthorized")


async def test_no_more_run_than_may_and_the_oldest_is_next(begin, make_kind, start, ended):
    runner = await begin(jobs_at_once=1)
    order, most = [], 0

    async def note(context, *, n=0):
        nonlocal most
        most = max(most, runner.running)
        order.append(context.id)
        yield Progress(1, 1)

    make_kind("note", note)
    jobs = [await start(runner, "note") for _ in range(5)]
    for job in jobs:
        await ended(job)
    assert order == [str(job.pk) for job in jobs]
    assert most == 1


async def test_cancelling_runs_the_cleanup_and_ends_once_however_often(runner, gate, start, ended, hub):
    job = await start(runner, "gate")
    await aeventually(lambda: gate.began)
    for _ in range(2):
        await hub.gateway.run(cancel_job, job)
    runner.cancel(job.pk)
    runner.cancel(job.pk)
    row = await ended(job)
    assert (row.status, row.done) == ("cancelled", 1)
    await hub.gateway.run(cancel_job, job)
    assert gate.cleaned_up == 1
    assert [kind for kind, _ in await hub.gateway.run(events_of, job.topic)].count("job.end") == 1


async def test_a_cleanup_that_takes_its_time_is_not_cut_short(runner, make_kind, start, ended, begun):
    """Each look at the cancellation cancelled the generator again, in the middle of its ``finally``."""
    steps, may_clean_up = [], asyncio.Event()

    async def run(context):
        try:
            yield Progress(1)
            await asyncio.Event().wait()
        finally:
            steps.append("begun")
            await may_clean_up.wait()
            steps.append("whole")

    make_kind("slow", run)
    job = await start(runner, "slow")
    await begun(job)
    await runner.hub.gateway.run(cancel_job, job)
    for _ in range(3):
        runner.cancel(job.pk)
        await aeventually(lambda: steps)
    may_clean_up.set()
    assert (await ended(job)).status == "cancelled"
    assert steps == ["begun", "whole"]


async def test_a_waiting_job_is_cancelled_before_it_begins(begin, gate, start, ended):
    runner = await begin(jobs_at_once=1)
    first = await start(runner, "gate")
    await aeventually(lambda: gate.began)
    second = await start(runner, "gate")
    await runner.hub.gateway.run(cancel_job, second)
    assert (await ended(second)).status == "cancelled"
    gate.let_on.set()
    assert (await ended(first)).status == "done"
    assert gate.began == 1


async def test_a_cancelled_job_is_tried_again_from_where_it_stood(runner, gate, start, ended, hub):
    job = await start(runner, "gate")
    await aeventually(lambda: gate.began)
    await hub.gateway.run(cancel_job, job)
    runner.cancel(job.pk)
    await ended(job)
    again = await hub.gateway.run(retry_job, job)
    assert again.begin_seq > job.begin_seq
    runner.wake()

    async def told():
        return ("job.progress", {"done": 2, "total": 10, "result": None}) in await hub.gateway.run(events_of, job.topic)

    await aeventually(told)
    gate.let_on.set()
    assert (await ended(job, "done")).done == 10


async def test_one_that_can_not_go_on_is_tried_again_from_the_beginning(runner, make_kind, start, ended, hub):
    tries = []

    async def second_time(context):
        tries.append(context.resume_at)
        yield Progress(5, 5, "x")
        if len(tries) == 1:
            raise InvalidInput("not yet")

    make_kind("second", second_time)
    job = await start(runner, "second")
    await ended(job, "failed")
    await hub.gateway.run(retry_job, job)
    runner.wake()
    assert (await ended(job, "done")).error is None
    assert tries == [Progress(0), Progress(0)]


async def test_an_ending_process_gives_back_what_can_go_on(begin, gate, start, ended):
    runner = await begin()
    job = await start(runner, "gate")
    await aeventually(lambda: gate.began)
    await runner.end_all()
    row = await ended(job, "queued")
    assert (row.done, row.attempts, row.claim) == (1, 0, "")
    assert gate.cleaned_up == 1


async def test_an_ending_process_interrupts_what_can_not(begin, make_kind, start, ended):
    gate = Gate()
    make_kind("gate", gate.run)
    runner = await begin()
    job = await start(runner, "gate")
    await aeventually(lambda: gate.began)
    await runner.end_all()
    row = await runner.hub.gateway.run(Job.objects.get, pk=job.pk)
    assert (row.status, row.error["code"], row.done) == ("interrupted", "interrupted", 1)


async def test_inner_generators_are_closed_too(runner, make_kind, start, ended, begun):
    closed = []

    async def inner():
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.append("inner")

    async def outer(context):
        async with aclosing(inner()) as steps:
            async for step in steps:
                yield Progress(step, 2)

    make_kind("outer", outer)
    job = await start(runner, "outer")
    await begun(job)
    runner.cancel(job.pk)
    assert (await ended(job)).status == "cancelled"
    assert closed == ["inner"]
