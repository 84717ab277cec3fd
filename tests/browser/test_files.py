"""The files page in the browser: up in pieces, paused, gone on with after a reload, found, deleted."""

import hashlib
import os

import httpx
import pytest
from playwright.async_api import expect

from tests.browser.conftest import LIMIT_MS, opened

MEGABYTE = 1_000_000


@pytest.fixture
def big(tmp_path):
    """A file of 20 MB, more than one request may have."""
    path = tmp_path / "big one.bin"
    path.write_bytes(os.urandom(20 * MEGABYTE))
    return path


async def sign_in(page, site):
    await page.get_by_label("User").fill("admin")
    await page.get_by_label("Password", exact=True).fill(site.password)
    await page.keyboard.press("Enter")
    await page.wait_for_url(site.url + "/files/")


def files_page(site):
    return site.url + "/login/?next=/files/"


async def slow_down(page):
    """Pieces of an upload take a moment, so that there is something to pause."""
    session = await page.context.new_cdp_session(page)
    link = {"latency": 20, "downloadThroughput": -1, "uploadThroughput": 3 * MEGABYTE, "offline": False}
    await session.send("Network.emulateNetworkConditions", link)
    return session


async def test_a_file_goes_up_is_paused_goes_on_and_comes_down_the_same(browser, site, big):
    async with opened(browser, files_page(site)) as page:
        await sign_in(page, site)
        await slow_down(page)
        await page.get_by_label("Choose files").set_input_files(big)
        row = page.locator(".upload", has_text="big one.bin")
        await expect(row).to_have_attribute("data-state", "sending")
        await expect(row).to_contain_text("MB/s")
        await page.get_by_role("button", name="Pause big one.bin").click()
        await expect(row).to_contain_text("paused")
        await page.get_by_role("button", name="Go on with big one.bin").click()
        await expect(row).to_have_attribute("data-state", "done", timeout=LIMIT_MS)
        listed = page.locator("#files").get_by_role("link", name="big one.bin")
        async with page.expect_download() as download:
            await listed.click()
        path = await (await download.value).path()
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(big.read_bytes()).digest()
        await page.get_by_role("button", name="Delete big one.bin").click()
        await expect(listed).to_be_visible()  # once is not enough
        await page.get_by_role("button", name="Delete big one.bin").click()
        await expect(listed).to_have_count(0)


async def test_after_a_reload_the_same_file_goes_on_where_it_stood(browser, site, big):
    async with opened(browser, files_page(site)) as page:
        await sign_in(page, site)
        await slow_down(page)
        await page.get_by_label("Choose files").set_input_files(big)
        row = page.locator(".upload", has_text="big one.bin")
        await expect(row).to_contain_text("MB/s")
        await page.get_by_role("button", name="Pause big one.bin").click()
        sent = await row.get_by_role("progressbar").evaluate("bar => bar.value")
        assert sent > 0
        await page.reload()
        await expect(page.locator(".unfinished")).to_contain_text("big one.bin")
        offsets = []
        page.on(
            "request",
            lambda request: (
                offsets.append(int(request.headers["upload-offset"])) if request.method == "PATCH" else None
            ),
        )
        await page.get_by_label("Choose files").set_input_files(big)
        await expect(row).to_have_attribute("data-state", "done", timeout=LIMIT_MS)
        assert offsets[0] >= sent
        await expect(page.locator(".unfinished")).to_have_count(0)
        await expect(page.locator("#files").get_by_role("link", name="big one.bin")).to_be_visible()


async def test_a_server_that_is_killed_meanwhile_is_told_and_the_upload_goes_on(browser, site, big):
    async with opened(browser, files_page(site), quiet=False) as page:
        await sign_in(page, site)
        await slow_down(page)
        await page.get_by_label("Choose files").set_input_files(
            {"name": "killed.bin", "mimeType": "", "buffer": big.read_bytes()}
        )
        row = page.locator(".upload", has_text="killed.bin")
        await expect(row).to_contain_text("MB/s")
        site.kill()
        await expect(row).to_contain_text("Trying again")
        site.start()
        await expect(row).to_have_attribute("data-state", "done", timeout=LIMIT_MS)
        content = await page.evaluate("async () => (await (await fetch('/files/killed.bin')).arrayBuffer()).byteLength")
        assert content == 20 * MEGABYTE


async def test_what_is_dropped_or_refused_is_told(browser, site):
    async with opened(browser, files_page(site)) as page:
        await sign_in(page, site)
        await page.evaluate(
            """() => {
              const transfer = new DataTransfer();
              transfer.items.add(new File(["dropped"], "dropped.txt"));
              for (const name of ["dragover", "drop"]) {
                const about = {dataTransfer: transfer, bubbles: true, cancelable: true};
                document.dispatchEvent(new DragEvent(name, about));
              }
              const pasted = new DataTransfer();
              pasted.items.add(new File(["pasted"], "pasted.txt"));
              document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: pasted, bubbles: true}));
            }"""
        )
        for name in ("dropped.txt", "pasted.txt"):
            await expect(page.locator("#files").get_by_role("link", name=name)).to_be_visible()
        await page.evaluate(
            """() => {
              const huge = new File(["x"], "huge.bin");
              Object.defineProperty(huge, "size", {value: 6e9});
              const transfer = new DataTransfer();
              const drop = new DragEvent("drop", {bubbles: true, cancelable: true, dataTransfer: transfer});
              Object.defineProperty(drop, "dataTransfer", {value: {types: ["Files"], items: [], files: [huge]}});
              document.dispatchEvent(drop);
            }"""
        )
        await expect(page.get_by_role("alert").filter(has_text="huge.bin")).to_contain_text("5.0 GB")


async def test_without_javascript_a_form_adds_and_a_link_has(browser, site, tmp_path):
    (tmp_path / "plain.txt").write_text("without a script")
    async with opened(browser, files_page(site), java_script_enabled=False) as page:
        await sign_in(page, site)
        await page.get_by_label("Choose files").set_input_files(tmp_path / "plain.txt")
        await page.get_by_role("button", name="Upload").click()
        link = page.locator("#files").get_by_role("link", name="plain.txt")
        await expect(link).to_be_visible()
        await page.get_by_role("searchbox").fill("nothing like it")
        await page.keyboard.press("Enter")
        await expect(page.locator("#files")).to_contain_text("No file is called anything like")


async def test_a_guest_sees_what_members_may_have_and_how_to_add(browser, site):
    async with httpx.AsyncClient(base_url=site.url, headers=site.token("--files"), trust_env=False) as client:
        for path in ("/files/for-members.txt", "/files/secret.txt?visibility=private"):
            assert (await client.put(path, content=b"x")).status_code == 201
    async with opened(browser, site.url + "/files/") as page:
        await expect(page.locator("#files").get_by_role("link", name="for-members.txt")).to_be_visible()
        await expect(page.get_by_text("secret.txt")).to_have_count(0)
        await expect(page.locator("main").get_by_role("link", name="Sign in")).to_be_visible()
        await expect(page.get_by_label("Choose files")).to_have_count(0)
