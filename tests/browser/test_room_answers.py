"""Answers in the browser, told word by word: what people see survives reloads, lost ends, stops and broken calls."""

import asyncio
import json

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import answer, history, live, opened, say
from tests.browser.told import next_call
from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.site import Site
from tests.harness.waiting import free_port

INTRODUCTION = "# Tides\n\nThe *Moon* pulls 🌊 the sea.\n\n"
CODE = "```python\nprint('the tide')\n```\n\n"
END = "And the Sun, too.\n"


@pytest.fixture(scope="module")
def model_port():
    """Where the model listens, in each test anew."""
    return free_port()


@pytest.fixture(scope="module")
def site(tmp_path_factory, model_port):
    """A site whose model is the fake's."""
    folder = tmp_path_factory.mktemp("answers")
    (folder / "site.sqlite3").touch()
    env = {"ANTHROPIC_API_KEY": "sk-ant-test", "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{model_port}"}
    site = Site("daphne", folder, f"sqlite:///{folder / 'site.sqlite3'}", **env).set_up()
    yield site.start()
    site.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def model(model_port):
    """The Messages API that the site asks."""
    async with FakeMessagesAPI(port=model_port) as api:
        yield api


async def shown(page: Page) -> dict[str, str]:
    """What a person can read of the first answer, and how it is built."""
    body = page.locator("article.generation").first
    return {
        "status": await body.get_attribute("data-status") or "",
        "html": await body.locator(".answer").inner_html(),
        "thinking": await body.locator(".thinking-text").text_content() or "",
    }


async def same(one: Page, other: Page) -> dict[str, str]:
    """What both pages show, as soon as they agree."""
    async with asyncio.timeout(10):
        while (first := await shown(one)) != await shown(other):
            await one.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
    return first


async def reloaded(page: Page, other: Page) -> dict[str, str]:
    """What a page shows that begins in the middle, which is what the other one shows."""
    await page.reload()
    await live(page)
    return await same(page, other)


async def test_a_reload_in_each_phase_loses_doubles_and_reorders_nothing(browser, site, fresh_room, model):
    url = site.url + fresh_room
    async with opened(browser, url) as one, opened(browser, url) as other:
        await live(one)
        await live(other)
        await say(other, "@claude first [[told]]")
        before = await next_call(model)
        await say(one, "@claude the tides [[told]]")
        waiting = one.locator("article.generation[data-status=queued] .waiting-text")
        await expect(waiting).to_have_text("1 answer before this one")
        await one.reload()
        await expect(waiting).to_have_text("1 answer before this one")
        await before.say("A word.")
        await before.end()
        call = await next_call(model)
        growing = one.locator("article.generation").nth(1)
        await expect(growing.locator(".waiting-text")).to_contain_text("reading")
        await one.reload()
        await expect(growing.locator(".waiting-text")).to_contain_text("reading")
        await call.think("It is about **tides**.")
        await expect(growing.locator(".thinking-newest")).to_have_text("It is about tides.")
        await one.reload()
        await expect(growing.locator(".thinking-newest")).to_have_text("It is about tides.")
        await expect(growing.locator(".thinking-text")).to_be_hidden()
        await call.end()
        await answer(one, "done", 1)


async def test_what_grows_is_the_same_on_a_page_that_was_there_and_one_that_comes(browser, site, fresh_room, model):
    url = site.url + fresh_room
    async with opened(browser, url) as one, opened(browser, url) as other:
        await live(one)
        await live(other)
        await say(one, "@claude the tides [[told]]")
        call = await next_call(model)
        await call.think("Hm.")
        await call.say(INTRODUCTION + "The")
        await expect(other.locator(".answer h1")).to_have_text("Tides")
        await expect(other.locator(".growing")).to_contain_text("The")
        assert "<em>Moon</em>" in (await reloaded(one, other))["html"]
        await call.say(" beginning of code:\n\n" + CODE[:20])
        await expect(other.locator(".growing.as-code")).to_contain_text("print('")
        assert "as-code" in (await reloaded(one, other))["html"]
        await call.say(CODE[20:] + END)
        await call.end()
        await answer(other)
        whole = await same(one, other)
        assert await reloaded(one, other) == whole
        assert whole["html"].count("<h1>") == 1
        assert whole["thinking"] == "Hm."
        await expect(one.locator(".code-language")).to_have_text("python")
        text = (await history(one))["items"][1]["text"]
        await one.locator("#message").press("ArrowUp")
        await one.get_by_role("textbox", name="Edit your message").fill("@claude the winds [[told]]")
        await one.get_by_role("button", name="Save and ask again").click()
        call = await next_call(model)
        await call.say("They blow.")
        await call.end()
        for page in (one, other):
            await expect((await answer(page)).locator(".answer")).to_have_text("They blow.")
            await expect(page.locator(".version-number")).to_have_text("2/2")
            await expect(page.locator("article.message .said")).to_have_text("@claude the winds [[told]]")
        assert text == INTRODUCTION + "The beginning of code:\n\n" + CODE + END


