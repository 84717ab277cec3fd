"""Cross-site request forgery is checked where a session travels, and nowhere else."""

import json

from django.conf import settings as django_settings
from django.contrib.auth.models import Permission, User
from django.test import Client

from streams.publishing import create_token
from tests.harness.asgi import request

SECRET = "a" * 32
EVENT = json.dumps({"data": 1}).encode()


def sign_in():
    """The cookie of a user who may publish."""
    user = User.objects.create_user("ann")
    user.user_permissions.add(Permission.objects.get(codename="add_event"))
    client = Client()
    client.force_login(user)
    return f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"


async def post(**headers):
    headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
    status, _, body = await request("POST", "/events/orders", headers=headers, body=EVENT)
    return status, json.loads(body)


async def test_a_session_without_the_token_is_refused(hub):
    status, answer = await post(Cookie=await hub.gateway.run(sign_in))
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert "CSRF" in answer["error"]["message"]


async def test_a_session_with_the_token_passes(hub):
    cookie = await hub.gateway.run(sign_in)
    status, answer = await post(Cookie=f"{cookie}; csrftoken={SECRET}", X_CSRFToken=SECRET)
    assert status == 201, answer


async def test_a_session_with_another_token_or_from_another_site_is_refused(hub):
    cookie = await hub.gateway.run(sign_in)
    assert (await post(Cookie=f"{cookie}; csrftoken={SECRET}", X_CSRFToken="b" * 32))[0] == 403
    forged = {"Cookie": f"{cookie}; csrftoken={SECRET}", "X_CSRFToken": SECRET, "Origin": "https://evil.example"}
    assert (await post(**forged))[0] == 403


async def test_a_bearer_token_passes_even_beside_a_session(hub):
    cookie = await hub.gateway.run(sign_in)
    _, text = await hub.gateway.run(lambda: create_token(name="deploy", publish=["orders"]))
    assert (await post(Cookie=cookie, Authorization=f"Bearer {text}"))[0] == 201


async def test_a_bearer_token_that_is_no_good_does_not_fall_back_to_the_session(hub):
    cookie = await hub.gateway.run(sign_in)
    assert (await post(Cookie=cookie, Authorization="Bearer st_wrong"))[0] == 401


async def test_a_password_that_a_browser_adds_by_itself_is_no_proof(hub):
    """Behind a proxy that asks for one (Basic), any page could have posted with the session."""
    assert (await post(Cookie=await hub.gateway.run(sign_in), Authorization="Basic YTpi"))[0] == 403


async def test_an_empty_authorization_header_is_none_at_all(hub):
    """It turned the check off, and then the session was looked at."""
    assert (await post(Cookie=await hub.gateway.run(sign_in), Authorization=""))[0] == 403


async def test_without_a_session_it_is_not_in_the_way(hub):
    status, answer = await post()
    assert (status, answer["error"]["code"]) == (401, "unauthorized")


async def test_a_person_gets_a_page(hub):
    cookie = await hub.gateway.run(sign_in)
    status, headers, _ = await request(
        "POST", "/events/orders", headers={"Cookie": cookie, "Accept": "text/html"}, body=EVENT
    )
    assert (status, headers["content-type"]) == (403, "text/html; charset=utf-8")
