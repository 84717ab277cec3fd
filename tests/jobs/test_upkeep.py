"""What is kept of jobs, and for how long."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from streams.jobs import Progress, registry
from streams.jobs.claims import claim_next
from streams.jobs.context import scratch_folder
from streams.jobs.rows import DONE, end_job, start_job
from streams.jobs.upkeep import YOUNG_S, delete_some, sweep_scratch
from streams.models import Event, Job, Topic

pytestmark = pytest.mark.django_db


async def nothing(context):
    yield Progress(1, 1)


@pytest.fixture
def finished(make_kind, ada):
    """``finished(days=8)``: a job that ended so long ago."""
    kind = make_kind("nothing", nothing)

    def finish(**ago):
        start_job(ada, kind, {}, key=None)
        job = claim_next(["nothing"], lease_s=60)
        end_job(job, DONE, Progress(1, 1))
        Job.objects.filter(pk=job.pk).update(ended_at=timezone.now() - timedelta(**ago))
        return job

    return finish


def test_old_jobs_are_deleted_with_their_topics_and_no_others(finished, ada):
    old, young = finished(days=8), finished(days=6)
    waiting = start_job(ada, registry.kind_named("nothing"), {}, key=None)
    assert delete_some() == 1
    assert delete_some() == 0
    assert set(Job.objects.values_list("pk", flat=True)) == {young.pk, waiting.pk}
    assert not Topic.objects.filter(name=old.topic).exists()
    assert not Event.objects.filter(topic__name=old.topic).exists()
    assert Event.objects.filter(topic__name=young.topic).exists()


def test_the_topics_of_guests_who_have_no_jobs_any_more_are_deleted(finished, ada):
    def make(name, **ago):
        topic = Topic.objects.create(name=name, owner=name.removeprefix("jobs:"))
        Topic.objects.filter(pk=topic.pk).update(created_at=timezone.now() - timedelta(**ago))

    for name, days in (("jobs:g:old", 8), ("jobs:g:young", 6), ("jobs:g:busy", 8), ("jobs:u:1000", 8)):
        make(name, days=days)
    Job.objects.filter(pk=finished(days=1).pk).update(owner="g:busy")
    assert delete_some() == 1
    assert not Topic.objects.filter(name="jobs:g:old").exists()
    assert Topic.objects.filter(name__in=["jobs:g:young", "jobs:g:busy", "jobs:u:1000"]).count() == 3


def test_what_a_dead_run_left_on_the_disk_is_swept_once_it_is_old(finished, ada):
    over = finished(days=1)
    waiting = start_job(ada, registry.kind_named("nothing"), {}, key=None)
    scratch_folder().mkdir(parents=True)
    left, kept = f"{over.pk.hex}-1a2b3c", f"{waiting.pk.hex}-4d5e6f"
    for name in (left, kept, "something else"):
        (scratch_folder() / name).write_bytes(b"half")
    assert sweep_scratch() == 0
    for path in scratch_folder().iterdir():
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - YOUNG_S - 1))
    assert sweep_scratch() == 1
    assert {path.name for path in scratch_folder().iterdir()} == {kept, "something else"}
