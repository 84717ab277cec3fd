"""A real Chromium for the tests of a module."""

from collections.abc import Iterable

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.harness.components import find_binary

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="browser")
async def browser_of_the_module():
    """Debian's Chromium, started once for a module: what a test leaves in it goes with the test's context.

    Playwright only drives it. Its tests run in the loop of their module.
    """
    path = find_binary("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


def run_in_the_loop_of_their_module(items: Iterable[pytest.Item]) -> None:
    """As tests that share a browser must."""
    for item in items:
        if pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)
