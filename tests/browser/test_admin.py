"""The admin in the browser: no page has an error in its console, in either theme."""

from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from tests.browser.conftest import opened

LISTS = [
    *(f"streams/{name}/" for name in ("liveconnection", "process", "topic", "event", "room", "file", "job")),
    *("streams/generation/", "streams/modelprice/"),
    *("streams/token/", "streams/ban/", "auth/user/", "auth/group/", "admin/logentry/"),
]
FORMS = [
    *("streams/topic/add/", "streams/token/add/", "streams/ban/add/", "streams/room/add/", "streams/modelprice/add/"),
    *("auth/user/add/", "auth/group/add/", "auth/user/1/change/", "streams/event/?topic=system&text=cpu"),
]


@asynccontextmanager
async def signed_in(browser, site, path="", **options):
    """A page of the admin, for the superuser."""
    async with opened(browser, f"{site.url}/login/?next=/admin/{path}", **options) as page:
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(site.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "/login/" not in url)
        yield page


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 390)], ids=["light and wide", "dark and narrow"]
)
async def test_no_page_has_an_error_in_its_console_or_is_wider_than_its_window(browser, site, scheme, width):
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 844}}
    async with signed_in(browser, site, **options) as page:
        await expect(page.locator("html")).to_have_class("dark" if scheme == "dark" else "")
        topic = site.manage(
            "shell", "-v0", "-c", "from streams.models import Topic; print(Topic.objects.get(name='system').pk)"
        )
        pk = topic.stdout.strip()
        pages = [f"streams/topic/{pk}/{act}/" for act in ("change", "publish", "trim", "reset", "delete", "history")]
        for path in ["", *LISTS, *FORMS, *pages, f"streams/event/at/{pk}/1/"]:
            answer = await page.goto(f"{site.url}/admin/{path}")
            assert answer.ok, path
            await page.wait_for_function("window.Alpine !== undefined")
            wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, path


async def test_an_event_is_published_found_and_the_topic_reset(browser, site):
    site.manage("publish", "till", "1")
    async with signed_in(browser, site, "streams/topic/?q=till") as page:
        await page.get_by_role("link", name="till", exact=True).click()
        await page.get_by_role("link", name="Publish").click()
        await page.locator("[name=data]").fill('{"price": [1, 2.5]}')
        await page.get_by_role("button", name="Publish").click()
        await page.locator(".after a").click()
        await expect(page.locator("pre")).to_contain_text('"price": [')
        await page.goto(page.url.split("/admin/")[0] + "/admin/streams/event/?topic=till&text=price")
        await expect(page.locator("table.rows tbody tr")).to_have_count(1)
        await page.get_by_role("link", name="Topic", exact=True).click()
        await page.get_by_role("link", name="Reset").click()
        await page.locator("[name=name]").fill("till")
        await page.get_by_role("button", name="Reset").click()
        await expect(page.get_by_text("begins anew, with the epoch")).to_be_visible()
        await page.goto(page.url.split("/admin/")[0] + "/admin/admin/logentry/")
        await expect(page.locator("#result_list")).to_contain_text("reset (epoch")
