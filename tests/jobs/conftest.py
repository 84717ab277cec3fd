"""Kinds of jobs that do what a test says, people who start them, and the runner in the test's own loop."""

import json

import pytest
from django.contrib.auth.models import Permission, User

from streams.jobs import registry
from streams.jobs.rows import start_job
from streams.jobs.runner import close_jobs, current_jobs
from streams.models import Event, Job
from streams.process import begin_jobs
from streams.publishing import Identity, create_token, identify
from tests.harness.fixtures import make_hub, no_queries_in_the_loop, streams_settings  # noqa: F401
from tests.harness.waiting import aeventually


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """A place for files that is the test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def make_kind():
    """``make_kind("count", generator, …)``: a kind of job that anybody may start, for the length of the test."""
    made = []

    def make(name, run, **options):
        options = {"title": name.capitalize(), "check": lambda who, **_: None} | options
        registry.job(name, **options)(run)
        made.append(name)
        return registry.kind_named(name)

    yield make
    for name in made:
        del registry._kinds[name]


def make_user(name, *permissions, **fields):
    user = User.objects.create_user(name, password=name, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return identify(User.objects.get(pk=user.pk), None, {})


@pytest.fixture
def people(transactional_db):
    """``people["ada"]``: Ada may publish and upload, Bob nothing in particular, Sue looks after jobs."""
    return {
        "ada": make_user("ada", "add_event", "add_file"),
        "bob": make_user("bob"),
        "sue": make_user("sue", "view_job", "change_job", "trim_topic", is_staff=True),
    }


@pytest.fixture
def ada(people):
    return people["ada"]


@pytest.fixture
def bearer(transactional_db):
    """``bearer(publish=["*"])``: the headers of a token, and who comes with it."""

    def make(**scopes) -> tuple[dict[str, str], Identity]:
        token, text = create_token(name="program", **scopes)
        return {"Authorization": f"Bearer {text}"}, Identity("token", f"t:{token.pk}", "program", token=token)

    return make


@pytest.fixture
async def begin(make_hub):  # noqa: F811
    """``await begin(jobs_at_once=1)``: the runner of this process, running jobs; it ends with the test."""
    hubs = []

    async def begin(**settings):
        hub = await make_hub(**settings)
        hubs.append(hub)
        await begin_jobs(hub)
        return await current_jobs()

    yield begin
    for hub in hubs:
        await close_jobs(hub)


@pytest.fixture
async def runner(begin):
    return await begin()


@pytest.fixture
def start(ada):
    """``await start(runner, "count", n=3)``: Ada's job."""

    async def start(runner, kind, who=ada, key=None, **params):
        kind = registry.kind_named(kind)
        job = await runner.hub.gateway.run(start_job, who, kind, kind.read_params(params), key=key)
        runner.wake()
        return job

    return start


@pytest.fixture
def ended(make_hub):  # noqa: F811
    """``await ended(job)``: the row, once the job has ended; ``await ended(job, "running")``: once it runs."""

    async def ended(job, *statuses):
        hub = await make_hub()
        statuses = statuses or ("done", "failed", "cancelled", "interrupted")

        async def there():
            row = await hub.gateway.run(Job.objects.get, pk=job.pk)
            return row if row.status in statuses else None

        return await aeventually(there)

    return ended


@pytest.fixture
def begun(make_hub):  # noqa: F811
    """``await begun(job)``: once its generator runs, and the first progress is safe."""

    async def begun(job):
        hub = await make_hub()

        async def there():
            return (await hub.gateway.run(Job.objects.get, pk=job.pk)).done > 0

        await aeventually(there)

    return begun


def events_of(topic):
    """The types and data of a topic's events, in order. Sync."""
    rows = Event.objects.filter(topic__name=topic).order_by("seq")
    return [(row.type, json.loads(row.data)) for row in rows]
