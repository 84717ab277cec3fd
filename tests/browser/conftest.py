"""A real Chromium, and a site for each module on Daphne and SQLite."""

import json
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page

from tests.harness.browsing import browser_of_the_module, run_in_the_loop_of_their_module  # noqa: F401
from tests.harness.site import Site

HERE = __name__.removesuffix(".conftest")
LIMIT_MS = 30_000
ROOMS = 24  # of a module, at most one for each test


def pytest_collection_modifyitems(items):
    """The browser lives as long as the module."""
    run_in_the_loop_of_their_module(item for item in items if item.module.__name__.startswith(HERE))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One running site for the tests of a module."""
    folder = tmp_path_factory.mktemp("site")
    site = Site("daphne", folder, f"sqlite:///{folder / 'site.sqlite3'}").set_up()
    yield site.start()
    site.kill()


@pytest.fixture(scope="module")
def fresh_rooms(site):
    """Rooms for all tests, made at once."""
    make = (
        "from secrets import token_hex; from streams.chat.rooms import ensure_room\n"
        f"for _ in range({ROOMS}): print(ensure_room('room-' + token_hex(4), title='A room').slug)"
    )
    return site.manage("shell", "-v0", "-c", make).stdout.split()


@pytest.fixture
def fresh_room(fresh_rooms):
    """The path of a room of the test's own."""
    return f"/rooms/{fresh_rooms.pop()}/"


@asynccontextmanager
async def opened(browser: Browser, url: str, *, quiet: bool = True, **options):
    """A page of a person of its own; with ``quiet`` any error in its console fails the test."""
    context = await browser.new_context(**options)
    context.set_default_timeout(LIMIT_MS)
    page = await context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if line.type in ("error", "warning") else None)
    try:
        await page.goto(url)
        yield page
    finally:
        await context.close()
    if quiet:
        assert troubles == []


async def live(page: Page) -> None:
    """Wait until the page is connected."""
    await page.locator("#state[data-state=live]").wait_for()


async def say(page: Page, text: str) -> None:
    """Type and send."""
    await page.locator("#message").fill(text)
    await page.locator("#message").press("Enter")


async def answer(page: Page, status: str = "done", number: int = 0):
    """The answer with that status, as soon as it is there."""
    found = page.locator(f"article.generation[data-status={status}]").nth(number)
    await found.wait_for()
    return found


async def history(page: Page) -> dict:
    """What the server says of the room."""
    path = await page.locator("#chat").get_attribute("data-history")
    return json.loads(await page.evaluate("async (path) => (await fetch(path)).text()", path))
