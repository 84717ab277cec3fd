"""``/jobs``: start, follow, look, cancel, try again; and what strangers get."""

import asyncio
import json

import pytest

from streams.connections import registry as connections
from streams.errors import InvalidInput
from streams.jobs import Progress
from streams.jobs.registry import kind_named
from streams.jobs.rows import start_job
from streams.models import Job
from tests.harness.asgi import Exchange, post_json, request
from tests.harness.waiting import aeventually

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def let_on():
    return asyncio.Event()


@pytest.fixture
def made(make_kind, let_on):
    """``count``: three items; ``gate``: one item, and the rest when it is let on."""

    async def count(context):
        for number in range(3):
            yield Progress(number + 1, 3, f"item {number + 1}")
            await asyncio.sleep(0.15)

    async def gate(context):
        yield Progress(1, 2)
        await let_on.wait()
        yield Progress(2, 2, "let on")

    make_kind("count", count, resumable=True)
    make_kind("gate", gate, resumable=True)


@pytest.fixture
def me(bearer):
    return bearer(read=["orders"])[0]


@pytest.fixture
def stranger(bearer):
    """Another program, which may publish anything."""
    return bearer(read=["orders"], publish=["*"], files=True)[0]


async def act(method, path, headers, **rest):
    status, answered, body = await request(method, path, headers=headers, **rest)
    return status, answered, json.loads(body) if body else None


async def begin_job(headers, kind="gate", **more):
    status, answered, body = await post_json("/jobs", {"kind": kind}, **headers, **more)
    assert status == 202, body
    return answered, body


async def test_starting_one_answers_where_it_is(runner, made, me, ended):
    headers, body = await begin_job(me, "count")
    assert body.keys() == {"id", "topic", "url"}
    assert body["topic"] == f"job:{body['id']}"
    assert headers["location"] == body["url"] == f"/jobs/{body['id']}"
    await ended(Job(pk=body["id"]))
    status, _, job = await act("GET", body["url"], me)
    assert (status, job["status"], job["done"], job["result"]) == (200, "done", 3, "item 3")
    _, _, listed = await act("GET", "/jobs", me)
    assert [one["id"] for one in listed["jobs"]] == [body["id"]]


async def test_the_same_key_is_the_same_job_and_another_callers_is_another(runner, made, me, stranger):
    first = await begin_job(me, Idempotency_Key="k")
    again = await begin_job(me, Idempotency_Key="k")
    assert first[1] == again[1]
    status, _, refused = await post_json("/jobs", {"kind": "count"}, **me, Idempotency_Key="k")
    assert (status, refused["error"]["code"]) == (409, "key_reused")
    others = await begin_job(stranger, Idempotency_Key="k")
    assert others[1]["id"] != first[1]["id"]


async def test_the_same_key_at_the_same_time_is_one_job(runner, made, me):
    answers = await asyncio.gather(*(begin_job(me, Idempotency_Key="k") for _ in range(5)))
    assert len({body["id"] for _, body in answers}) == 1


ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "poll": "application/json"}


