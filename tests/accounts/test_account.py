"""One's own page: the password, and signing out everywhere. What becomes of open streams is seen in tests/faults."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.accounts.conftest import PASSWORD

PAGES = ["/account/", "/account/password", "/account/sign-out", "/account/tokens", "/account/tokens/1/revoke"]
NEW = "another-lamp-43"


@pytest.fixture
def elsewhere(ann):
    """Another browser in which she is signed in."""
    other = Client()
    other.force_login(ann)
    return other


def change(client, old=PASSWORD, new=NEW, **more):
    form = {"old_password": old, "new_password1": new, "new_password2": new, **more}
    return client.post("/account/password", form, HTTP_ACCEPT="text/html")


def is_signed_in(client):
    return client.get("/account/").status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_sign_in_and_back(client, transactional_db, path):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize("path", PAGES[:4])
def test_the_pages_are_there_and_no_cache_keeps_them(hers, path):
    page = hers.get(path)
    assert page.status_code == 200
    assert "no-store" in page.headers["Cache-Control"]
    assert 'href="/account/"' in page.text


@pytest.mark.parametrize("path", PAGES[1:4])
def test_a_foreign_page_can_change_nothing(ann, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    assert client.post(path, {"password": PASSWORD, "name": "x", "chat": "on"}).status_code == 403
    assert client.post(path, HTTP_AUTHORIZATION="Bearer x").status_code == 403


def test_it_says_what_one_may(hers, client, make_user):
    assert "publish to any topic" in hers.get("/account/").text
    client.force_login(make_user("bob"))
    assert "publish to any topic" not in client.get("/account/").text


def test_a_new_password_keeps_this_session_under_a_new_key_and_ends_all_others(hers, elsewhere):
    key = hers.cookies["sessionid"].value
    answer = change(hers)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/")
    assert hers.cookies["sessionid"].value != key
    assert "Your password is changed" in hers.get("/account/").text
    assert not is_signed_in(elsewhere)
    thief = Client()
    thief.cookies["sessionid"] = key
    assert not is_signed_in(thief)
    assert User.objects.get().check_password(NEW)


@pytest.mark.parametrize(
    ("old", "new", "says"), [("wrong", NEW, "old password was entered incorrectly"), (PASSWORD, "ann", "too short")]
)
def test_a_refused_change_changes_nothing(hers, elsewhere, old, new, says):
    page = change(hers, old, new)
    assert page.status_code == 200
    assert says in page.text
    assert is_signed_in(hers) and is_signed_in(elsewhere)


def test_signing_out_everywhere_ends_every_session_and_keeps_the_password(hers, elsewhere, ann):
    assert "not your password" in hers.post("/account/sign-out", {"password": "wrong"}).text
    assert is_signed_in(elsewhere)
    assert hers.post("/account/sign-out", {"password": PASSWORD}).headers["Location"] == "/login/"
    assert "signed out everywhere" in hers.get("/login/").text
    assert not is_signed_in(hers) and not is_signed_in(elsewhere)
    assert hers.post("/login/", {"username": "ann", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("path", ["/account/password", "/account/sign-out"])
def test_who_has_only_the_session_cant_try_passwords_without_end(hers, streams_settings, path):
    streams_settings(sign_in_attempts=3)
    forms = [{"old_password": "x", "password": "x", "username": f"another{number}"} for number in range(4)]
    assert [hers.post(path, form).status_code for form in forms] == [200, 200, 200, 429]


def test_the_admin_has_no_way_around_it(hers, ann):
    User.objects.update(is_staff=True)
    assert hers.get("/admin/password_change/").headers["Location"] == "/account/password"
