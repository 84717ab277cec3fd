"""The page in a browser, behind a real nginx: with the configuration that is delivered, and with each of its faults."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import pytest
from playwright.async_api import expect

from streams.diagnostics.places import MAX_AT_ONCE
from tests.diagnostics.conftest import visit
from tests.harness.nginx import Nginx
from tests.harness.site import SERVERS, Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMIT_MS = 60_000
FAULTS = {  # what breaks deploy/nginx.conf -> which checks are faulty, and a line that each of them names
    "buffering": (
        # Over HTTP/2 nginx lets chunks of HTTP/1.1 pass even so: it has no packets to fill there.
        [(r"proxy_buffering off;", "proxy_ignore_headers X-Accel-Buffering;"), (r"ssl http2;", "ssl;")],
        {"sse": "proxy_buffering off;", "ndjson": "above"},
    ),
    "gzip": (
        [(r"gzip_types ", "gzip_types text/event-stream application/x-ndjson ")],
        {"compression": "gzip_types text/css"},
    ),
    "upgrade": (
        [(r"^.*proxy_set_header (Upgrade|Connection) .*\n", "")],
        {"socket": "proxy_set_header Upgrade $http_upgrade;"},
    ),
    "HTTP/1.0": (
        [(r"proxy_http_version 1.1;", "")],
        {"upstream": "proxy_http_version 1.1;"},
    ),
    "read timeout": (
        [(r"proxy_read_timeout 75s;", "proxy_read_timeout 2s;")],
        {"silence": "proxy_read_timeout 75s;"},
    ),
    "host and scheme": (
        [(r"Host \$http_host;", "Host $host;"), (r"^.*X-Forwarded-Proto.*\n", "")],
        {"socket": "4403", "host": "Host $http_host;", "scheme": "X-Forwarded-Proto $scheme;"},
    ),
    "address": (
        [(r"X-Forwarded-For \$remote_addr;", "X-Forwarded-For $proxy_add_x_forwarded_for;")],
        {"address": "X-Forwarded-For $remote_addr;"},
    ),
}
TOGETHER = ("buffering", "gzip", "upgrade", "HTTP/1.0", "read timeout")


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    """The site on either server, which believes the proxy before it."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}", DJANGO_BEHIND_PROXY="1").set_up()
    yield site.start()
    site.kill()


@asynccontextmanager
async def checked(browser, url, *, silence_s):
    """The page, when it is done, and the complaints of its console."""
    async with visit(browser, f"{url}/diagnostics/?idle={silence_s}") as (page, troubles):
        await page.locator("#checks[aria-busy=false]").wait_for(timeout=LIMIT_MS)
        yield page, troubles


async def faults(page):
    """Each check that found something wrong, with all its text."""
    return {
        (await row.get_attribute("id")).removeprefix("check-"): await row.inner_text()
        for row in await page.locator(".check[data-level=fault]").all()
    }


async def test_behind_the_delivered_configuration_all_is_well(browser, site, tmp_path):
    with Nginx(tmp_path, site.port) as proxy:
        async with checked(browser, proxy.url, silence_s=2) as (page, troubles):
            await expect(page.get_by_role("heading", level=2).first).to_have_text("All is well")
            await expect(page.locator(".check[data-level=good]")).to_have_count(10)
            await expect(page.locator("#check-browser")).to_contain_text("HTTP/2")
            await expect(page.locator("#check-sse")).to_contain_text("one by one")
            assert troubles == []


@pytest.mark.parametrize("site", ["daphne"], indirect=True)  # both servers have all of them below
@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_is_named_with_the_line_that_mends_it(browser, site, tmp_path, name):
    edits, expected = FAULTS[name]
    with Nginx(tmp_path, site.port, edits=edits) as proxy:
        async with checked(browser, proxy.url, silence_s=3 if "silence" in expected else 1) as (page, _):
            found = await faults(page)
            heading = await page.get_by_role("heading", level=2).first.inner_text()
    assert set(found) == set(expected)
    for check, line in expected.items():
        assert line in found[check]
    assert heading == ("1 thing is wrong" if len(expected) == 1 else f"{len(expected)} things are wrong")