def lines_of(technique, body):
    """The data of the job's events in an answer."""
    if technique == "poll":
        return [event["data"] for event in json.loads(body)["events"]]
    if technique == "ndjson":
        lines = [json.loads(line) for line in body.split(b"\n") if line]
        return [line["data"] for line in lines if "id" in line]
    return [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: ")]


@pytest.mark.parametrize("technique", ACCEPT)
@pytest.mark.parametrize("by", ["header", "query"])
async def test_followed_it_answers_with_its_progress_and_ends_whole(runner, made, me, technique, by):
    headers = me | JSON | ({"Accept": ACCEPT[technique]} if by == "header" else {})
    query = {"follow": "1"} | ({"transport": technique} if by == "query" else {})
    status, answered, body = await request(
        "POST", "/jobs", query=query, headers=headers, body=json.dumps({"kind": "count"}).encode()
    )
    assert status == 200
    assert answered["location"].startswith("/jobs/")
    told = lines_of(technique, body)
    assert all(line.keys() >= {"done", "total", "result"} for line in told)
    assert [line["done"] for line in told if "status" not in line] == [1, 2, 3]
    assert told[-1] == {
        "done": True, "status": "done", "count": 3, "total": 3, "result": "item 3", "error": None,
    }  # fmt: skip
    assert not connections.by_technique()


async def test_who_leaves_what_it_follows_does_not_stop_the_job(runner, made, me, let_on, ended):
    headers = me | JSON | {"Accept": ACCEPT["ndjson"]}
    body = json.dumps({"kind": "gate"}).encode()
    async with Exchange("POST", "/jobs", query={"follow": "1"}, headers=headers, body=body) as answer:
        job = Job(pk=answer.headers["location"].removeprefix("/jobs/"))
        while b"job.progress" not in (await answer.chunk() or b"job.progress"):
            pass
    assert not connections.by_technique()
    let_on.set()
    assert (await ended(job)).result == "let on"


async def test_a_job_that_was_there_is_followed_from_its_beginning_by_its_key(runner, made, me, ended):
    _, body = await begin_job(me, "count", Idempotency_Key="k")
    await ended(Job(pk=body["id"]))
    headers = me | JSON | {"Accept": ACCEPT["ndjson"], "Idempotency-Key": "k"}
    _, _, answer = await request(
        "POST", "/jobs", query={"follow": "1"}, headers=headers, body=json.dumps({"kind": "count"}).encode()
    )
    assert lines_of("ndjson", answer)[0]["status"] == "queued"
    assert lines_of("ndjson", answer)[-1]["done"] is True


async def test_a_job_is_cancelled_and_tried_again_and_each_is_safe_to_ask_twice(runner, made, me, let_on, ended):
    _, body = await begin_job(me)
    await ended(Job(pk=body["id"]), "running")
    for _ in range(2):
        status, _, told = await act("POST", body["url"] + "/cancel", me)
        assert status == 200
        assert told["cancelling"] or told["status"] == "cancelled"
    assert (await ended(Job(pk=body["id"]))).status == "cancelled"
    status, _, told = await act("POST", body["url"] + "/cancel", me)
    assert (status, told["status"], told["cancelling"]) == (200, "cancelled", False)
    let_on.set()
    for _ in range(2):
        status, _, _ = await act("POST", body["url"] + "/retry", me)
        assert status in (200, 409)
    assert (await ended(Job(pk=body["id"]), "done")).result == "let on"
    status, _, refused = await act("POST", body["url"] + "/retry", me)
    assert (status, refused["error"]["code"]) == (409, "conflict")


PATHS = [("GET", ""), ("POST", "/cancel"), ("POST", "/retry")]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_another_ones_job_is_answered_as_one_that_is_missing(runner, made, me, stranger, method, path):
    _, body = await begin_job(me)
    missing = "/jobs/5b4ac721-8437-4a7c-b6db-a1cf62cb1a4e"
    answers = [await act(method, url + path, stranger) for url in (body["url"], missing)]
    assert [status for status, _, _ in answers] == [404, 404]
    assert answers[0][2] == json.loads(json.dumps(answers[1][2]).replace(missing[6:], body["id"]))
    assert (await act("GET", "/jobs", stranger))[2] == {"jobs": []}
    status, _, _ = await act(method, body["url"] + path, {})
    assert status in (401, 404)


@pytest.mark.parametrize("technique", ACCEPT)
async def test_the_topic_of_a_job_is_its_starters_alone(runner, made, me, stranger, technique):
    _, body = await begin_job(me, "count")
    path, query = f"/events/{body['topic']}", {"last_event_id": "earliest", "until": "job.end"}
    status, _, told = await request("GET", path, query=query, headers=me | {"Accept": ACCEPT[technique]})
    assert status == 200
    assert lines_of(technique, told)[-1]["done"] is True
    status, _, _ = await request("GET", path, query=query, headers=stranger | {"Accept": ACCEPT[technique]})
    assert status == 404


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"kind": "bake"}, 400, "no kind of job 'bake' (there are: import,"),
        ({}, 400, "no kind of job None"),
        ({"kind": "export", "params": {"topik": "x"}}, 400, "export has no parameter 'topik' (there are: topic"),
        ({"kind": "export", "params": {"topic": "x", "format": "xml"}}, 400, "one of ndjson, csv, not 'xml'"),
        ({"kind": "import", "params": {"topic": "orders"}}, 400, "file is missing"),
        ({"kind": "count", "extra": 1}, 400, "a job has no field 'extra' (kind, params)"),
        ([], 400, "not list"),
    ],
)
async def test_a_bad_request_is_named_with_what_there_is(runner, made, me, body, status, says):
    answered, _, refused = await post_json("/jobs", body, **me)
    assert answered == status
    assert says in refused["error"]["message"]


