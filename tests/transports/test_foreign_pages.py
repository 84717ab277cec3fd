"""Pages of other sites: refused, unless the site lists them."""

import json

import pytest
from django.core.handlers.asgi import ASGIHandler

from tests.harness.asgi import EventStream, Exchange, request

APP = "https://app.example.org"
EVIL = {"Origin": "https://evil.example"}


@pytest.fixture
def listing(settings):
    """``listing(*origins)``: the application of a site with that STREAMS_CORS_ORIGINS."""

    def make(*origins):
        settings.CORS_ALLOW_ALL_ORIGINS = "*" in origins
        settings.CORS_ALLOWED_ORIGINS = [origin for origin in origins if origin != "*"]
        settings.CORS_ALLOW_CREDENTIALS = "*" not in origins
        return ASGIHandler()

    return make


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://testserver:81", "https://testserver", "http://sub.testserver"]
)
@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson", "application/json"])
async def test_a_page_that_is_not_listed_holds_no_stream(orders, listing, origin, accept):
    headers = {"Origin": origin, "Accept": accept}
    status, answered, body = await request("GET", "/events/orders", headers=headers, app=listing(APP))
    assert (status, json.loads(body)["error"]["code"]) == (403, "forbidden")
    assert "access-control-allow-origin" not in answered


async def test_the_sites_own_pages_and_programs_read(orders):
    for headers in ({"Origin": "http://testserver"}, {}):
        async with EventStream("/events/orders", headers=headers) as stream:
            await stream.opened()
            assert stream.status == 200


async def test_a_listed_page_reads_with_its_cookies_and_can_read_refusals(orders, listing):
    app = listing(APP)
    async with EventStream("/events/orders", headers={"Origin": APP}, app=app) as stream:
        await stream.opened()
        assert stream.headers["access-control-allow-origin"] == APP
        assert stream.headers["access-control-allow-credentials"] == "true"
        assert "origin" in stream.headers["vary"].lower()
    status, headers, _ = await request("GET", "/events/nowhere", headers={"Origin": APP}, app=app)
    assert (status, headers["access-control-allow-origin"]) == (401, APP)


async def test_a_star_opens_the_streams_to_all_but_never_with_cookies(orders, listing):
    async with EventStream("/events/orders", headers=EVIL, app=listing("*")) as stream:
        await stream.opened()
        assert stream.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in stream.headers


async def test_a_preflight_allows_the_headers_that_a_reader_sends(orders, listing):
    asks = {
        "Origin": APP,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "last-event-id,authorization",
    }
    async with Exchange("OPTIONS", "/events/orders", headers=asks, app=listing(APP)) as answer:
        assert answer.headers["access-control-allow-origin"] == APP
        allowed = answer.headers["access-control-allow-headers"]
        assert "last-event-id" in allowed
        assert "authorization" in allowed


async def test_other_paths_are_open_to_no_other_site(orders, listing):
    async with Exchange("GET", "/login/", headers={"Origin": APP}, app=listing(APP)) as page:
        assert "access-control-allow-origin" not in page.headers
