"""The page of reports in the browser."""

import json

from playwright.async_api import expect

from tests.browser.conftest import opened
from tests.reports.conftest import table

FILL = """
from streams.eventlog import append
from streams.models import Topic
from streams.wire.event import NewEvent
topic, made = Topic.objects.get_or_create(name="sales", defaults={"visibility": "public"})
if made:
    append("sales", [NewEvent('{"number":%d}' % n, "paid" if n % 2 else "sent") for n in range(3_000)])
"""
PICKER = """
() => {
  window.showSaveFilePicker = async ({ suggestedName }) => {
    window.suggested = suggestedName;
    return (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
  };
}
"""
WRITTEN = """
async () => {
  const root = await navigator.storage.getDirectory();
  return (await (await root.getFileHandle(window.suggested)).getFile()).text();
}
"""
NO_PICKER = "delete window.showSaveFilePicker"


def fill(site):
    site.manage("shell", "-v0", "-c", FILL)


async def test_the_first_rows_and_the_line_for_a_shell_follow_the_choice(browser, site):
    fill(site)
    async with opened(browser, site.url + "/reports/?topic=sales") as page:
        rows = page.locator("#preview tbody tr")
        await expect(rows).to_have_count(8)
        await expect(page.locator("#curl")).to_have_text(f"curl -fOJ '{site.url}/report?topic=sales'")
        await page.get_by_label("Only of the type").fill("paid")
        await page.get_by_role("checkbox", name="time").uncheck()
        await page.get_by_role("checkbox", name="id", exact=True).check()
        await page.get_by_role("radio", name="NDJSON").check()
        line = f"curl -fOJ '{site.url}/report?topic=sales&type=paid&format=ndjson&columns=id,seq,type,data'"
        await expect(page.locator("#curl")).to_have_text(line)
        await expect(page.locator("#preview th")).to_have_text(["id", "seq", "type", "data"])
        await expect(rows.first).to_contain_text("paid")
        await expect(page.get_by_text("for Excel")).to_be_hidden()
        await page.get_by_role("button", name="Last hour").click()
        await expect(page.locator("#curl")).to_contain_text("&from=20")
        await expect(rows).to_have_count(8)


async def test_what_is_wrong_is_said_on_the_page_and_gone_when_it_is_right(browser, site):
    fill(site)
    async with opened(browser, site.url + "/reports/?topic=sales", quiet=False) as page:
        await expect(page.locator("#preview tbody tr")).to_have_count(8)
        await page.get_by_label("Topic", exact=True).fill("nothing here")
        await expect(page.get_by_role("alert").filter(has_text="is not allowed")).to_be_visible()
        await page.get_by_label("Topic", exact=True).fill("sales")
        await expect(page.locator("#failed")).to_be_hidden()
        await page.get_by_label("Only of the type").fill("never")
        await expect(page.locator("#preview")).to_contain_text("No rows")


async def test_a_download_goes_into_a_file_and_says_how_much_it_was(browser, site):
    fill(site)
    async with opened(browser, site.url + "/reports/?topic=sales") as page:
        await page.evaluate(PICKER)
        await page.get_by_role("button", name="Download").click()
        await expect(page.locator("#said")).to_contain_text("Done: 3,000 rows")
        text = await page.evaluate(WRITTEN)
        assert len(table(text.encode())[1]) == 3_000
        await expect(page.get_by_role("button", name="Download")).to_be_enabled()
        await expect(page.get_by_role("button", name="Cancel")).to_be_hidden()


async def test_a_report_that_is_refused_between_is_told_inline(browser, site):
    fill(site)
    async with opened(browser, site.url + "/reports/?topic=sales", quiet=False) as page:
        await page.evaluate(PICKER)
        await expect(page.locator("#preview tbody tr")).to_have_count(8)
        refusal = json.dumps({"error": {"code": "limit", "message": "20 reports are being written (limit 20)"}})
        await page.route("**/report?*", lambda route: route.fulfill(status=429, body=refusal))
        await page.get_by_role("button", name="Download").click()
        await expect(page.locator("#failed")).to_have_text("20 reports are being written (limit 20)")


async def test_a_browser_that_has_no_such_files_downloads_by_itself(browser, site):
    fill(site)
    async with opened(browser, site.url + "/reports/?topic=sales") as page:
        await page.evaluate(NO_PICKER)
        async with page.expect_download() as started:
            await page.get_by_role("button", name="Download").click()
        download = await started.value
        assert download.suggested_filename.startswith("events-sales-")
        assert len(table((await download.path()).read_bytes())[1]) == 3_000
        assert "/reports/" in page.url


async def test_without_javascript_the_form_is_enough(browser, site):
    fill(site)
    async with opened(browser, site.url + "/reports/?topic=sales", java_script_enabled=False) as page:
        await page.get_by_label("for Excel").check()
        await page.get_by_role("checkbox", name="data").uncheck()
        async with page.expect_download() as started:
            await page.get_by_role("button", name="Download").click()
        written = (await (await started.value).path()).read_bytes()
        assert written.startswith(b"\xef\xbb\xbfseq,time,type\r\n")
        assert written.endswith(b"total: 3000,,\r\n")
