"""The page that asks for a report: without JavaScript it is a plain form."""

import re

import pytest
from django.contrib.auth.models import User

from streams.chat.rooms import ensure_room
from tests.reports.conftest import make_topic

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def topics():
    for visibility in ("public", "members", "private"):
        make_topic(f"a-{visibility}-one", visibility=visibility)
    ensure_room("den", title="A den")


def suggested(client, kind="events"):
    answer = client.get("/reports/", {"kind": kind})
    assert answer.status_code == 200
    return re.findall(r'<option value="([^"]+)">', answer.text)


def test_topics_are_suggested_that_one_may_read(client, topics):
    assert suggested(client) == ["a-public-one"]
    client.force_login(User.objects.create_user("ann"))
    assert suggested(client) == ["a-members-one", "a-public-one", "room:den", "room:den:live"]
    assert suggested(client, "messages") == ["den"]


def test_kinds_for_staff_are_shown_to_staff(client, topics):
    assert "kind=generations" not in client.get("/reports/", {"kind": "generations"}).text
    client.force_login(User.objects.create_user("eve", is_staff=True))
    page = client.get("/reports/", {"kind": "generations"}).text
    assert 'name="kind" value="generations"' in page
    assert 'value="input_tokens" checked' in page


def test_the_form_asks_for_what_the_server_takes(client, topics):
    page = client.get("/reports/", {"topic": "a-public-one"}).text
    assert 'action="/report" method="get"' in page
    assert set(re.findall(r'name="(\w+)"', page)) - {"viewport", "description"} <= {
        "kind", "topic", "type", "from", "to", "columns", "format", "bom", "theme",
    }  # fmt: skip
    assert "curl -fOJ &#x27;" in page or "curl -fOJ '" in page


def test_one_who_may_read_nothing_is_told_how(client):
    page = client.get("/reports/").text
    assert "There is none that you may read yet" in page
    assert "Sign in" in page
