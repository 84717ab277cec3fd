"""The page of one's tokens, by keyboard: made, copied, revoked. Nothing of it offends the page's own policy."""

from playwright.async_api import expect

from tests.browser.conftest import opened


async def test_a_token_is_made_copied_and_revoked_without_a_mouse(browser, site):
    url = site.url + "/login/?next=/account/tokens"
    may = ["clipboard-read", "clipboard-write"]
    async with opened(browser, url, permissions=may, viewport={"width": 390, "height": 844}) as page:
        await page.keyboard.type("admin")
        await page.keyboard.press("Tab")
        await page.keyboard.type(site.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/account/tokens")
        await page.get_by_label("What it is for").fill("wall")
        await page.get_by_label("Topics it may read").fill("room:*")
        await page.keyboard.press("Enter")
        text = await page.locator("#token-text").inner_text()
        await page.wait_for_load_state()  # its script is there then, or the key would do nothing
        await expect(page.get_by_role("button", name="Copy")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == text
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits a phone"
        await page.get_by_role("link", name="Revoke wall").press("Enter")
        await page.get_by_role("button", name="Revoke it").press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("wall is revoked")
        assert text not in await page.content()
