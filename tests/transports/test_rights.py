"""A stream outlives the moment in which its reader was let in: who loses the right to it is told, and nobody else."""

import asyncio
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from streams.connections import recheck, registry
from streams.connections.recheck import check_once
from streams.models import Token, Topic
from streams.publishing import create_token
from tests.harness.asgi import EventStream, request
from tests.harness.waiting import aeventually
from tests.transports.topics import fill


def sign_in(name="ann"):
    """The headers of a browser in which a user has signed in."""
    client = Client()
    client.force_login(User.objects.get(username=name))
    return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}


def house():
    """A private topic that ann may read by name and by her group; the headers of her browser."""
    fill(3)
    ann, readers = User.objects.create_user("ann", password="x"), Group.objects.create(name="readers")
    ann.groups.add(readers)
    topic = Topic.objects.get(name="orders")
    topic.visibility = "private"
    topic.save()
    topic.readers.add(ann)
    return sign_in()


def of(topic="orders"):
    return Topic.objects.get(name=topic)


def by_group_instead():
    of().readers.clear()
    of().reader_groups.add(Group.objects.get(name="readers"))


LOSSES = {
    "disabled": lambda: User.objects.update(is_active=False),
    "signed out": lambda: Session.objects.all().delete(),
    "session over": lambda: Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1)),
    "another password": lambda: (ann := User.objects.get(username="ann"), ann.set_password("y"), ann.save()),
    "deleted": lambda: User.objects.all().delete(),
    "no reader any more": lambda: Topic.objects.get(name="orders").readers.set([]),
}


async def ends(stream):
    message = await stream.message()
    assert (message.type, message.json) == ("stream.close", {"reason": "unauthorized", "reconnect": False})
    assert await stream.message() is None


@pytest.mark.parametrize("loss", LOSSES)
async def test_a_user_who_loses_the_right_is_told_and_the_stream_ends(hub, loss):
    ann = await hub.gateway.run(house)
    _, text = await hub.gateway.run(lambda: create_token(name="other", read=["orders"]))
    token = {"Authorization": f"Bearer {text}"}
    async with EventStream("/events/orders", headers=ann) as hers, EventStream("/events/orders", headers=token) as its:
        await hers.opened()
        await its.opened()
        assert await check_once(hub) == 0
        await hub.gateway.run(LOSSES[loss])
        assert await check_once(hub) == 1
        await ends(hers)
        await hub.gateway.run(fill, 1)
        assert (await its.message()).json == 1, "others read on"


async def test_a_right_by_a_group_lasts_as_long_as_both(hub):
    ann = await hub.gateway.run(house)
    async with EventStream("/events/orders", headers=ann) as stream:
        await stream.opened()
        await hub.gateway.run(by_group_instead)
        assert await check_once(hub) == 0
        await hub.gateway.run(lambda: User.objects.get(username="ann").groups.set([]))
        assert await check_once(hub) == 1
        await ends(stream)
    status, _, body = await request("GET", "/events/orders", headers=ann)
    missing, _, other = await request("GET", "/events/nowhere", headers=ann)
    assert (status, json.loads(body)["error"]["code"]) == (missing, json.loads(other)["error"]["code"])
    assert body.replace(b"orders", b"nowhere") == other


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"read": "stock"},
    ],
    ids=["revoked", "expired", "narrowed"],
)
async def test_a_token_that_is_no_good_any_more_ends_its_streams(hub, change):
    await hub.gateway.run(house)
    _, text = await hub.gateway.run(lambda: create_token(name="it", read=["orders"]))
    async with EventStream("/events/orders", headers={"Authorization": f"Bearer {text}"}) as stream:
        await stream.opened()
        await hub.gateway.run(lambda: Token.objects.update(**change))
        assert await check_once(hub) == 1
        await ends(stream)


async def test_a_topic_that_becomes_private_keeps_those_it_names(hub):
    ann = await hub.gateway.run(house)
    await hub.gateway.run(lambda: Topic.objects.update(visibility="public"))
    async with EventStream("/events/orders", headers=ann) as hers, EventStream("/events/orders") as anybodys:
        await hers.opened()
        await anybodys.opened()
        await hub.gateway.run(lambda: Topic.objects.update(visibility="private"))
        assert await check_once(hub) == 1
        await ends(anybodys)
        await hub.gateway.run(fill, 1)
        assert (await hers.message()).json == 1


async def test_a_long_poll_that_waits_is_answered_that_it_may_not(hub):
    ann = await hub.gateway.run(house)
    async with EventStream("/events/orders", accept="text/event-stream", headers=ann) as other:
        await other.opened()  # the topic is followed, so the poll waits at once
        polling = asyncio.create_task(request("GET", "/events/orders", headers=ann | {"Accept": "application/json"}))
        await aeventually(lambda: registry.by_technique().get("longpoll") == 1)
        await hub.gateway.run(LOSSES["disabled"])
        assert await check_once(hub) == 2
        status, headers, body = await polling
        assert (status, json.loads(body)["error"]["code"]) == (401, "stream_closed")
        assert headers["www-authenticate"]


async def test_readers_of_one_session_are_asked_for_once(hub, monkeypatch):
    ann = await hub.gateway.run(house)
    asked, real = [], recheck.still_readable
    monkeypatch.setattr(recheck, "still_readable", lambda who, names: (asked.append(names), real(who, names))[1])
    async with EventStream("/events/orders", headers=ann) as one, EventStream("/events/orders", headers=ann) as two:
        await one.opened()
        await two.opened()
        assert await check_once(hub) == 0
    assert asked == [{"orders"}]
