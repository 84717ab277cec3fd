"""The pages of topics: what a visitor may see, and nothing else."""

import pytest
from django.contrib.auth.models import User

from streams.eventlog import append
from streams.models import Topic
from streams.wire.event import NewEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def topics():
    """One of each visibility; ``orders`` has events."""
    for visibility in ("public", "members", "private"):
        Topic.objects.create(name=f"a-{visibility}-one", visibility=visibility, description=f"Is {visibility}")
    append("a-public-one", [NewEvent("1")] * 1_234)


@pytest.fixture
def sign_in(client):
    """``sign_in(is_staff=True)``"""
    return lambda **fields: client.force_login(User.objects.create_user("ann", **fields))


def listed(client):
    answer = client.get("/topics/")
    assert answer.status_code == 200
    return {name for name in ("public", "members", "private") if f"a-{name}-one" in answer.text}


def test_the_list_shows_what_one_may_read(client, topics, sign_in):
    assert listed(client) == {"public"}
    sign_in()
    assert listed(client) == {"public", "members"}


def test_staff_see_all(client, topics, sign_in):
    sign_in(is_staff=True)
    assert listed(client) == {"public", "members", "private"}


def test_guests_see_what_members_see_where_they_are_let_in(client, topics, streams_settings):
    streams_settings(guests=1)
    assert listed(client) == {"public", "members"}


def test_an_empty_list_is_a_page_too(client):
    assert client.get("/topics/").status_code == 200


def test_a_topic_has_a_page_with_its_facts(client, topics):
    answer = client.get("/topics/a-public-one")
    assert answer.status_code == 200
    assert "Is public" in answer.text
    assert "/events/a-public-one" in answer.text
    assert "100,000 events, at most 7 days" in answer.text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"retain_events": 1, "retain_s": 86_400}, "1 event, at most 1 day<"),
        ({"retain_s": 7_200}, "100,000 events, at most 2 hours<"),
        ({"retain_s": 90}, "at most 2 minutes<"),
        ({"retain_s": 1}, "at most 1 second<"),
        ({"retain_s": 0}, "at most 0 seconds<"),
    ],
)
def test_what_is_kept_is_said_in_words(client, fields, text):
    Topic.objects.create(name="orders", visibility="public", **fields)
    assert text in client.get("/topics/orders").text


def test_one_that_may_not_be_read_and_one_that_is_missing_answer_alike(client, topics, sign_in):
    for name in ("a-members-one", "a-private-one", "absent"):
        answer = client.get(f"/topics/{name}")
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next=/topics/{name}")
    sign_in()
    hidden, missing = client.get("/topics/a-private-one"), client.get("/topics/absent")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.replace("a-private-one", "absent") == missing.text


@pytest.mark.parametrize("name", ["a b", "a*", ".a", "a" * 129, "a%00"])
def test_a_name_that_none_can_have_is_not_found(client, name):
    assert client.get(f"/topics/{name}").status_code == 404


def test_a_description_is_text_and_never_markup(client):
    Topic.objects.create(name="orders", visibility="public", description="<script>alert(1)</script>")
    for path in ("/topics/", "/topics/orders"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
