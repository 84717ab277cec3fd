"""The list of live connections in the browser: it stays true, and nobody loses their place in it."""

from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.browser.conftest import opened
from tests.harness.crowd import crowd

LIST = "/admin/streams/liveconnection/"


@asynccontextmanager
async def listing(browser, site, query="", **options):
    """The list, for the superuser."""
    async with opened(browser, f"{site.url}/login/?next={LIST}{query}", **options) as page:
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(site.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: LIST in url and "/login/" not in url)
        yield page


def rows(page):
    return page.locator("#result_list tbody")


async def test_the_list_moves_and_what_is_chosen_stays_chosen(browser, site):
    async with crowd([site.url], "system", 5, name="first") as first, listing(browser, site, "?q=/1") as page:
        await expect(rows(page)).to_have_count(5)
        chosen = rows(page).nth(2).locator("input.action-select")
        key = await chosen.get_attribute("value")
        await chosen.check()
        events = page.locator(f"tbody:has(input[value='{key}']) .field-events")
        before = int(await events.inner_text())
        await expect(events).not_to_have_text(str(before))
        async with crowd([site.url], "system", 4, name="second"):
            await expect(rows(page)).to_have_count(9)
            await expect(page.locator("input.action-select:checked")).to_have_count(1)
            assert await page.locator("input.action-select:checked").get_attribute("value") == key
        await expect(rows(page)).to_have_count(5)
        for member in first:
            member.transport.abort()
        await expect(rows(page)).to_have_count(1)
        await expect(page.locator("tr.just-ended")).to_have_count(1), "what was chosen is still there, and greyed"


async def test_a_list_that_can_not_be_asked_for_says_so_and_can_be_paused(browser, site):
    async with crowd([site.url], "system", 3, name="member"), listing(browser, site, quiet=False) as page:
        state = page.locator("[data-live-list]")
        await page.route(f"**{LIST}*", lambda route: route.abort())
        await expect(state).to_have_attribute("data-state", "lost")
        await page.unroute(f"**{LIST}*")
        await expect(state).to_have_attribute("data-state", "live")
        await page.get_by_role("button", name="Pause").click()
        await expect(state).to_have_attribute("data-state", "paused")
        await page.get_by_role("button", name="Go on").click()
        await expect(state).to_have_attribute("data-state", "live")


async def test_a_person_that_is_sent_a_notice_sees_it_and_can_put_it_away(browser, site):
    async with opened(browser, f"{site.url}/") as reader, listing(browser, site, "?technique=websocket") as page:
        await expect(rows(page)).to_have_count(1)
        await rows(page).locator("a").first.click()
        await page.get_by_role("link", name="Send a notice").click()
        await page.get_by_label("Notice").fill("Going down at noon. <b>Really.</b>")
        await page.get_by_role("button", name="Send a notice").click()
        notice = reader.get_by_role("status").filter(has_text="From the operator")
        await expect(notice).to_contain_text("Going down at noon. <b>Really.</b>")
        await reader.get_by_role("button", name="Dismiss").click()
        await expect(notice).to_have_count(0)
