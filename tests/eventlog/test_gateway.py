"""The few threads by which everything long-lived reaches the database."""

import asyncio
import threading

import pytest
from django.db import InterfaceError, OperationalError, connection, connections

from streams.errors import KeyReused, NoSuchTopic, Unavailable
from streams.eventlog import Gateway
from streams.models import Topic
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def gateway():
    gateway = Gateway(threads=3, timeout_s=20)
    yield gateway
    gateway.close()


def fail(error):
    raise error


def its_connection():
    """This thread's connection, which has been used."""
    Topic.objects.count()
    return connection.connection


async def test_answers_what_the_function_answers_and_raises_what_it_raises(gateway):
    assert await gateway.run(lambda a, *, b: (a, b), 1, b=2) == (1, 2)
    for error in (NoSuchTopic("x"), KeyReused("x"), ValueError("x")):
        with pytest.raises(type(error)):
            await gateway.run(fail, error)


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
async def test_a_database_that_fails_is_unavailable_and_the_next_call_has_a_fresh_connection(error):
    gateway = Gateway(threads=1, timeout_s=20)
    before = await gateway.run(its_connection)
    with pytest.raises(Unavailable, match="does not answer"):
        await gateway.run(fail, error)
    after = await gateway.run(its_connection)
    assert after is not before
    gateway.close()


async def test_a_connection_lasts_from_call_to_call():
    gateway = Gateway(threads=1, timeout_s=20)
    assert await gateway.run(its_connection) is await gateway.run(its_connection)
    gateway.close()


async def test_an_answer_that_takes_too_long_is_unavailable_with_the_limit():
    gateway, leave = Gateway(threads=1, timeout_s=0.05), threading.Event()
    with pytest.raises(Unavailable, match=r"within 0\.05 s"):
        await gateway.run(leave.wait, 30)
    leave.set()
    gateway.close()


async def test_no_more_threads_than_it_was_given(gateway):
    leave, inside = threading.Event(), []

    def work():
        inside.append(threading.current_thread().name)
        leave.wait(30)

    calls = [asyncio.create_task(gateway.run(work)) for _ in range(10)]
    await aeventually(lambda: len(inside) == 3)
    leave.set()
    await asyncio.gather(*calls)
    assert len(inside) == 10
    assert len(set(inside)) == 3


async def test_a_caller_that_is_cancelled_leaves_at_once_and_holds_up_nobody(gateway):
    leave = threading.Event()
    call = asyncio.create_task(gateway.run(leave.wait, 30))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await gateway.run(lambda: "next") == "next"
    leave.set()


async def test_closing_closes_the_connection_of_every_thread():
    """One idle thread took the closing of all: the others' connections were left to the garbage collector."""
    gateway = Gateway(threads=4, timeout_s=20)
    together = threading.Barrier(4)

    def connect():
        its_connection()
        together.wait(30)
        return connections["default"]

    wrappers = await asyncio.gather(*[gateway.run(connect) for _ in range(4)])
    assert len(set(map(id, wrappers))) == 4
    gateway.close()
    assert [wrapper.connection for wrapper in wrappers] == [None] * 4


async def test_a_closed_gateway_is_unavailable(gateway):
    gateway.close()
    with pytest.raises(Unavailable, match="shutting down"):
        await gateway.run(its_connection)
