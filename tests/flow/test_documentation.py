"""Every snippet of docs/flow.md runs, and does what the page says."""

import asyncio
import json
import re
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import SynchronousOnlyOperation
from django.urls import path

from tests.harness.asgi import Exchange
from tests.harness.waiting import aeventually

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/flow.md").read_text()
SNIPPETS = dict(re.findall(r"<!-- snippet: (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
LIMIT_S = 20


def run(name):
    """The snippet as a module."""
    module = ModuleType(f"docs_flow_{name}")
    exec(compile(SNIPPETS[name], f"docs/flow.md: {name}", "exec"), module.__dict__)
    return module


@pytest.fixture
def serve(settings, transactional_db):
    """``serve(view)``: the site is this one view, at ``/``."""

    def serve(view):
        urls = ModuleType("urls_of_the_test")
        urls.urlpatterns = [path("", view)]
        settings.ROOT_URLCONF = urls

    return serve


class Sink:
    """What was sent to it, slowly."""

    def __init__(self):
        self.got = []

    async def __call__(self, item):
        await asyncio.sleep(0)
        self.got.append(item)


async def numbers(count, start=0):
    for number in range(start, start + count):
        yield number


def test_every_snippet_is_tested():
    assert PAGE.count("```python") == len(SNIPPETS)
    tests = Path(__file__).read_text()
    assert [name for name in SNIPPETS if f'run("{name}")' not in tests] == []


@asynccontextmanager
async def upstream(chunks):
    """An HTTP server that sends ``chunks`` of 1,000 bytes, as fast as they are read; how many, and when it is left."""
    seen = {"sent": 0}

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        try:
            while seen["sent"] < chunks:
                writer.write(b"x" * 1_000)
                await writer.drain()
                seen["sent"] += 1
            if chunks == 1:
                await reader.read()  # silent from here on, until the client hangs up
        except ConnectionError:
            pass
        finally:
            seen["left"] = True
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", seen


async def test_an_upstream_is_passed_on_whole(serve):
    module = run("upstream")
    serve(module.export)
    async with upstream(3_000) as (module.UPSTREAM, _), Exchange("GET", "/") as answer:
        assert answer.status == 200
        assert await answer.body() == b"x" * 3_000_000


async def test_an_upstream_waits_for_a_client_that_does_not_read(serve):
    module = run("upstream")
    serve(module.export)
    async with upstream(100_000) as (module.UPSTREAM, seen), Exchange("GET", "/") as answer:
        await answer.chunk()
        before = -1
        while before != seen["sent"]:
            before = seen["sent"]
            await asyncio.sleep(0.1)
        assert seen["sent"] < 50_000, "the rest of 100 MB has not left upstream"


@pytest.mark.parametrize("chunks", [1, 100_000], ids=["silent", "fast"])
async def test_an_upstream_is_left_when_the_client_leaves(serve, chunks):
    module = run("upstream")
    serve(module.export)
    async with upstream(chunks) as (module.UPSTREAM, seen), Exchange("GET", "/") as answer:
        if chunks > 1:
            await answer.chunk()
        else:
            await aeventually(lambda: seen["sent"])
        await answer.leave()
        await aeventually(lambda: seen.get("left"))


async def test_a_report_comes_from_the_database(serve):
    for number in range(3):
        await get_user_model().objects.acreate(username=f"person {number}")
    serve(run("database").report)
    async with Exchange("GET", "/") as answer:
        lines = (await answer.body()).decode().splitlines()
    assert lines[0] == "id,name"
    assert [line.partition(",")[2] for line in lines[1:]] == ["person 0", "person 1", "person 2"]


async def test_a_report_whose_client_leaves_leaves_nothing_behind(serve):
    users = get_user_model()
    await users.objects.abulk_create(users(username=f"person {number}") for number in range(3_000))
    serve(run("database").report)
    async with Exchange("GET", "/") as answer:
        assert await answer.chunk() == b"id,name\r\n"
    await aeventually(lambda: len(asyncio.all_tasks()) == 1)


async def test_querysets_that_django_can_and_cannot_iterate_over_in_async_code(transactional_db):
    """What the page warns of; once Django mends it, the warning can go."""
    people = get_user_model().objects.all()
    assert [row async for row in people.values("pk").aiterator()] == []
    with pytest.raises(SynchronousOnlyOperation):
        assert [row async for row in people.values_list("pk").aiterator()] == []


async def test_a_match_ends_the_reading():
    closed = []

    async def rows():
        try:
            async for number in numbers(1_000_000):
                yield number
        finally:
            closed.append(True)

    assert await run("aclosing").first_match(rows(), 7) == 7
    assert closed
    assert await run("aclosing").first_match(numbers(5), 7) is None


async def test_producer_and_consumer_are_gathered():
    sink = Sink()
    async with asyncio.timeout(LIMIT_S):
        await run("gather").copy(numbers(1_000), sink)
    assert sink.got == list(range(1_000))


async def test_a_gathered_side_that_fails_ends_the_other():
    async def failing():
        yield 1
        raise ValueError("upstream")

    async def refuse(row):
        raise KeyError(row)

    sink = Sink()
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(ValueError, match="upstream"):
            await run("gather").copy(failing(), sink)
        with pytest.raises(KeyError):
            await run("gather").copy(numbers(1_000), refuse)
        await aeventually(lambda: len(asyncio.all_tasks()) == 1)


async def test_several_sources_are_merged():
    sink = Sink()
    async with asyncio.timeout(LIMIT_S):
        await run("several").merge([numbers(300), numbers(200, 1_000), numbers(0)], sink)
    assert sorted(sink.got) == [*range(300), *range(1_000, 1_200)]


async def test_trades_come_no_faster_than_they_may_and_tell_what_was_dropped(serve):
    module = run("trades")
    module.subscribe_to_trades = lambda: numbers(500)
    serve(module.ticker)
    async with Exchange("GET", "/") as answer:
        body = (await answer.body()).decode()
    shown = [json.loads(line.removeprefix("data: ")) for line in body.split("\n\n") if line]
    assert [event["trade"] for event in shown[:10]] == list(range(10))
    assert all(event["trade"] == number + event["dropped"] for number, event in enumerate(shown)), (
        "each is accounted for"
    )
    assert len(shown) < 500


@pytest.mark.parametrize(("way", "at_least_mb", "at_most_mb"), [("queue", 190, 300), ("pipe", 0, 10), ("piped", 0, 10)])
def test_a_stalled_reader_costs_what_the_page_says(way, at_least_mb, at_most_mb):
    ran = subprocess.run(
        [sys.executable, "-m", "tests.flow.stalled_reader", way],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert at_least_mb <= float(ran.stdout) <= at_most_mb
