"""The dashboard in a browser, over a real site: it fills, it moves, it says what is wrong, and it comes back."""

import re
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from tests.browser.conftest import opened
from tests.harness.proxy import Proxy
from tests.harness.site import Site
from tests.harness.waiting import aeventually

POINTS = """
  (name) => Chart.getChart(document.querySelector(`[data-panel=${name}] canvas`)).data.datasets[0].data
    .map(({ x, y }) => [x, Number.isFinite(y) ? y : null])
"""
NEXT_EVENT = (
    "fetch('/events/system?timeout=10', {headers: {Accept: 'application/json'}}).then((answer) => answer.text())"
)
LATE_MS = 20_000  # a lease of ten seconds runs out first
NAME = re.compile(r"^\w{4}$")
NOW_IN_MEGABYTES = re.compile(r"^Memory over the last 5 minutes\. Resident: now \d+(\.\d)?\u00a0MB")


@asynccontextmanager
async def board(browser, url, password, **options):
    """The dashboard of the superuser, drawn for the first time."""
    async with opened(browser, url + "/login/?next=/admin/", **options) as page:
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(password)
        await page.keyboard.press("Enter")
        await page.locator("#dashboard[data-loaded=true]").wait_for()
        yield page


async def points(page, panel):
    """``[[second, value], …]`` as the chart has them; None where it has a hole."""
    return await page.evaluate(POINTS, panel)


async def test_it_fills_from_history_and_moves(browser, site):
    async with board(browser, site.url, site.password) as page:
        await aeventually(lambda: _has(page, 4), limit_s=20)
        await page.reload()
        await page.locator("#dashboard[data-loaded=true]").wait_for()
        filled = await points(page, "memory")
        assert len(filled) >= 4, "what was there before the page is there at once"
        await aeventually(lambda: _has(page, len(filled) + 2), limit_s=20)
        beside = await page.context.new_page()
        await beside.goto(site.url + "/admin/")
        await beside.locator("#dashboard[data-loaded=true]").wait_for()
        await aeventually(lambda: _has(beside, len(filled) + 2), limit_s=20)
        await expect(page.locator("[data-figure=connections] .tile-number")).to_have_text("1")
        await beside.close()
        await expect(page.locator("[data-panel=memory] canvas")).to_have_attribute("aria-label", NOW_IN_MEGABYTES)
        await expect(page.locator("#busiest")).to_contain_text("system")
        await expect(page.locator("#closes tbody td").first).to_be_visible()


async def _has(page, count):
    return len(await points(page, "memory")) >= count


async def test_a_lost_stream_is_told_and_what_was_missed_is_filled_in(browser, site):
    async with Proxy.to(site.port) as network, board(browser, network.url, site.password, quiet=False) as page:
        await aeventually(lambda: _has(page, 3), limit_s=20)
        lost_at = (await points(page, "memory"))[-1][0]
        network.refusing = True
        network.cut()
        await expect(page.locator("#lost")).to_be_visible()
        await expect(page.locator("#lost")).to_contain_text("The connection was lost")
        await expect(page.locator("#state")).not_to_have_text("Live")
        network.refusing = False
        await page.get_by_role("button", name="Try now").click()
        await expect(page.locator("#state")).to_have_text("Live")
        await expect(page.locator("#lost")).to_be_hidden()
        since = await aeventually(lambda: _after(page, lost_at + 3), limit_s=20)
        assert None not in [value for _, value in since], "no hole is left"
        times = [time for time, _ in since]
        assert max(later - earlier for earlier, later in zip([lost_at, *times], times, strict=False)) < 3


async def _after(page, second):
    found = await points(page, "memory")
    return found if found[-1][0] > second else None


@pytest.fixture
def second(site, tmp_path):
    """Another process of the same site."""
    other = Site("uvicorn", tmp_path, site.env["DATABASE_URL"]).start()
    yield other
    other.kill()


async def test_one_process_can_be_looked_at_and_one_that_dies_is_gone(browser, site, second):
    async with board(browser, site.url, site.password) as page:
        choice, rows = page.get_by_label("Process"), page.locator("#processes tbody tr")
        await expect(rows).to_have_count(2)
        await expect(choice.locator("option")).to_have_text(["All processes", NAME, NAME])
        young = await rows.nth(1).locator("td").first.inner_text()
        await choice.select_option(young)
        await expect(page.locator("[data-figure=connections] .tile-number")).to_have_text("0")
        assert None not in [value for _, value in await points(page, "cpu")]
        second.kill()
        await expect(page.locator("#processes tr.gone")).to_contain_text(young, timeout=LATE_MS)
        await expect(page.locator("#processes tr.gone")).to_contain_text("gone")
        await expect(choice.locator("option:checked")).to_have_text(f"{young} (gone)")
        await choice.select_option("")
        await expect(page.locator("[data-figure=connections] .tile-number")).to_have_text("1")
        await expect(page.locator("[data-figure=processes] .tile-number")).to_have_text("1")


async def test_it_is_read_as_tables_stands_still_and_fits_a_phone(browser, site):
    phone = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
    async with board(browser, site.url, site.password, **phone) as page:
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.get_by_role("button", name="Show as tables").click()
        await expect(page.locator("[data-panel=memory] tbody tr").first).to_contain_text("MB")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.get_by_role("button", name="Pause").click()
        stood = await page.locator("#as-of").inner_text()
        for _ in range(2):
            await page.evaluate(NEXT_EVENT)
        assert await page.locator("#as-of").inner_text() == stood
        await page.get_by_role("button", name="Pause").click()
        await expect(page.locator("#as-of")).not_to_have_text(stood)
        await page.get_by_role("button", name="Pause").click()
        await page.get_by_label("Time").select_option("3600")
        await expect(page.get_by_role("button", name="Pause")).to_have_attribute("aria-pressed", "false")
        await expect(page.locator("[data-panel=memory] tbody tr").first).to_contain_text("MB")


async def test_who_is_no_staff_is_asked_to_sign_in_as_somebody_else(browser, site):
    site.manage(
        "shell", "-v0", "-c",
        "from django.contrib.auth.models import User; User.objects.create_user('ann', password='river-lamp-42')",
    )  # fmt: skip
    async with opened(browser, site.url + "/login/?next=/admin/", quiet=False) as page:
        await page.get_by_label("User").fill("ann")
        await page.get_by_label("Password", exact=True).fill("river-lamp-42")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/admin/login/?next=/admin/")
        await expect(page.locator("#dashboard")).to_have_count(0)
