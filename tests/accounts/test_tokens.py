"""One's own tokens: made with at most one's own rights, shown once, limited, revoked by oneself alone."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from streams.accounts.tokens import make_token
from streams.connections.recheck import check_once
from streams.errors import Forbidden, NotSignedIn
from streams.models import Token, Topic
from streams.publishing import create_token
from streams.publishing.tokens import verify_token
from tests.harness.asgi import EventStream


def make(client, name="import", **fields):
    return client.post("/account/tokens", {"name": name, **fields}, HTTP_ACCEPT="text/html")


def text_in(page):
    return page.text.partition('id="token-text" tabindex="0">')[2].partition("<")[0]


@pytest.fixture
def bob(make_user):
    """The browser of somebody who may not publish."""
    client = Client()
    client.force_login(make_user("bob"))
    return client


def test_a_token_is_shown_once_and_says_what_it_may(hers, ann):
    page = make(hers, read="orders* room:lobby,orders*", publish="orders:eu", chat="on", files="on", days="7")
    assert (page.status_code, "no-store" in page.headers["Cache-Control"]) == (201, True)
    text = text_in(page)
    assert text.startswith("st_")
    token = Token.objects.get()
    assert (token.user, token.read, token.publish) == (ann, "orders* room:lobby", "orders:eu")
    assert token.chat and token.files
    assert timedelta(days=6.9) < token.expires_at - timezone.now() <= timedelta(days=7)
    listed = hers.get("/account/tokens").text
    assert text not in listed
    assert all(word in listed for word in ("import", "orders* room:lobby", "orders:eu", "never used"))
    assert verify_token(text) == token
    assert "never used" not in hers.get("/account/tokens").text


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({}, 400, "of no use"),
        ({"name": "", "read": "*"}, 400, "required"),
        ({"name": "x" * 101, "read": "*"}, 400, "at most 100 characters (it has 101)"),
        ({"read": "a/b"}, 400, "topic pattern &#x27;a/b&#x27; is not allowed"),
        ({"read": "a" * 501}, 400, "at most 500 characters (it has 501)"),
        ({"read": "*", "days": "0"}, 400, "greater than or equal to 1"),
        ({"read": "*", "days": "1e9"}, 400, "whole number"),
        ({"read": "*", "days": "3651"}, 400, "less than or equal to 3650"),
        ({"name": "mine", "read": "*"}, 409, "you have a token with the name"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(hers, ann, fields, status, says):
    create_token(name="mine", chat=True, user=ann)
    page = make(hers, **fields)
    assert (page.status_code, says in page.text) == (status, True), page.text
    assert Token.objects.count() == 1


def test_who_may_not_publish_makes_no_token_that_does(bob, ann):
    assert 'name="publish"' not in bob.get("/account/tokens").text
    page = make(bob, publish="*")
    assert (page.status_code, "may not publish" in page.text) == (403, True)
    with pytest.raises(Forbidden):
        make_token(User.objects.get(username="bob"), name="x", publish=["*"])
    assert not Token.objects.exists()


def test_one_has_only_so_many_that_are_good(hers, ann, streams_settings):
    streams_settings(max_tokens_per_user=2)
    create_token(name="gone", chat=True, user=ann, expires_at=timezone.now() - timedelta(seconds=1))
    create_token(name="nobody's", chat=True)
    assert [make(hers, str(number), read="*").status_code for number in range(3)] == [201, 201, 429]
    assert "as many as one may have" in hers.get("/account/tokens").text
    hers.post(f"/account/tokens/{Token.objects.get(name='1').pk}/revoke")
    assert make(hers, "1", read="*").status_code == 201, "a name is free again too"


def test_revoking_asks_first_and_is_for_ones_own_alone(hers, bob, ann):
    token, text = create_token(name="import", read=["*"], user=ann)
    nobodys, _ = create_token(name="nobody's", read=["*"])
    path = f"/account/tokens/{token.pk}/revoke"
    for client, where in (
        (bob, path),
        (hers, f"/account/tokens/{nobodys.pk}/revoke"),
        (hers, f"/account/tokens/{10**30}/revoke"),
    ):
        assert client.get(where, HTTP_ACCEPT="text/html").status_code == 404
        assert client.post(where).status_code == 404
    assert "Revoke" not in bob.get("/account/tokens").text
    assert "Revoke import?" in hers.get(path).text
    assert not Token.objects.exclude(revoked_at=None).exists()
    for _ in range(2):
        assert hers.post(path).headers["Location"] == "/account/tokens"
    page = hers.get("/account/tokens").text
    assert "import is revoked" in page and "No good any more" in page
    with pytest.raises(NotSignedIn, match="was revoked"):
        verify_token(text)


async def test_a_token_reads_less_as_soon_as_its_user_does(hub):
    def house():
        user = User.objects.create_user("eve")
        topic = Topic.objects.create(name="orders", visibility="private")
        topic.readers.add(user)
        return topic, make_token(user, name="it", read=["*"])[1]

    topic, text = await hub.gateway.run(house)
    async with EventStream("/events/orders", headers={"Authorization": f"Bearer {text}"}) as stream:
        await stream.opened()
        assert await check_once(hub) == 0
        await hub.gateway.run(topic.readers.clear)
        assert await check_once(hub) == 1
        message = await stream.message()
        assert (message.type, message.json["reason"]) == ("stream.close", "unauthorized")