async def test_all_faults_at_once_are_all_named(browser, site, tmp_path):
    with Nginx(tmp_path, site.port, edits=[edit for name in TOGETHER for edit in FAULTS[name][0]]) as proxy:
        async with checked(browser, proxy.url, silence_s=3) as (page, _):
            found = await faults(page)
    assert set(found) == {check for name in TOGETHER for check in FAULTS[name][1]}
    text = "\n".join(found.values())
    for name in TOGETHER:
        for line in FAULTS[name][1].values():
            assert line in text


@pytest.mark.parametrize("site", ["daphne"], indirect=True)
async def test_the_page_says_how_far_it_is_and_can_be_run_again_and_copied(browser, site, tmp_path):
    can_copy = ["clipboard-read", "clipboard-write"]
    with Nginx(tmp_path, site.port) as proxy:
        async with visit(browser, f"{proxy.url}/diagnostics/?idle=5", permissions=can_copy) as (page, _):
            status = page.get_by_role("status")
            await expect(status).to_contain_text("All is well so far", timeout=LIMIT_MS)
            await expect(page.get_by_role("progressbar")).to_be_visible()
            async with page.expect_event("requestfailed", lambda request: "/idle" in request.url):  # its place is free
                await page.get_by_role("button", name="Run again").press("Enter")
            await expect(status).to_contain_text("Checking…")
            await expect(page.locator("#check-sse[data-level=running]")).to_be_visible()
            await expect(status.get_by_text("All is well", exact=True)).to_be_visible(timeout=LIMIT_MS)
            await page.get_by_role("button", name="Copy report").press("Enter")
            await expect(page.get_by_role("button", name="Copied")).to_be_visible()
            report = await page.evaluate("navigator.clipboard.readText()")
    assert report.startswith(f"Connection check of {proxy.url}\n")
    assert report.count("[ok]") == 10
    assert json.loads(report[report.index("{") :])["scheme"] == "https"


async def test_a_server_that_has_no_place_left_says_so_and_nothing_is_called_wrong(browser, site):
    limits = httpx.Limits(max_connections=MAX_AT_ONCE)
    async with httpx.AsyncClient(base_url=site.url, trust_env=False, timeout=60, limits=limits) as client:
        requests = [client.build_request("GET", "/diagnostics/idle") for _ in range(MAX_AT_ONCE)]
        idle = await asyncio.gather(*(client.send(request, stream=True) for request in requests))
        assert {response.status_code for response in idle} == {200}
        async with checked(browser, site.url, silence_s=1) as (page, _):
            assert set(await faults(page)) <= {"address"}  # no proxy stands here, though the site believes one
            await expect(page.locator(".check[data-level=unknown]")).to_have_count(4)
        await asyncio.gather(*(response.aclose() for response in idle))


@pytest.mark.parametrize("site", ["daphne"], indirect=True)
async def test_one_slow_moment_is_measured_again(browser, site):
    chunks = [{"chunk": number, "of": 10, "sent_ms": 100.0 * number} for number in range(1, 11)]
    at_once = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    async with visit(browser, f"{site.url}/topics/") as (page, _):
        await page.route(
            "**/diagnostics/sse", lambda route: route.fulfill(body=at_once, content_type="text/event-stream"), times=1
        )
        await page.goto(f"{site.url}/diagnostics/?idle=1")
        await expect(page.locator("#check-sse[data-level=good]")).to_contain_text("one by one", timeout=LIMIT_MS)


@pytest.mark.parametrize("site", ["daphne"], indirect=True)
async def test_without_scripts_the_shell_is_left(browser, site):
    async with visit(browser, f"{site.url}/diagnostics/", java_script_enabled=False) as (page, _):
        await expect(page.get_by_text(f"curl -N '{site.url}/diagnostics/sse?every_ms=500'")).to_be_visible()
        await expect(page.locator("#outcome")).to_be_hidden()
