"""The page of jobs in the browser: started in one tab, watched in another, and still there after a reload."""

from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from tests.browser.conftest import live, opened


@asynccontextmanager
async def signed_in(browser, site, **options):
    """The page of a person who may do anything."""
    async with opened(browser, site.url + "/login/?next=/jobs/", **options) as page:
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(site.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/jobs/")
        yield page


@pytest.fixture(scope="module")
def numbers(site):
    """A file of 3,000 numbers; its name."""
    import httpx

    text = "".join(f"{number}\n" for number in range(3_000))
    httpx.put(site.url + "/files/numbers.ndjson", content=text, headers=site.token("--files")).raise_for_status()
    return "numbers.ndjson"


async def start(page, kind, **fields):
    """Fill a form and send it; the row of the job."""
    before = await page.locator("[data-job]:not([data-job=''])").count()
    form = page.locator(f"details:has(input[name=kind][value='{kind}'])")
    if await form.get_attribute("open") is None:
        await form.locator("summary").click()
    for name, value in fields.items():
        await form.locator(f"[name='param.{name}']").fill(value)
    await form.get_by_role("button", name="Start").click()
    await expect(page.locator("#jobs > li")).to_have_count(before + 1)
    return page.locator("#jobs > li").first


async def test_a_job_started_in_one_tab_is_watched_in_another_and_after_a_reload(browser, site, numbers):
    async with signed_in(browser, site) as page:
        await live(page)
        other = await page.context.new_page()
        await other.goto(site.url + "/jobs/")
        await live(other)
        row = await start(page, "import", file=numbers, topic="numbers", per_second="400")
        seen = other.locator(f"#{await row.get_attribute('id')}")
        for one in (row, seen):
            await expect(one).to_have_attribute("data-status", "running")
            await expect(one.get_by_role("progressbar", name="Progress of Import a file")).to_be_visible()
            await expect(one.locator("[data-part=facts]")).to_contain_text("of 3,000")
            await expect(one.locator("[data-part=facts]")).to_contain_text("/s")
            await expect(one.locator("[data-part=facts]")).to_contain_text("left")
        value = await seen.locator("progress").evaluate("bar => bar.value")
        await other.reload()
        await live(other)
        await expect(seen).to_have_attribute("data-status", "running")
        await other.wait_for_function(f"document.querySelector('#jobs progress').value > {value}")
        for one in (row, seen):
            await expect(one).to_have_attribute("data-status", "done", timeout=20_000)
            await expect(one.locator("[data-part=facts]")).to_contain_text("3,000 of 3,000")
            await expect(one.locator("[data-part=result]")).to_contain_text("published 3,000")
        await expect(page.locator("#happened")).to_have_text("Import a file: done")
        await expect(other.locator("#happened")).to_have_text("Import a file: done")


async def test_a_job_is_cancelled_in_another_tab_and_tried_again_by_the_keyboard(browser, site, numbers):
    async with signed_in(browser, site) as page:
        await live(page)
        row = await start(page, "import", file=numbers, topic="cancelled", per_second="300")
        other = await page.context.new_page()
        await other.goto(site.url + "/jobs/")
        await live(other)
        await other.locator("#jobs > li").first.get_by_role("button", name="Cancel Import a file").click()
        await expect(row).to_have_attribute("data-status", "cancelled")
        again = row.get_by_role("button", name="Try again Import a file")
        await again.focus()
        await page.keyboard.press("Enter")
        await expect(row).to_have_attribute("data-status", "running")
        await expect(row.locator("h3")).to_be_focused()
        await row.get_by_role("button", name="Cancel").click()
        await expect(row).to_have_attribute("data-status", "cancelled")


async def test_an_export_leads_to_its_file(browser, site):
    site.manage("publish", "orders", '{"number": 17}')
    async with signed_in(browser, site) as page:
        await live(page)
        row = await start(page, "export", topic="orders")
        link = row.get_by_role("link")
        await expect(link).to_be_visible()
        response = await page.context.request.get(site.url + await link.get_attribute("href"))
        assert (await response.json())["data"] == {"number": 17}


async def test_what_is_wrong_is_said_where_it_was_asked(browser, site):
    async with signed_in(browser, site, quiet=False) as page:
        await live(page)
        count = await page.locator("#jobs > li").count()
        form = page.locator("details:has(input[name=kind][value=checksum])")
        await form.locator("summary").click()
        await form.get_by_label("File").fill("no such file")
        await form.get_by_role("button", name="Start").click()
        await expect(form.get_by_role("alert")).to_contain_text("no file 'no such file' that you may have")
        await expect(page.locator("#jobs > li")).to_have_count(count)


async def test_it_works_without_javascript(browser, site, numbers):
    async with signed_in(browser, site, quiet=False, java_script_enabled=False) as page:
        await expect(page.locator("#state")).to_be_hidden()
        form = page.locator("details:has(input[name=kind][value=checksum])")
        await form.locator("summary").click()
        await form.get_by_label("File").fill("no such file")
        await form.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("alert").filter(has_text="no file")).to_be_visible()
        form = page.locator("details:has(input[name=kind][value=checksum])")
        await expect(form.get_by_label("File")).to_have_value("no such file")
        await form.get_by_label("File").fill(numbers)
        await form.get_by_role("button", name="Start").click()
        await expect(page.locator("#jobs > li").first.locator("h3")).to_have_text("Checksum of a file")


async def test_jobs_outlive_their_server_on_the_page(browser, site, numbers):
    async with signed_in(browser, site, quiet=False) as page:
        await live(page)
        row = await start(page, "import", file=numbers, topic="killed", per_second="600")
        await expect(row.locator("[data-part=facts]")).to_contain_text("left")
        site.kill()
        await expect(page.locator("#state")).not_to_have_attribute("data-state", "live")
        site.start()
        await live(page)
        await expect(row).to_have_attribute("data-status", "done", timeout=40_000)
        await expect(row.locator("[data-part=result]")).to_contain_text("published 3,000")


async def test_a_guest_without_jobs_sees_no_trouble_and_one_with_a_job_sees_it_move(browser, site, numbers):
    async with opened(browser, site.url + "/jobs/") as page:
        await expect(page.get_by_role("heading", name="Nothing is running")).to_be_visible()
        await expect(page.locator("#trouble")).to_be_hidden()
        await expect(page.locator("#state")).to_be_hidden()
        row = await start(page, "checksum", file=numbers)
        await expect(row).to_have_attribute("data-status", "done")
        await live(page)
