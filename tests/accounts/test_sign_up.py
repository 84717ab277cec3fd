"""Signing up: only where it is on, with Django's rules, without rights, and signed in at once."""

from contextlib import contextmanager

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.test import Client

from streams.accounts import sign_in
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = {"HTTP_ACCEPT": "text/html"}


@pytest.fixture
def on(streams_settings):
    streams_settings(sign_up=1, guests=1)


def sign_up(client, name="zoe", password=PASSWORD, again=None, **more):
    form = {"username": name, "password1": password, "password2": again or password, **more}
    return client.post("/sign-up/", form, **PAGE)


@pytest.mark.parametrize("method", ["get", "post"])
def test_where_it_is_off_nobody_finds_it_and_a_page_says_what_to_do(client, method):
    assert "/sign-up/" not in client.get("/login/").text
    page = getattr(client, method)("/sign-up/", **PAGE)
    assert page.status_code == 404
    assert "/login/" in page.text and "Ask whoever runs it" in page.text
    answer = getattr(client, method)("/sign-up/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    sign_up(client)
    assert not User.objects.exists()


def test_a_new_person_is_signed_in_with_a_new_session_and_has_no_rights(client, on):
    client.get("/")
    guest = client.cookies["sessionid"].value
    assert "/sign-up/?next=/topics/" in client.get("/login/?next=/topics/").text
    answer = sign_up(client, next="/topics/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/topics/")
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser, user.get_all_permissions()) == ("zoe", False, False, set())
    assert client.get("/account/").status_code == 200
    assert client.cookies["sessionid"].value != guest
    assert not Session.objects.filter(pk=guest).exists()
    assert client.get("/sign-up/").status_code == 302


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "/sign-up/"])
def test_one_goes_on_to_pages_of_this_site_only(client, on, next_page):
    assert sign_up(client, next=next_page).headers["Location"] == "/"


@pytest.mark.parametrize(
    ("name", "password", "again", "says"),
    [
        ("zoe", "zoe", None, "too short"),
        ("zoe", "password", None, "too common"),
        ("zoewashington", "zoewashington1", None, "too similar"),
        ("zoe", PASSWORD, "another", "match"),
        ("a b", PASSWORD, None, "valid username"),
        ("z" * 151, PASSWORD, None, "150"),
        ("TAKEN", PASSWORD, None, "already exists"),
        ("Claude", PASSWORD, None, "not to be had"),
        ("", PASSWORD, None, "required"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_is_made(client, on, name, password, again, says):
    User.objects.create_user("taken")
    page = sign_up(client, name, password, again)
    assert page.status_code == 200
    assert says in page.text
    assert User.objects.count() == 1
    assert password not in page.text.replace("username", "") or password in ("zoe", "password")


def test_a_name_that_is_taken_in_the_same_moment_is_told_as_taken(client, on, monkeypatch):
    @contextmanager
    def too_late():
        yield
        raise IntegrityError

    monkeypatch.setattr(sign_in.transaction, "atomic", too_late)
    page = sign_up(client)
    assert page.status_code == 200
    assert "already exists" in page.text


def test_a_foreign_page_makes_nobody_an_account(on):
    assert sign_up(Client(enforce_csrf_checks=True)).status_code == 403
    assert not User.objects.exists()


def test_accounts_are_made_only_so_fast_and_nobody_is_locked_out_by_it(client, on, streams_settings):
    streams_settings(sign_in_attempts=2, sign_in_attempt_s=600)
    User.objects.create_user("ann", password=PASSWORD)
    assert [sign_up(client, "ann").status_code for _ in range(3)] == [200, 200, 429]
    page = sign_up(client, "another")
    assert (page.status_code, int(page.headers["Retry-After"]) > 0) == (429, True)
    elsewhere = Client(REMOTE_ADDR="192.0.2.1")
    assert elsewhere.post("/login/", {"username": "ann", "password": PASSWORD}).status_code == 302
