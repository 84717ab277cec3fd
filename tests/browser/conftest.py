"""A real Chromium, and a site for each module on Daphne and SQLite."""

import json
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.harness.components import find_binary
from tests.harness.site import Site

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
LIMIT_MS = 30_000


@pytest.fixture
async def browser():
    """Debian's Chromium; Playwright only drives it."""
    path = find_binary("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One running site for the tests of a module."""
    folder = tmp_path_factory.mktemp("site")
    site = Site("daphne", folder, f"sqlite:///{folder / 'site.sqlite3'}")
    site.password = site.manage("setup").stdout.split("once: ")[1].split()[0]
    yield site.start()
    site.kill()


@pytest.fixture
def fresh_room(site):
    """The path of a room of the test's own."""
    made = site.manage(
        "shell", "-v0", "-c",
        "from secrets import token_hex; from streams.chat.rooms import ensure_room\n"
        "print(ensure_room('room-' + token_hex(4), title='A room').slug)",
    )  # fmt: skip
    return f"/rooms/{made.stdout.strip()}/"


@asynccontextmanager
async def opened(browser: Browser, url: str, *, quiet: bool = True, **options):
    """A page of a person of its own; with ``quiet`` any error in its console fails the test."""
    context = await browser.new_context(**options)
    context.set_default_timeout(LIMIT_MS)
    page = await context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if line.type in ("error", "warning") else None)
    await page.goto(url)
    yield page
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
