"""What the reports are made of in these tests: a topic, a room, and texts that a spreadsheet would compute."""

import csv
import io
import json

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from streams.eventlog import append
from streams.models import Topic
from streams.wire.event import NewEvent
from tests.harness.asgi import request
from tests.harness.fixtures import make_hub, no_queries_in_the_loop, streams_settings  # noqa: F401
from tests.transports.topics import fill


def make_topic(name, *events, visibility="public"):
    """A topic with these events."""
    topic, _ = Topic.objects.get_or_create(name=name, defaults={"visibility": visibility})
    if events:
        append(name, list(events))
    return topic


def table(body):
    """The lines of a CSV, as a strict reader has them: header, rows, footer."""
    header, *rows, footer = csv.reader(io.StringIO(body.decode(), newline=""), strict=True)
    assert {len(row) for row in rows} <= {len(header)} == {len(footer)}
    assert footer == [f"total: {len(rows)}", *[""] * (len(header) - 1)]
    return header, rows


async def report(headers=None, **query):
    """The header and rows of a report that is granted."""
    status, _, body = await request("GET", "/report", query=query, headers=headers)
    assert status == 200, body
    return table(body)


async def refused(headers=None, **query):
    """The status and the error of one that is not."""
    status, answered, body = await request("GET", "/report", query=query, headers=headers)
    assert status >= 400, body
    assert answered["content-type"] == "application/json"
    return status, json.loads(body)["error"]


async def signed_in(hub, name, **fields):
    """The headers of a user's browser; the user is made. ``may``: names of permissions."""
    may = fields.pop("may", ("view_liveconnection", "view_generation") if fields.get("is_staff") else ())

    def sign_in():
        client = Client()
        user = User.objects.create_user(name, **fields)
        user.user_permissions.set(Permission.objects.filter(codename__in=may))
        client.force_login(user)
        return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}

    return await hub.gateway.run(sign_in)


@pytest.fixture
async def orders(hub):
    """A public topic with ten events: 1, 2, 3…"""
    return await hub.gateway.run(fill, 10)


@pytest.fixture
def odd():
    """Events with all that a line of CSV or JSON could stumble over."""
    types = ["=1+1", "+1", "-1", "@SUM(A1)", 'say "hi"', "a,b", "back\\slash", "grün 🌊", "%s", "'"]
    datas = [
        "-5",
        '"=1+1"',
        '{"a":"x,y"}',
        '"say \\"hi\\""',
        "[1,2]",
        '"50%"',
        "null",
        '"\\u2028 \U0001f30a"',
        '"%d"',
        '""',
    ]
    return [NewEvent(data, type, key) for data, type, key in zip(datas, types, ["=k", *[None] * 9], strict=True)]
