"""Claims: one run at a time, whatever happens to the process that has the job."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from streams.jobs import Progress, registry
from streams.jobs.claims import ClaimLost, claim_next, publish_claimed, renew_claims
from streams.jobs.rows import cancel_job, end_job, give_back, interrupted, save_progress, start_job
from streams.models import Event, Job
from streams.publishing import new_event
from tests.harness.threads import run_together
from tests.harness.waiting import aeventually
from tests.jobs.conftest import events_of


async def rest(context):
    """Ten items, from where it stood."""
    for number in range(context.resume_at.done, 10):
        yield Progress(number + 1, 10)
        await asyncio.sleep(0)


async def for_ever(context):
    yield Progress(1)
    await asyncio.Event().wait()


def half_done(kind, ada):
    """A job that a process has claimed, and 4 items of which are safe. Sync."""
    job = start_job(ada, registry.kind_named(kind), {}, key=None)
    claimed = claim_next([kind], lease_s=60)
    assert claimed.pk == job.pk
    save_progress(claimed, Progress(4, 10))
    return claimed


def let_die(job):
    """Its process died long ago. Sync."""
    Job.objects.filter(pk=job.pk).update(claim_expires_at=timezone.now() - timedelta(seconds=1))


def test_each_job_is_claimed_once_whoever_asks_at_the_same_time(make_kind, ada):
    kind = make_kind("rest", rest)
    jobs = {start_job(ada, kind, {}, key=None).pk for _ in range(12)}

    def claim_all():
        found = []
        while (job := claim_next(["rest"], lease_s=60)) is not None:
            found.append(job.pk)
        return found

    claimed = [pk for found in run_together(*[claim_all] * 4) for pk in found]
    assert sorted(claimed) == sorted(jobs)


def test_the_oldest_is_claimed_first_and_an_unknown_kind_not_at_all(make_kind, ada):
    make_kind("rest", rest)
    make_kind("other", rest)
    jobs = [start_job(ada, registry.kind_named(name), {}, key=None).pk for name in ("other", "rest", "rest")]
    assert claim_next(["rest"], lease_s=60).pk == jobs[1]
    assert claim_next(["rest"], lease_s=60).pk == jobs[2]
    assert claim_next(["rest"], lease_s=60) is None


def test_a_claim_that_is_renewed_is_not_free(make_kind, ada):
    make_kind("rest", rest)
    job = half_done("rest", ada)
    assert renew_claims([job.claim], lease_s=60) == {job.pk: False}
    assert claim_next(["rest"], lease_s=60) is None
    let_die(job)
    assert renew_claims([job.claim], lease_s=60) == {job.pk: False}  # late, but nobody took it
    assert claim_next(["rest"], lease_s=60) is None


def test_whoever_lost_the_claim_writes_nothing_any_more(make_kind, ada):
    make_kind("rest", rest)
    job = half_done("rest", ada)
    let_die(job)
    other = claim_next(["rest"], lease_s=60)
    assert (other.pk, other.attempts) == (job.pk, 2)
    before = events_of(job.topic)
    for write in (
        lambda: save_progress(job, Progress(5, 10)),
        lambda: end_job(job, interrupted("x"), Progress(5, 10)),
        lambda: give_back(job),
        lambda: publish_claimed(job.pk, job.claim, "orders", [new_event(1)]),
    ):
        with pytest.raises(ClaimLost):
            write()
    assert events_of(job.topic) == before
    assert not Event.objects.filter(topic__name="orders").exists()
    assert Job.objects.get(pk=job.pk).done == 4
    assert renew_claims([job.claim], lease_s=60) == {}


async def test_a_dead_process_job_goes_on_where_it_stood(runner, make_kind, ada, ended, hub):
    make_kind("rest", rest, resumable=True)
    job = await hub.gateway.run(half_done, "rest", ada)
    await hub.gateway.run(let_die, job)
    row = await ended(job)
    assert (row.status, row.done, row.attempts) == ("done", 10, 2)
    told = [data["done"] for kind, data in await hub.gateway.run(events_of, job.topic) if kind == "job.progress"]
    assert told == sorted(set(told))


async def test_a_dead_process_job_that_can_not_go_on_is_interrupted_once(runner, make_kind, ada, ended, hub):
    make_kind("rest", rest)
    job = await hub.gateway.run(half_done, "rest", ada)
    await hub.gateway.run(let_die, job)
    row = await ended(job)
    assert (row.status, row.done, row.error) == (
        "interrupted", 4, {"code": "interrupted", "message": "its process died"},
    )  # fmt: skip
    assert [kind for kind, _ in await hub.gateway.run(events_of, job.topic)].count("job.end") == 1


async def test_a_job_that_kills_its_processes_is_given_up(begin, make_kind, ada, ended):
    runner = await begin(job_attempts=2)
    make_kind("rest", rest, resumable=True)

    def die_twice():
        job = half_done("rest", ada)
        let_die(job)
        let_die(claim_next(["rest"], lease_s=60))
        return job

    row = await ended(await runner.hub.gateway.run(die_twice))
    assert (row.status, row.error["message"]) == ("interrupted", "it was begun 2 times and came to no end")


async def test_a_run_whose_claim_another_process_has_stops_and_leaves_it_alone(begin, make_kind, start, begun):
    runner = await begin(job_lease_s=1)
    closed = []

    async def watched(context):
        try:
            async for progress in for_ever(context):
                yield progress
        finally:
            closed.append(context.job.claim)

    make_kind("watched", watched, resumable=True)
    job = await start(runner, "watched")
    await begun(job)

    def steal():
        Job.objects.filter(pk=job.pk).update(claim="elsewhere", claim_expires_at=timezone.now() + timedelta(minutes=1))

    await runner.hub.gateway.run(steal)
    await aeventually(lambda: closed and runner.running == 0)
    row = await runner.hub.gateway.run(Job.objects.get, pk=job.pk)
    assert (row.status, row.claim) == ("running", "elsewhere")
    assert "job.end" not in [kind for kind, _ in await runner.hub.gateway.run(events_of, job.topic)]


async def test_a_run_that_can_not_renew_stops_when_its_lease_expires(begin, make_kind, start, ended, monkeypatch):
    runner = await begin(job_lease_s=1)
    make_kind("ever", for_ever, resumable=True)
    job = await start(runner, "ever")
    await ended(job, "running")
    await aeventually(lambda: runner.running == 1)
    monkeypatch.setattr(runner, "_heed", lambda *_: None)  # as if the database did not answer
    monkeypatch.setattr(runner, "_ending", True)
    await aeventually(lambda: runner.running == 0)
    assert (await runner.hub.gateway.run(Job.objects.get, pk=job.pk)).status == "running"


async def test_a_long_job_keeps_its_claim(begin, make_kind, start, ended):
    runner = await begin(job_lease_s=0.5)
    make_kind("ever", for_ever, resumable=True)
    job = await start(runner, "ever")
    first = await ended(job, "running")

    async def renewed():
        row = await runner.hub.gateway.run(Job.objects.get, pk=job.pk)
        return row.claim_expires_at > first.claim_expires_at + timedelta(seconds=1)

    await aeventually(renewed)
    row = await runner.hub.gateway.run(Job.objects.get, pk=job.pk)
    assert (row.claim, row.attempts) == (first.claim, 1)


async def test_a_cancellation_that_another_process_took_in_is_heeded(runner, make_kind, start, ended):
    make_kind("ever", for_ever, resumable=True)
    job = await start(runner, "ever")
    await ended(job, "running")
    await runner.hub.gateway.run(cancel_job, job)
    assert (await ended(job)).status == "cancelled"


async def test_a_cancelled_job_whose_process_died_is_cancelled_and_not_taken_up(runner, make_kind, ada, ended, hub):
    make_kind("rest", rest, resumable=True)
    job = await hub.gateway.run(half_done, "rest", ada)
    await hub.gateway.run(cancel_job, job)
    await hub.gateway.run(let_die, job)
    row = await ended(job)
    assert (row.status, row.done) == ("cancelled", 4)
