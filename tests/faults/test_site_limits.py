"""One stream too many on a real server: sockets, downloads and questions are told, and nobody else notices."""

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from tests.harness.readers import Reader, reading, request
from tests.harness.site import SERVERS, Site
from tests.harness.sockets import connected
from tests.harness.waiting import aeventually

LIMIT = 4
FULL = f"{LIMIT} streams from 127.0.0.1 are open (limit {LIMIT})"
BIG = 6_000_000


@pytest.fixture(scope="module", params=SERVERS)
def small(request, tmp_path_factory):
    """A site where an address may have LIMIT streams, and ask three questions a minute."""
    folder = tmp_path_factory.mktemp("site")
    limits = {"STREAMS_MAX_STREAMS_PER_ADDRESS": str(LIMIT), "STREAMS_MAX_QUESTIONS_PER_MIN": "3"}
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}", **limits).set_up()
    site.manage("publish", "orders", "first")
    (folder / "big.bin").write_bytes(bytes(BIG))
    site.manage("addfile", str(folder / "big.bin"), "--visibility", "public")
    yield site.start()
    site.kill()


async def asked(site, path, **options):
    """The status, the headers and the error of an answer that is refused."""
    async with request(site.url, path, **options) as answer:
        return answer.status, answer.headers, json.loads(await answer.body())["error"]


async def test_one_too_many_is_told_by_every_technique_and_nobody_else_notices(small):
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        readers = [await stack.enter_async_context(reading(Reader(small.url, "orders"))) for _ in range(LIMIT)]
        await aeventually(lambda: all(reader.openings for reader in readers))

        async with connected(small, "/events/orders") as socket:
            (told,), code = await socket.end()
        assert (told["type"], told["data"]["code"], told["data"]["message"]) == ("stream.error", "limit", FULL)
        assert code == 4429
        for path in ("/events/orders", "/files/big.bin", "/report?topic=orders"):
            status, headers, error = await asked(small, path)
            assert (status, error["code"], error["message"]) == (429, "limit", FULL), path
            assert 8 <= int(headers["retry-after"]) <= 14
        async with request(small.url, "/files/big.bin", headers={"Range": "bytes=0-99"}) as part:
            assert (part.status, len(await part.body())) == (206, 100)

        small.manage("publish", "orders", "second")
        await aeventually(lambda: all([event.data for event in reader.events] == ["second"] for reader in readers))
        assert all(len(reader.statuses) == 1 for reader in readers)
    async with request(small.url, "/files/big.bin") as whole:
        assert len(await whole.body()) == BIG


async def test_questions_too_many_are_429_and_their_answers_take_a_place(small):
    ask = {"method": "POST", "headers": {"Content-Type": "application/json"}, "body": b'{"message": "hello"}'}
    for _ in range(3):
        async with request(small.url, "/chat", **ask) as answer:
            assert answer.status == 200
            assert (await answer.body()).endswith(b"data: [DONE]\n\n")
    status, headers, error = await asked(small, "/chat", **ask)
    assert (status, error["code"]) == (429, "limit")
    assert error["message"] == "too many questions: one more would pass the limit of 3 a minute"
    assert 1 <= int(headers["retry-after"]) <= 20
    assert "Traceback" not in small.log()