async def test_bodies_methods_and_types_that_are_not_read(runner, me):
    status, _, _ = await act("POST", "/jobs", me | JSON, body=b"{")
    assert status == 400
    status, _, _ = await act("POST", "/jobs", me | JSON, body=b" " * 300_000)
    assert status == 413
    status, _, _ = await act("POST", "/jobs", me | {"Content-Type": "text/plain"}, body=b"{}")
    assert status == 415
    status, headers, _ = await act("DELETE", "/jobs", me)
    assert (status, headers["allow"]) == (405, "GET, HEAD, POST, OPTIONS")
    missing = "/jobs/5b4ac721-8437-4a7c-b6db-a1cf62cb1a4e"
    for path, allow in ((missing, "GET, HEAD, OPTIONS"), (missing + "/cancel", "POST, OPTIONS")):
        status, headers, _ = await act("PUT", path, me)
        assert (status, headers["allow"]) == (405, allow)
        status, headers, _ = await act("OPTIONS", path, me)
        assert (status, headers["allow"]) == (204, allow)


async def test_nobody_and_a_guest_without_a_session_are_asked_to_sign_in(runner, made, settings):
    for debug in (True, False):
        settings.DEBUG = debug
        for method in ("GET", "POST"):
            status, headers, _ = await act(method, "/jobs", JSON, body=b'{"kind": "count"}')
            assert status == 401
            assert "www-authenticate" in headers


async def test_no_more_jobs_wait_than_one_may_have(begin, made, me):
    runner = await begin(max_unfinished_jobs=2)
    bodies = [(await begin_job(me, Idempotency_Key=f"k{number}"))[1] for number in range(2)]
    status, answered, refused = await post_json("/jobs", {"kind": "gate"}, **me)
    assert (status, refused["error"]["code"]) == (429, "limit")
    assert answered["retry-after"]
    assert (await begin_job(me, Idempotency_Key="k0"))[1] == bodies[0]
    assert runner.running <= 2


async def test_the_staff_may_see_and_cancel_all(runner, made, me, people, hub):
    """By the functions of the views: the staff has sessions, which the tests of the site use."""
    from streams.errors import NotFound
    from streams.jobs.listing import list_jobs
    from streams.jobs.rights import job_to_read

    def look():
        job = start_job(people["ada"], kind_named("gate"), {}, key=None)
        assert job_to_read(people["sue"], job.pk) == job
        assert [one["id"] for one in list_jobs(people["sue"], everybody=True)] == [str(job.pk)]
        assert list_jobs(people["sue"]) == list_jobs(people["bob"], everybody=True) == []
        with pytest.raises(NotFound):
            job_to_read(people["bob"], job.pk)
        return True

    assert await hub.gateway.run(look)
    await aeventually(lambda: runner.running == 1)


async def test_a_job_that_was_tried_again_is_followed_from_there(runner, make_kind, me, ended):
    """The end of the first try lies just before the second: a follower was told that there is nothing more."""
    tries = []

    async def second_time(context):
        tries.append(1)
        yield Progress(len(tries), 2)
        if len(tries) == 1:
            raise InvalidInput("not yet")

    make_kind("second", second_time)
    _, body = await begin_job(me, "second", Idempotency_Key="k")
    await ended(Job(pk=body["id"]))
    await act("POST", body["url"] + "/retry", me)
    headers = me | JSON | {"Accept": ACCEPT["ndjson"], "Idempotency-Key": "k"}
    status, _, answer = await request(
        "POST", "/jobs", query={"follow": "1"}, headers=headers, body=json.dumps({"kind": "second"}).encode()
    )
    assert status == 200
    told = lines_of("ndjson", answer)
    assert (told[0]["status"], told[-1]["status"], len([line for line in told if line["done"] is True])) == (
        "queued", "done", 1,
    )  # fmt: skip


def test_the_admin_lists_jobs_and_changes_none(client, people, make_kind, django_user_model):
    async def nothing(context):
        yield Progress(1)

    kind = make_kind("nothing", nothing)
    job = start_job(people["ada"], kind, {}, key=None)
    client.force_login(django_user_model.objects.create_superuser("root"))
    assert b"nothing" in client.get("/admin/streams/job/").content
    assert client.get(f"/admin/streams/job/{job.pk}/change/").status_code == 200
    assert client.post(f"/admin/streams/job/{job.pk}/delete/").status_code == 403