DEAF = """
if (sessionStorage.deaf) window.WebSocket = class extends EventTarget {
  readyState = 0;
  send() {}
  close() {}
};
"""


async def test_stop_from_another_tab_after_a_reload_closes_the_call_and_keeps_the_text(
    browser, site, fresh_room, model
):
    async with opened(browser, site.url + fresh_room) as one:
        await live(one)
        await say(one, "@claude a long story [[told]]")
        call = await next_call(model)
        await call.say("Once upon a time")
        other = await one.context.new_page()  # the same person
        await other.goto(site.url + fresh_room)
        await live(other)
        await other.add_init_script(DEAF)
        await other.evaluate("sessionStorage.deaf = 1")
        await other.reload()
        await other.locator(".answer-stop").get_by_role("button", name="Stop").click()  # before it is live
        async with asyncio.timeout(10):
            await call.left()
        await answer(one, "stopped")
        await other.evaluate("sessionStorage.clear()")
        await other.reload()
        for page in (one, other):
            stopped = await answer(page, "stopped")
            await expect(stopped.locator(".answer")).to_have_text("Once upon a time")
            await expect(stopped.locator(".notice")).to_contain_text("Stopped by")
            await expect(stopped.locator(".usage")).to_contain_text("12 tokens in · ≈")  # the input is exact
            await expect(page.locator(".stop-own")).to_be_hidden()


async def test_escape_in_the_box_stops_ones_own_answer_and_not_anothers(browser, site, fresh_room, model):
    url = site.url + fresh_room
    async with opened(browser, url) as asker, opened(browser, url) as guest:
        await live(asker)
        await live(guest)
        await say(asker, "@claude [[told]]")
        call = await next_call(model)
        await call.say("Words")
        await expect(guest.locator(".growing")).to_contain_text("Words")
        await expect(guest.locator(".answer-stop")).to_have_count(0)
        await expect(guest.locator(".stop-own")).to_be_hidden()
        await guest.locator("#message").press("Escape")
        await asker.locator("#message").press("Escape")
        await call.left()
        await expect((await answer(guest, "stopped")).locator(".notice")).to_contain_text("Stopped by")


LOSES_THE_END = """
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...rest) {
    super(...rest);
    this.addEventListener("message", (event) => {
      if (String(event.data).includes("generation.end")) event.stopImmediatePropagation();
    });
  }
};
"""


async def test_an_end_that_never_came_is_found_when_the_page_is_looked_at(browser, site, fresh_room, model):
    async with opened(browser, site.url + fresh_room) as page:
        await page.add_init_script(LOSES_THE_END)
        await page.reload()
        await live(page)
        await say(page, "@claude [[told]]")
        call = await next_call(model)
        await call.say(INTRODUCTION)
        await call.end()
        async with asyncio.timeout(10):
            while (await history(page))["items"][1]["status"] != "done":
                await page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        assert await page.locator("article.generation").get_attribute("data-status") == "running"
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        healed = await answer(page)
        await expect(healed.locator("h1")).to_have_text("Tides")
        await expect(page.locator("#announce")).to_contain_text("finished")


async def test_a_broken_answer_keeps_its_text_and_is_asked_again_once_however_often_one_clicks(
    browser, site, fresh_room, model
):
    url = site.url + fresh_room
    async with opened(browser, url) as one, opened(browser, url) as other:
        await live(one)
        await live(other)
        await say(one, "@claude [[told]]")
        call = await next_call(model)
        await call.say("The first half")
        await expect(one.locator(".growing")).to_contain_text("half")
        await call.cut()
        failed = await answer(one, "failed")
        await expect(failed.locator(".answer")).to_have_text("The first half")
        await expect(failed.locator(".notice.error")).to_contain_text("kept above")
        await expect(one.locator("#alert")).to_contain_text("could not finish")
        await failed.get_by_role("button", name="Try again").dblclick()
        call = await next_call(model)
        await call.say("The whole.")
        await call.end()
        for page in (one, other):
            await expect((await answer(page)).locator(".answer")).to_have_text("The whole.")
            await expect(page.locator(".version-number")).to_have_text("2/2")
        assert len([request for request in model.requests if request.path.endswith("/messages")]) == 2
        await one.get_by_role("button", name="Previous version").click()
        for page in (one, other):  # who asked has chosen it, for all
            await expect((await answer(page, "failed")).locator(".answer")).to_have_text("The first half")
            await expect(page.locator(".version-number")).to_have_text("1/2")
        (item,) = [item for item in (await history(one))["items"] if item["kind"] == "generation"]
        assert (item["version"], json.dumps(item["versions"]).count("generation")) == (1, 2)
