"""The response of everything that lasts: it holds nothing, and ends at once."""

import asyncio
import gc
import threading
from contextlib import aclosing

import pytest
from asgiref.sync import SyncToAsync
from django.middleware.gzip import GZipMiddleware
from django.test import RequestFactory

from streams.http import StreamResponse
from tests.harness.asgi import WINDOW, Exchange
from tests.harness.waiting import aeventually
from tests.http import urls

pytestmark = [pytest.mark.urls("tests.http.urls"), pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def seen():
    urls.seen.clear()
    return urls.seen


def executors():
    """The thread executors that requests hold."""
    gc.collect()
    return len(SyncToAsync.context_to_thread_executor)


async def test_it_gives_thread_and_connection_back_before_the_first_byte(seen):
    async with Exchange("GET", "/stream") as answer:
        assert await answer.chunk() == b"first"
        assert seen["connected"] is True, "the view had a thread and a connection"
        assert executors() == 0
        assert seen["connection"].connection is None


async def test_many_open_streams_hold_no_thread():
    async with Exchange("GET", "/stream") as one:
        await one.chunk()
        before = threading.active_count()
        answers = [Exchange("GET", "/stream") for _ in range(20)]
        for answer in answers:
            await answer.__aenter__()
            await answer.chunk()
        await aeventually(lambda: threading.active_count() <= before + 2)  # those that are ending
        for answer in answers:
            await answer.leave()
    assert executors() == 0


async def test_a_client_that_leaves_ends_the_generator_at_once_and_in_its_own_task(seen):
    async with Exchange("GET", "/stream") as answer:
        await answer.chunk()
        assert "finally" not in seen
        await answer.leave()
        assert seen["finally"] is True, "not when the garbage collector comes by"
        assert seen["finally in"] is not None


async def test_a_client_that_leaves_while_a_chunk_is_sent_ends_it_at_once_too(seen):
    """The generator stands at its yield: Django closes it by ``aclosing``, with nothing wrapped around it."""
    async with Exchange("GET", "/endless") as answer:
        await aeventually(lambda: seen.get("sent", 0) >= WINDOW)
        assert "finally" not in seen
        await answer.leave()
        assert seen["finally"] is True


async def test_a_client_that_does_not_read_holds_the_producer(seen):
    async with Exchange("GET", "/endless") as answer:
        await aeventually(lambda: seen.get("sent", 0) >= WINDOW)
        for _ in range(50):
            await asyncio.sleep(0)
        assert seen["sent"] <= WINDOW + 1
        await answer.chunk()
        await aeventually(lambda: seen["sent"] > WINDOW)


async def test_closing_it_as_django_does_runs_the_finally_of_the_body():
    ended = []

    async def body():
        try:
            yield b"1"
            yield b"2"
        finally:
            ended.append(True)

    async with aclosing(aiter(StreamResponse(body()))) as chunks:
        assert await anext(chunks) == b"1"
    assert ended == [True]


async def test_a_failing_body_fails_the_exchange_and_is_closed():
    async def body():
        yield b"1"
        raise ValueError("half-way")

    chunks = aiter(StreamResponse(body()))
    assert await anext(chunks) == b"1"
    with pytest.raises(ValueError, match="half-way"):
        await anext(chunks)


async def nothing():
    yield b""


def test_a_middleware_that_wraps_it_is_refused_with_the_reason():
    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})
    with pytest.raises(RuntimeError, match="a middleware wraps the body of a StreamResponse"):
        GZipMiddleware(lambda request: StreamResponse(nothing()))(request)


def test_its_headers_keep_proxies_from_buffering_and_may_be_set_otherwise():
    response = StreamResponse(nothing())
    assert response.headers["Cache-Control"] == "no-cache, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert StreamResponse(nothing(), headers={"Cache-Control": "private"}).headers["Cache-Control"] == "private"
    assert response.streaming is True
    assert "Content-Length" not in response.headers
