"""Choosing who answers, and sending files along, in the browser; the model is a scripted Messages API."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import answer, live, opened, say
from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.site import Site
from tests.harness.waiting import free_port

PNG = bytes.fromhex(  # a red pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077" "53de0000000c4944415408d763f8cfc000000301"
    "0100c9fe92ef0000000049454e44ae426082"
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site that has a key; the fake listens where the site was told to ask."""
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    url = f"http://127.0.0.1:{port}"
    site = Site(
        "daphne",
        folder,
        f"sqlite:///{folder / 'site.sqlite3'}",
        ANTHROPIC_API_KEY="sk-ant-test-do-not-show-0123456789",
        ANTHROPIC_BASE_URL=url,
    ).set_up()
    site.api_port = port
    yield site.start()
    site.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def api(site):
    async with FakeMessagesAPI(port=site.api_port, pace_s=0.01) as api:
        yield api


async def sign_in(page, site, path):
    await page.goto(f"{site.url}/login/?next={path}")
    await page.locator("input[name=username]").fill("admin")
    await page.locator("input[name=password]").fill(site.password)
    await page.locator("input[name=password]").press("Enter")
    await live(page)


async def test_the_chosen_model_is_told_of_an_image_and_a_text(browser, site, fresh_room, api):
    async with opened(browser, site.url) as page:
        await sign_in(page, site, fresh_room)
        await expect(page.locator("#model option").first).to_have_text("Claude Sonnet 4.6 (the usual)")
        await page.locator("#model").select_option("claude-opus-5-5")
        await page.locator("#attach-input").set_input_files(
            [
                {"name": "red.png", "mimeType": "image/png", "buffer": PNG},
                {"name": "notes.txt", "mimeType": "text/plain", "buffer": "naïve".encode()},
            ]
        )
        await expect(page.locator('.attached-file[data-state="done"]')).to_have_count(2)
        await page.locator("#attach-input").set_input_files(
            [{"name": "paper.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}]
        )
        await expect(page.locator("#hint")).to_have_text(
            "paper.pdf is neither text nor an image (PNG, JPEG, GIF, WebP): no model reads it."
        )
        await say(page, "@claude what is this?")
        await answer(page)
        await expect(page.locator(".attached-file")).to_have_count(0)
        await expect(page.locator("article.message")).to_contain_text("notes.txt")
        (asked,) = [one.json for one in api.requests if one.path == "/v1/messages"]
        assert asked["model"] == "claude-opus-5-5"
        blocks = asked["messages"][-1]["content"]
        assert [block["type"] for block in blocks] == ["text", "image", "text", "text"]
        assert "naïve" in blocks[2]["text"]
        await page.locator("#room-menu").click()
        await page.get_by_role("menuitem", name="What answers cost").click()
        await expect(page.locator(".spend-table").first).to_contain_text("admin")
        await page.reload()
        await expect(page.locator("#model")).to_have_value("claude-opus-5-5")


async def test_a_file_that_waits_outlives_a_reload_and_can_be_taken_away(browser, site, fresh_room, api):
    async with opened(browser, site.url) as page:
        await sign_in(page, site, fresh_room)
        file = {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"a plan"}
        await page.locator("#attach-input").set_input_files([file])
        await expect(page.locator('.attached-file[data-state="done"]')).to_have_count(1)
        await page.reload()
        await expect(page.locator(".attached-name")).to_have_text("plan.txt")
        await say(page, "e" + "\u0301" * 40)
        await expect(page.locator(".attached-file")).to_have_count(0)
        await page.get_by_role("button", name="Edit").click()  # it was refused
        await page.locator("#message").fill("")
        await expect(page.locator(".attached-name")).to_have_text("plan.txt")
        async with page.expect_response(lambda response: response.request.method == "DELETE") as deleted:
            await page.get_by_role("button", name="Remove plan.txt").click()
        assert (await deleted.value).ok
        await expect(page.locator(".attached-file")).to_have_count(0)
        await expect(page.locator("#send")).to_be_disabled()
        await page.locator("#attach-input").set_input_files([file | {"name": "alone.txt"}])
        await expect(page.locator('.attached-file[data-state="done"]')).to_have_count(1)
        await page.locator("#send").click()  # without a word
        await expect(page.locator("article.message[data-seq] .file-name")).to_have_text("alone.txt")
        await expect(page.locator("article.message[data-seq] .said")).to_be_hidden()
        await expect(page.locator("#send")).to_be_disabled()


async def test_a_guest_chooses_a_model_and_attaches_nothing(browser, site, fresh_room, api):
    async with opened(browser, site.url + fresh_room) as page:
        await live(page)
        await expect(page.locator("#models")).to_be_visible()
        assert await page.locator("#attach").count() == 0
