"""A browser for each module of tests, and the page's modules in it without a server."""

import mimetypes
from contextlib import asynccontextmanager

import pytest_asyncio

from tests.harness.browsing import browser_of_the_module  # noqa: F401
from tests.harness.fixtures import no_queries_in_the_loop  # noqa: F401
from tests.harness.site import ROOT

NOWHERE = "http://streams.test"


@asynccontextmanager
async def visit(browser, url, **options):
    """A page of its own, and what its console complained of."""
    context = await browser.new_context(ignore_https_errors=True, **options)
    try:
        page = await context.new_page()
        troubles = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if line.type in ("error", "warning") else None)
        await page.goto(url)
        yield page, troubles
    finally:
        await context.close()


async def _from_the_tree(route, request):
    """Answer from the working tree: an empty page, and what lies below static/."""
    path = request.url.removeprefix(NOWHERE)
    if path == "/":
        await route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")
    else:
        await route.fulfill(path=ROOT / path.lstrip("/"), content_type=mimetypes.guess_type(path)[0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def modules(browser):
    """``await modules(js, argument)`` evaluates ``js``, which may import /static/streams/js/…"""
    page = await browser.new_page()
    await page.route("**/*", _from_the_tree)
    await page.goto(NOWHERE + "/")
    yield page.evaluate
    await page.close()
