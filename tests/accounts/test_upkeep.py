"""Rows of sessions that have expired go, some at a time, with the places of their guests; the others stay."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from streams.accounts import upkeep
from streams.accounts.upkeep import clear_some, forget_guests, keep_sessions_cleared
from streams.chat.rooms import ensure_room
from streams.conf import get_settings
from streams.models import Lease, Member
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


def places(*, days, **fields):
    """Of a guest and a user, taken so many days before a session would end."""
    room, now = ensure_room("den", title="Den"), timezone.now()
    for person in ("g", "u"):
        one = Member.objects.create(room=room, person=f"{person}:{Member.objects.count()}", name="x", **fields)
        age = timedelta(seconds=get_settings().session_age_s) - timedelta(days=days)
        Member.objects.filter(pk=one.pk).update(joined_at=now - age)


@pytest.mark.django_db
def test_places_of_guests_go_when_nobody_can_come_for_them_any_more(monkeypatch):
    monkeypatch.setattr(upkeep, "AT_ONCE", 2)
    later = timezone.now() + timedelta(minutes=1)
    for days in (-1, 1):
        places(days=days)
        places(days=days, role="reader")
        places(days=days, role="removed")
        places(days=days, muted_until=later)
        places(days=days, muted_until=timezone.now())
        places(days=days, role="owner")
    assert [forget_guests() for _ in range(3)] == [2, 2, 0]
    guests = Member.objects.filter(person__startswith="g:").order_by("pk")
    assert [(one.role, one.muted_until == later) for one in guests[:2]] == [("member", True), ("owner", False)]
    assert (guests.count(), Member.objects.filter(person__startswith="u:").count()) == (2 + 6, 12)


async def test_places_of_guests_are_looked_after_where_sessions_are(hub):
    await hub.gateway.run(lambda: places(days=-1))
    task = asyncio.create_task(keep_sessions_cleared(hub, every_s=0.02))
    await aeventually(lambda: hub.gateway.run(lambda: [one.person[0] for one in Member.objects.all()] == ["u"]))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
