"""The jobs that come along: what they do, what they ask for, and that nothing is done twice."""

import asyncio
import csv
import hashlib
import io
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from streams.errors import Forbidden, InvalidInput, NoSuchTopic, NotFound, NotSignedIn
from streams.jobs.builtin import clear
from streams.jobs.claims import claim_next
from streams.jobs.context import scratch_folder
from streams.jobs.registry import kind_named
from streams.jobs.rows import start_job
from streams.models import Event, File, Job, Topic
from streams.publishing import publish
from streams.publishing.identity import NOBODY
from streams.storage import add_file, open_file
from tests.harness.waiting import aeventually
from tests.jobs.conftest import events_of, make_user

LINES = [{"number": number, "text": f"Grüße {number}"} for number in range(1, 26)]


@pytest.fixture
def put(tmp_path, ada):
    """``put("a.csv", b"…")``: a file of Ada's in the list of files."""

    def put(name, content, **options):
        path = tmp_path / "source"
        path.write_bytes(content)
        return add_file(ada, path, name, **options)

    return put


@pytest.fixture
def do(runner, start, ended):
    """``await do("import", file=…)``: the row of the job when it has ended."""

    async def do(kind, **params):
        return await ended(await start(runner, kind, **params))

    return do


def ndjson(values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def content(name):
    with os.fdopen(open_file(File.objects.get(name=name).pk), "rb") as file:
        return file.read()


# Import


async def test_every_line_becomes_an_event(do, put, hub):
    await hub.gateway.run(put, "a.ndjson", ndjson(LINES))
    job = await do("import", file="a.ndjson", topic="orders", type="order")
    assert (job.status, job.done, job.total) == ("done", 25, 25), job.error
    assert job.result.items() >= {"published": 25, "skipped": 0}.items()
    assert await hub.gateway.run(events_of, "orders") == [("order", line) for line in LINES]


async def test_a_row_of_csv_becomes_an_object_by_the_names_of_the_header(do, put, hub):
    rows = b'\xef\xbb\xbfname,note\r\nann,"two\r\nlines"\r\nb\xc3\xb6b,"say ""hi"""\r\n\r\ncy,\r\n'
    await hub.gateway.run(put, "a.csv", rows)
    job = await do("import", file="a.csv", topic="people")
    assert (job.status, job.done, job.total) == ("done", 5, 5), job.error
    assert [data for _, data in await hub.gateway.run(events_of, "people")] == [
        {"name": "ann", "note": "two\r\nlines"}, {"name": "böb", "note": 'say "hi"'}, {"name": "cy", "note": ""},
    ]  # fmt: skip


BAD = {
    "a.ndjson": (b'{"a": 1}\n{"a": \n\n{"a": 3}\n', 2, "line 2: not JSON"),
    "nan.ndjson": (b"1\nNaN\n3\n", 2, "line 2: NaN"),
    "utf8.ndjson": (b'"a"\n"\xff"\n"c"', 2, "line 2: the text is not UTF-8"),
    "long.ndjson": (b"1\n" + b'"' + b"x" * 600_000 + b'"\n3\n', 2, "line 2: a line of more than"),
    "a.csv": (b"a,b\n1,2\n1\n5,6\n", 2, "line 3: it has 1 of the 2 fields"),
    "utf8.csv": (b"a,b\n1,2\n\xff,2\n5,6\n", 2, "line 3: the row is no UTF-8"),
    "quote.csv": (b'a,b\n1,2\n"x"y,2\n5,6\n', 2, "line 3: no CSV"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_line_stops_the_job_and_is_named_or_is_counted_and_skipped(do, put, hub, name):
    text, good, says = BAD[name]
    await hub.gateway.run(put, name, text)
    job = await do("import", file=name, topic="strict")
    assert job.status == "failed"
    assert job.error["message"].startswith(says)
    assert await hub.gateway.run(events_of, "strict") == []
    job = await do("import", file=name, topic="lenient", skip_bad=True)
    assert job.status == "done", job.error
    assert job.result.items() >= {"published": good, "skipped": 1}.items()
    assert len(await hub.gateway.run(events_of, "lenient")) == good


@pytest.mark.parametrize(("text", "says"), [(b"", "must name its fields"), (b"a,a\n1,2\n", "'a' twice")])
async def test_a_csv_file_without_a_good_header_is_refused(do, put, hub, text, says):
    await hub.gateway.run(put, "a.csv", text)
    job = await do("import", file="a.csv", topic="people", skip_bad=True)
    assert job.status == "failed"
    assert says in job.error["message"]


async def test_an_import_that_died_goes_on_and_publishes_nothing_twice(runner, put, hub, ada, ended):
    def die_half_way():
        """Two batches are published; of the second nobody kept that it was."""
        put("a.ndjson", ndjson(LINES))
        params = kind_named("import").read_params({"file": "a.ndjson", "topic": "orders"})
        job = start_job(ada, kind_named("import"), params, key=None)
        claim_next(["import"], lease_s=60)
        for line, value in enumerate(LINES[:15], 1):
            publish("orders", value, key=f"job:{job.pk}/{line}")
        result = {"published": 10, "skipped": 0, "_file_id": str(File.objects.get().pk)}
        Job.objects.filter(pk=job.pk).update(done=10, total=25, result=result, claim_expires_at=timezone.now())
        return job

    job = await ended(await hub.gateway.run(die_half_way))
    assert (job.status, job.result["published"]) == ("done", 25), job.error
    assert [data for _, data in await hub.gateway.run(events_of, "orders")] == LINES


async def test_the_rate_of_an_import_is_kept(runner, put, hub, start, ended):
    await hub.gateway.run(put, "a.ndjson", ndjson(range(10_000)))
    job = await start(runner, "import", file="a.ndjson", topic="orders", per_second=50)
    await aeventually(lambda: runner.running == 1)
    begun = asyncio.get_running_loop().time()

    async def some():
        return await hub.gateway.run(Event.objects.filter(topic__name="orders").count) >= 20

    await aeventually(some)
    assert asyncio.get_running_loop().time() - begun > 0.2
    runner.cancel(job.pk)
    row = await ended(job)
    assert (row.status, row.total) == ("cancelled", 10_000)


# Export


async def test_an_export_is_a_private_file_of_envelopes_which_an_import_reads_back(do, put, hub, ada):
    await hub.gateway.run(lambda: [publish("orders", line, type="order") for line in LINES])
    job = await do("export", topic="orders")
    assert (job.status, job.done, job.total) == ("done", 25, 25), job.error
    file = await hub.gateway.run(File.objects.get)
    assert (file.name, file.owner, file.visibility) == (job.result["text"], ada.id, "private")
    assert job.result["url"] == f"/files/{file.name}"
    lines = [json.loads(line) for line in (await hub.gateway.run(content, file.name)).splitlines()]
    assert [(line["type"], line["data"], line["topic"]) for line in lines] == [
        ("order", line, "orders") for line in LINES
    ]
    job = await do("import", file=file.name, topic="copy", envelopes=True)
    assert job.status == "done", job.error
    assert await hub.gateway.run(events_of, "copy") == await hub.gateway.run(events_of, "orders")


async def test_an_export_as_csv_is_safe_for_spreadsheets(do, hub):
    await hub.gateway.run(lambda: [publish("orders", 'a "b", c', type="=cmd()"), publish("orders", -5)])
    job = await do("export", topic="orders", format="csv", name="orders.csv", visibility="members")
    assert job.status == "done", job.error
    rows = list(csv.reader(io.StringIO((await hub.gateway.run(content, "orders.csv")).decode())))
    assert rows[0] == ["id", "time", "type", "data"]
    assert [row[2:] for row in rows[1:]] == [["'=cmd()", '"a \\"b\\", c"'], ["message", "-5"]]


async def test_an_export_again_gives_the_newer_file_the_name(do, hub):
    await hub.gateway.run(publish, "orders", 1)
    for _ in range(2):
        job = await do("export", topic="orders", name="orders.ndjson")
        await hub.gateway.run(publish, "orders", 2)
    assert job.result["text"] == "orders.ndjson"
    assert await hub.gateway.run(lambda: list(File.objects.values_list("name", flat=True))) == ["orders.ndjson"]


async def test_a_cancelled_export_leaves_no_file(runner, start, ended, hub, monkeypatch):
    await hub.gateway.run(publish, "orders", 1)
    reached = asyncio.Event()

    async def hang(*_):
        reached.set()
        await asyncio.Event().wait()
        yield ()

    monkeypatch.setattr("streams.jobs.builtin.export.kept_events", hang)
    job = await start(runner, "export", topic="orders")
    await reached.wait()
    assert list(scratch_folder().iterdir())
    runner.cancel(job.pk)
    assert (await ended(job)).status == "cancelled"
    assert not list(scratch_folder().iterdir())
    assert await hub.gateway.run(File.objects.count) == 0


# Checksum, replay, trim


async def test_a_checksum_is_kept_beside_the_file(do, put, hub):
    text = os.urandom(20_000_000)
    await hub.gateway.run(put, "big.bin", text)
    job = await do("checksum", file="big.bin")
    assert (job.status, job.done, job.total) == ("done", 20_000_000, 20_000_000), job.error
    assert job.result["sha256"] == hashlib.sha256(text).hexdigest()
    assert (await hub.gateway.run(File.objects.get)).sha256 == job.result["sha256"]


def happened(topic, *seconds):
    """Events of a topic, with the times at which they happened. Sync."""
    for second in seconds:
        publish(topic, second, type="tick")
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for event, second in zip(Event.objects.filter(topic__name=topic).order_by("seq"), seconds, strict=True):
        Event.objects.filter(pk=event.pk).update(created_at=first + timedelta(seconds=second))


async def test_a_replay_keeps_the_pauses_and_the_order(do, hub):
    await hub.gateway.run(happened, "was", 0, 0.001, 3, 3.5, 1_000)
    job = await do("replay", topic="was", into="now", speed=10, max_pause_s=0.2)
    assert (job.status, job.done, job.total) == ("done", 5, 5), job.error
    assert await hub.gateway.run(events_of, "now") == await hub.gateway.run(events_of, "was")
    times = await hub.gateway.run(
        lambda: list(Event.objects.filter(topic__name="now").order_by("seq").values_list("created_at", flat=True))
    )
    after = [(time - job.started_at).total_seconds() for time in times]
    assert after[0] == after[1]
    for came, due in zip(after, [0, 0, 0.2, 0.25, 0.45], strict=True):  # never early; late on a busy machine
        assert due <= came < due + 3, after


async def test_a_replay_that_died_goes_on_behind_what_it_had_published(runner, hub, ada, ended):
    def die_half_way():
        happened("was", *range(10))
        params = kind_named("replay").read_params({"topic": "was", "into": "now", "speed": 1_000})
        job = start_job(ada, kind_named("replay"), params, key=None)
        claim_next(["replay"], lease_s=60)
        for seq in range(1, 7):
            publish("now", seq - 1, type="tick", key=f"job:{job.pk}/{seq}")
        result = {"_epoch": Topic.objects.get(name="was").epoch, "_seq": 4}
        Job.objects.filter(pk=job.pk).update(done=4, total=10, result=result, claim_expires_at=timezone.now())
        return job

    job = await ended(await hub.gateway.run(die_half_way))
    assert (job.status, job.done, job.total) == ("done", 10, 10), job.error
    assert await hub.gateway.run(events_of, "now") == await hub.gateway.run(events_of, "was")


async def test_trimming_deletes_what_need_not_be_kept(runner, start, ended, hub, people):
    def fill():
        for name in ("orders", "stock"):
            for number in range(20):
                publish(name, number)
        Topic.objects.update(retain_events=5)

    await hub.gateway.run(fill)
    job = await ended(await start(runner, "trim", who=people["sue"], topic="orders"))
    assert (job.status, job.result) == ("done", {"deleted": 15}), job.error
    assert await hub.gateway.run(Event.objects.filter(topic__name="stock").count) == 20
    job = await ended(await start(runner, "trim", who=people["sue"]))
    assert job.result["deleted"] >= 15
    assert await hub.gateway.run(Event.objects.filter(topic__name="stock").count) == 5


async def test_trimming_one_topic_may_keep_a_number(runner, start, ended, hub, people):
    await hub.gateway.run(lambda: [publish("orders", number) for number in range(20)])
    job = await ended(await start(runner, "trim", who=people["sue"], topic="orders", keep=3))
    assert (job.status, job.result) == ("done", {"deleted": 17}), job.error


@pytest.mark.parametrize("then", ["reset", "delete"])
async def test_clearing_empties_a_topic_in_small_steps_and_resets_or_deletes_it(begin, start, ended, then, monkeypatch):
    monkeypatch.setattr("streams.jobs.builtin.clear.TURN_S", 0)
    runner = await begin(trim_batch=5)

    def prepare():
        for number in range(12):
            publish("orders", number)
        return make_user("rita", f"{then}_topic"), Topic.objects.get(name="orders").epoch

    rita, epoch = await runner.hub.gateway.run(prepare)
    job = await ended(await start(runner, "clear", who=rita, topic="orders", then=then))
    assert (job.status, job.result["deleted"]) == ("done", 12), job.error

    def after():
        clear.finish("orders", epoch, then)  # by a run that died after it: what has begun since stays
        return list(Topic.objects.filter(name="orders").values_list("head", "epoch"))

    left = await runner.hub.gateway.run(after)
    assert left == [] if then == "delete" else left[0][0] == 0 and left[0][1] != epoch


# Rights


def refused(who, kind, **params):
    kind = kind_named(kind)
    with pytest.raises((Forbidden, NotSignedIn, NotFound, NoSuchTopic, InvalidInput)) as error:
        start_job(who, kind, kind.read_params(params), key=None)
    return type(error.value)


def test_each_kind_asks_for_the_rights_that_it_needs(people, put, bearer):
    ada, bob, sue = people["ada"], people["bob"], people["sue"]
    put("mine.ndjson", b"1\n", visibility="private")
    put("ours.ndjson", b"1\n")
    publish("orders", 1)
    publish("secret", 1)
    Topic.objects.filter(name="secret").update(visibility="private")
    _, reader = bearer(read=["orders"])
    assert refused(bob, "import", file="ours.ndjson", topic="orders") is Forbidden
    assert refused(NOBODY, "import", file="ours.ndjson", topic="orders") is NotSignedIn
    assert refused(bob, "checksum", file="mine.ndjson") is NotFound
    assert refused(ada, "import", file="nothing.ndjson", topic="orders") is NotFound
    assert refused(ada, "export", topic="secret") is NoSuchTopic
    assert refused(bob, "export", topic="orders") is Forbidden
    assert refused(reader, "export", topic="orders") is Forbidden
    assert refused(ada, "replay", topic="secret", into="copy") is NoSuchTopic
    assert refused(bob, "replay", topic="orders", into="copy") is Forbidden
    assert refused(ada, "replay", topic="orders", into="orders") is InvalidInput
    assert refused(ada, "trim") is Forbidden
    assert refused(reader, "trim") is Forbidden
    assert refused(sue, "trim", keep=3) is InvalidInput
    assert refused(sue, "clear", topic="orders") is Forbidden
    for who, kind, params in (
        (ada, "import", {"file": "mine.ndjson", "topic": "orders"}),
        (bob, "checksum", {"file": "ours.ndjson"}),
        (ada, "export", {"topic": "orders"}),
        (sue, "trim", {}),
    ):
        assert start_job(who, kind_named(kind), kind_named(kind).read_params(params), key=None)
