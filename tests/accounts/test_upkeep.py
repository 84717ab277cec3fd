"""Rows of sessions that have expired go, some at a time; the others stay."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone

from streams.accounts import upkeep
from streams.accounts.upkeep import clear_some, keep_sessions_cleared
from streams.models import Lease
from tests.harness.waiting import aeventually


def fill(expired, *, good=3):
    now = timezone.now()
    ages = [*[timedelta(seconds=-1)] * expired, *[timedelta(hours=1)] * good]
    Session.objects.bulk_create(
        Session(session_key=f"key-{number}", session_data="", expire_date=now + age) for number, age in enumerate(ages)
    )


async def test_they_are_deleted_some_at_a_time_by_the_process_that_holds_the_lease(hub, monkeypatch):
    monkeypatch.setattr(upkeep, "AT_ONCE", 10)
    await hub.gateway.run(fill, 35)
    assert await hub.gateway.run(clear_some) == 10
    task = asyncio.create_task(keep_sessions_cleared(hub, every_s=0.02))
    await aeventually(lambda: hub.gateway.run(lambda: Session.objects.count() == 3))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_another_process_that_holds_the_lease_is_left_to_it(hub):
    held = {"name": "sessions", "owner": "another", "expires_at": timezone.now() + timedelta(hours=1)}
    await hub.gateway.run(lambda: Lease.objects.create(**held))
    await hub.gateway.run(fill, 5)
    asked, real = [], hub.gateway.run

    async def counted(work, *given, **named):
        asked.append(work)
        return await real(work, *given, **named)

    hub.gateway.run = counted
    task = asyncio.create_task(keep_sessions_cleared(hub, every_s=0.01))
    await aeventually(lambda: len(asked) >= 3)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert clear_some not in asked
    assert await real(Session.objects.count) == 8
