"""Signing in: one answer for every mistake, a limit on attempts, a new session, and only safe pages to go on to."""

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.test import Client

from tests.accounts.conftest import PASSWORD

PAGE = {"HTTP_ACCEPT": "text/html"}


def sign_in(client, name="ann", password=PASSWORD, path="/login/", **headers):
    return client.post(path, {"username": name, "password": password}, **(PAGE | headers))


def signed_in(client):
    return "_auth_user_id" in client.session


@pytest.fixture
def hashes(monkeypatch):
    """Grows by one with each hash that is made."""
    made, real = [], MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *given: (made.append(1), real(self, *given))[1])
    return made


def test_no_text_and_no_time_tells_which_was_wrong(client, ann, make_user, hashes):
    make_user("off", is_active=False)
    hashes.clear()
    texts, counts = set(), set()
    for name, password in (("ann", "wrong"), ("nobody", PASSWORD), ("off", PASSWORD), ("off", "wrong")):
        page = sign_in(client, name, password)
        assert page.status_code == 200
        texts.add(page.text.partition('role="alert"')[2].partition("</div>")[0])
        counts.add(len(hashes))
        hashes.clear()
    assert len(texts) == 1 and "correct username and password" in texts.pop()
    assert counts == {1}
    assert not signed_in(client)


def test_the_session_gets_a_new_key_and_the_old_one_is_nobodys(client, ann, streams_settings):
    streams_settings(guests=1)
    client.get("/")
    old = client.cookies["sessionid"].value
    assert sign_in(client).status_code == 302
    assert client.cookies["sessionid"].value != old
    assert not Session.objects.filter(pk=old).exists()
    thief = Client()
    thief.cookies["sessionid"] = old
    assert thief.get("/account/").status_code == 302


@pytest.mark.parametrize(
    ("next_page", "leads_to"),
    [
        ("/topics/?a=1", "/topics/?a=1"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http:///evil.example", "/"),
        ("/login/", "/"),
        ("/login/?next=/login/", "/"),
    ],
)
def test_one_goes_on_to_pages_of_this_site_only_and_never_in_a_circle(client, ann, next_page, leads_to):
    answer = client.post("/login/", {"username": "ann", "password": PASSWORD, "next": next_page})
    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)
    again = client.get("/login/", {"next": next_page})
    assert (again.status_code, again.headers["Location"]) == (302, leads_to), "whoever is signed in goes on at once"


def test_a_foreign_page_can_sign_nobody_in_and_uses_up_nobodys_attempts(ann):
    victim = Client(enforce_csrf_checks=True)
    for _ in range(40):
        assert sign_in(victim).status_code == 403
    token = victim.get("/login/").cookies["csrftoken"].value
    form = {"username": "ann", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert victim.post("/login/", form).status_code == 302


class TestLimits:
    """429, and when to come again."""

    @pytest.fixture(autouse=True)
    def three(self, streams_settings):
        streams_settings(sign_in_attempts=3, sign_in_attempt_s=600)

    def test_a_name_is_tried_only_so_often_from_wherever_and_then_not_even_the_right_password(
        self, client, ann, hashes, caplog
    ):
        names = ["ann", "ANN", " Ann "]
        for number, name in enumerate(names):
            assert sign_in(client, name, "wrong", REMOTE_ADDR=f"192.0.2.{number}").status_code == 200
        hashes.clear()
        page = sign_in(client, REMOTE_ADDR="192.0.2.99")
        assert page.status_code == 429
        assert 590 < int(page.headers["Retry-After"]) <= 600
        assert f"in {page.headers['Retry-After']} seconds" in page.text
        assert not hashes and not signed_in(client)
        assert "too many attempts" in caplog.text and PASSWORD not in caplog.text
        assert sign_in(client, "bob", "wrong", REMOTE_ADDR="192.0.2.99").status_code == 200, "others go on"

    def test_a_name_that_nobody_has_is_limited_alike(self, client, transactional_db):
        answers = [sign_in(client, "nobody", "x").status_code for _ in range(4)]
        assert answers == [200, 200, 200, 429]

    def test_an_address_is_limited_too_and_cant_make_another_one_up(self, client, ann):
        headers = [{"HTTP_X_FORWARDED_FOR": f"192.0.2.{number}"} for number in range(10)]
        answers = [sign_in(client, f"n{number}", **headers[number]).status_code for number in range(10)]
        assert answers == [200] * 9 + [429]
        assert sign_in(client, REMOTE_ADDR="2001:db8::1").status_code == 302

    def test_the_right_password_gives_a_name_its_attempts_back_but_not_the_address(self, client, ann):
        for _ in range(3):
            assert sign_in(client, password="wrong").status_code == 200
            assert sign_in(client, password="wrong").status_code == 200
            assert sign_in(client).status_code == 302
            client.logout()
        assert sign_in(client).status_code == 429

    def test_a_program_is_told_as_json(self, client, ann):
        for _ in range(3):
            sign_in(client, password="wrong")
        answer = sign_in(client, HTTP_ACCEPT="application/json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "limit")
        assert int(answer.headers["Retry-After"]) > 590
