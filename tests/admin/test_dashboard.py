"""The first page of the admin: who sees it, and what its script is told."""

import json
import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from streams.models import Topic
from streams.setup import set_up

TABLES = ('id="slowest"', 'id="busiest"', 'id="closes"')


def told(page: str) -> dict:
    return json.loads(re.search(r'<script id="dashboard-data" type="application/json">(.*?)</script>', page)[1])


@pytest.fixture
def page_of(client, db):
    """The page as somebody of the staff gets it who has these permissions."""

    def get(*permissions):
        user = User.objects.create_user("liv", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client.force_login(user)
        answer = client.get(reverse("admin:index"))
        assert answer.status_code == 200
        return answer.content.decode()

    return get


def test_who_may_see_connections_is_told_of_people(page_of):
    page = page_of("view_liveconnection")
    data = told(page)
    assert data["people"]
    assert data["stream"] == "/events?topic=system&topic=system%3Aoperation"
    assert all(table in page for table in TABLES)


def test_others_of_the_staff_see_numbers_and_no_names(page_of):
    page = page_of("view_topic", "view_process")
    data = told(page)
    assert (data["people"], data["stream"], data["connection"]) == (False, "/events?topic=system", None)
    assert not any(table in page for table in TABLES)
    assert "Can view live connection" in page


@pytest.mark.django_db
def test_who_is_no_staff_is_sent_to_the_sign_in(client):
    client.force_login(User.objects.create_user("ann"))
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("admin:login"))


def test_the_page_has_no_script_and_no_style_of_its_own(page_of):
    page = page_of("view_liveconnection")
    board = page[page.index('<div id="dashboard"') :]
    board = board[: board.index('id="closes"')]
    assert not re.search(r'<style|\sstyle=|\son\w+=|<script(?! id="dashboard-data" type="application/json")', board)


@pytest.mark.django_db
def test_the_topic_of_who_is_connected_is_there_from_the_first_start():
    set_up()
    topic = Topic.objects.get(name="system:operation")
    assert (topic.visibility, topic.retain_s) == ("private", 3_600)
