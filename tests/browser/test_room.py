"""A room in the browser: what people see while all goes well, and while it does not."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import answer, history, live, opened, say
from tests.harness.proxy import Proxy


async def test_a_message_sent_in_one_window_appears_in_the_other(browser, site, fresh_room):
    async with opened(browser, site.url + fresh_room) as one, opened(browser, site.url + fresh_room) as other:
        await live(one)
        await live(other)
        await say(one, "Is anybody here?")
        await expect(other.locator("article.message .said")).to_have_text("Is anybody here?")
        await expect(one.locator("article.message .said")).to_have_text("Is anybody here?")
        await expect(one.locator("article.message .badge")).to_have_text("you")


async def test_an_answer_streams_into_both_windows_byte_equal(browser, site, fresh_room):
    async with opened(browser, site.url + fresh_room) as one, opened(browser, site.url + fresh_room) as other:
        await live(one)
        await live(other)
        await say(one, "@claude hello")
        for page in (one, other):
            growing = page.locator("article.generation[data-status=running] .growing.open")
            await expect(growing).to_contain_text("Hello!")  # seen while it grows
        bodies = [await (await answer(page)).locator(".answer").inner_html() for page in (one, other)]
        assert bodies[0] == bodies[1]
        assert "demo model" in bodies[0]
        await expect(one.locator("article.generation .badge.demo")).to_be_visible()


async def test_a_reload_in_the_middle_of_an_answer_loses_and_doubles_nothing(browser, site, fresh_room):
    async with opened(browser, site.url + fresh_room) as one, opened(browser, site.url + fresh_room) as other:
        await live(one)
        await live(other)
        await say(one, "@claude /demo list")
        for _ in range(3):
            await one.locator("article.generation[data-status=running] .growing.open").wait_for()
            before = await one.locator("article.generation .answer").text_content()
            await one.reload()
            growing = one.locator("article.generation .answer")
            await expect(growing).to_contain_text(before[:40])
        ended = await answer(one)
        untouched = await answer(other)
        assert await ended.locator(".answer").inner_html() == await untouched.locator(".answer").inner_html()
        assert await one.locator("article").count() == 2  # the question and the answer, once each
        (item,) = [item for item in (await history(one))["items"] if item["kind"] == "generation"]
        assert item["status"] == "done"


async def test_an_error_keeps_the_text_shows_the_reason_and_can_be_asked_again(browser, site, fresh_room):
    async with opened(browser, site.url + fresh_room) as page:
        await live(page)
        await say(page, "/demo error")
        failed = await answer(page, "failed")
        assert len(await failed.locator(".answer").text_content()) > 20
        await expect(failed.locator(".notice")).to_be_visible()
        await failed.get_by_role("button", name="Try again").click()
        await expect(page.locator(".version-number")).to_have_text("2/2")
        await answer(page, "failed")
        assert await page.locator("article.generation").count() == 1


async def test_markup_in_a_message_is_inert(browser, site, fresh_room):
    hostile = (
        '<img src=x onerror="document.title=1"><script>document.title=2</script> '
        "javascript:alert(1) [a](javascript:alert(1)) https://example.org/ok"
    )
    async with opened(browser, site.url + fresh_room) as page:
        await live(page)
        await say(page, hostile)
        said = page.locator("article.message .said")
        await expect(said).to_have_text(hostile)
        assert await said.locator("img, script").count() == 0
        links = await said.locator("a").evaluate_all("links => links.map(link => [link.href, link.rel])")
        assert [href for href, _ in links] == ["https://example.org/ok"]
        assert "noopener" in links[0][1]
        assert not re.search("[12]", await page.title())


async def test_a_connection_cut_in_the_middle_of_an_answer_is_resumed(browser, site, fresh_room):
    async with (
        Proxy.to(site.port) as network,
        opened(browser, network.url + fresh_room, quiet=False) as page,
        opened(browser, site.url + fresh_room) as other,
    ):
        await live(page)
        await live(other)
        await say(page, "/demo list")
        for _ in range(3):
            await page.locator("article.generation[data-status=running] .growing.open").wait_for()
            network.cut()
            await page.locator("#state:not([data-state=live])").wait_for()
            await live(page)
        bodies = [await (await answer(one)).locator(".answer").inner_html() for one in (page, other)]
        assert bodies[0] == bodies[1]
        assert await page.locator("article").count() == 2


async def test_a_killed_server_is_told_and_its_answer_ends_interrupted(browser, make_site, sqlite_url):
    site = make_site("daphne", sqlite_url, STREAMS_GENERATION_LEASE_S="1").start()
    async with opened(browser, site.url, quiet=False) as page:
        await live(page)
        await say(page, "/demo list")
        await page.locator("article.generation[data-status=running] .growing.open").wait_for()
        site.kill()
        await page.locator("#state:not([data-state=live])").wait_for()
        await expect(page.locator("#trouble")).to_be_visible()
        site.start()
        await live(page)
        ended = await answer(page, "interrupted")
        assert await ended.locator(".answer").text_content()
        await ended.get_by_role("button", name="Try again").click()
        await answer(page, "done")


async def test_older_messages_come_on_scroll_and_nothing_jumps(browser, site, fresh_room):
    slug = fresh_room.split("/")[2]
    site.manage(
        "shell", "-v0", "-c",
        "from tests.chat.saying import put; from streams.publishing import Identity\n"
        f"put('{slug}', Identity('user', 'u:0', 'Ada'), *(f'line {{n}}' for n in range(120)))",
    )  # fmt: skip
    async with opened(browser, site.url + fresh_room) as page:
        await live(page)
        await expect(page.get_by_text("line 119", exact=True)).to_be_in_viewport()
        await page.locator("#log").evaluate("log => log.scrollTo(0, 0)")
        await expect(page.get_by_text("line 30", exact=True)).to_be_attached()
        await expect(page.get_by_text("line 70", exact=True)).to_be_in_viewport()
        await page.locator("#log").evaluate("log => log.scrollTo(0, 0)")
        await expect(page.get_by_text("line 0", exact=True)).to_be_attached()
        said = await page.locator("article.message .said").all_text_contents()
        assert said == [f"line {n}" for n in range(120)]


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
async def test_every_page_fits_and_is_quiet(browser, site, width, scheme):
    size = {"width": width, "height": 760}
    for path in ("/", "/topics/", "/topics/system", "/login/"):
        async with opened(browser, site.url + path, viewport=size, color_scheme=scheme) as page:
            await page.wait_for_load_state("load")
            wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert await page.evaluate(wide), f"{path} scrolls sideways at {width}"
            background = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            channels = [int(value) for value in re.findall(r"\d+", background)[:3]]
            assert (sum(channels) < 200) == (scheme == "dark"), f"{path} is {background} in {scheme}"


async def test_the_room_is_usable_by_keyboard_alone(browser, site, fresh_room):
    async with opened(browser, site.url + fresh_room) as page:
        await live(page)
        await page.evaluate("document.activeElement.blur()")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.locator("#message")).to_be_focused()
        await page.keyboard.type("first line")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("second line")
        await page.keyboard.press("Enter")
        await expect(page.locator("article.message .said")).to_have_text("first line\nsecond line")
        await expect(page.locator("#message")).to_be_focused()


async def test_a_screen_reader_hears_the_end_and_not_every_token(browser, site, fresh_room):
    async with opened(browser, site.url + fresh_room) as page:
        await live(page)
        await expect(page.locator("#log")).to_have_attribute("aria-live", "off")
        await page.locator("#log").press("?")
        await page.get_by_label("Read finished answers aloud").check()
        await page.keyboard.press("Escape")
        await say(page, "@claude hello")
        busy = page.locator("article.generation[aria-busy=true]")
        await busy.wait_for()
        await answer(page)
        await expect(page.locator("#announce")).to_contain_text("demo model")  # all of it, as was asked for
        await expect(page.locator("article.generation")).to_have_attribute("aria-busy", "false")
