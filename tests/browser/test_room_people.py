"""People in a room, in the browser: what one does with a message, and everybody sees."""

import asyncio
import json
import re
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.browser.conftest import live, opened, say
from tests.harness.proxy import Proxy

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@asynccontextmanager
async def two_in(browser, site, room, **other_has):
    """Two people of a room, each at their own page."""
    async with opened(browser, site.url + room) as one, opened(browser, site.url + room, **other_has) as other:
        await live(one)
        await live(other)
        yield one, other


def message(page, text):
    """The message that says so."""
    return page.locator("article.message[data-seq]").filter(has=page.locator(".said", has_text=text))


async def act(page, text, name):
    """Choose from the menu of a message."""
    await message(page, text).hover()
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name=name).click()


def fill(site, room, count):
    """So many messages of Ada's: ``line 0`` and so on."""
    site.manage(
        "shell", "-v0", "-c",
        "from django.utils import timezone; from streams.models import Message, Topic\n"
        f"topic = Topic.objects.get(name='room:{room.split('/')[2]}')\n"
        "Message.objects.bulk_create([Message(topic=topic, seq=topic.head + 1 + n, author_id='u:0', author_name='Ada',"
        f" author_kind='user', text=f'line {{n}}', created_at=timezone.now()) for n in range({count})])\n"
        f"Topic.objects.filter(pk=topic.pk).update(head=topic.head + {count})",
    )  # fmt: skip


async def test_what_one_does_with_a_message_everybody_sees(browser, site, fresh_room):
    async with two_in(browser, site, fresh_room) as (one, other):
        await say(one, "The deploy is out")
        await message(other, "The deploy").hover()
        await other.get_by_role("button", name="React").click()
        await other.get_by_role("button", name="thumbs up").click()
        chip = message(one, "The deploy").get_by_role("button", name=re.compile("👍, 1: "))
        await expect(chip).to_have_attribute("aria-pressed", "false")
        await chip.click()
        await expect(chip).to_have_count(0)
        both = message(other, "The deploy").get_by_role("button", name=re.compile("👍, 2: .* and you"))
        await expect(both).to_have_attribute("aria-pressed", "true")

        await message(other, "The deploy").hover()
        await other.get_by_role("button", name="Reply").click()
        await expect(other.locator("#replying")).to_contain_text("The deploy is out")
        await say(other, "And all is green")
        await act(one, "The deploy", "Edit")
        await one.get_by_role("textbox", name="Edit your message").fill("The deploy is out at last")
        await one.keyboard.press("Enter")
        await expect(message(other, "at last").first.locator(".edited")).to_be_visible()
        await expect(message(other, "And all").locator(".quote")).to_contain_text("The deploy is out at last")

        await act(other, "And all", "Delete…")
        await other.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(one.locator("article.deleted .said")).to_have_text("This message was deleted.")
        await one.reload()
        await expect(one.locator("article.message")).to_have_count(2)
        await expect(one.locator(".reaction")).to_have_count(1)


async def me(page):
    """Who one is at that page."""
    return json.loads(await page.locator("#viewer").text_content())


async def test_who_is_only_here_is_mentioned_by_keyboard_and_answers_by_finger(browser, site, fresh_room):
    async with two_in(browser, site, fresh_room, **PHONE) as (one, other):
        name = (await me(other))["name"]
        box = one.locator("#message")
        await expect(one.locator(".people-count")).to_have_text("2 people here", timeout=20_000)  # a slow beat
        await box.press_sequentially(f"thanks @{name[:3].lower()}")
        offered = one.locator("#mentions [role=option]")
        await expect(offered.filter(has_text=name)).to_have_count(1)
        place = [name in text for text in await offered.all_inner_texts()].index(True)
        for _ in range(place):  # both may be Lively
            await box.press("ArrowDown")
        await expect(box).to_have_attribute("aria-activedescendant", f"mentions-{place}")
        await box.press("Tab")
        await expect(box).to_have_value(f"thanks @{name} ")
        await box.press("Enter")
        await expect(message(other, "thanks").locator(".mention.own")).to_have_text(f"@{name}")
        await expect(message(one, "thanks").locator(".mention:not(.own)")).to_have_text(f"@{name}")
        await message(other, "thanks").locator(".said").tap()
        await other.get_by_role("button", name="React").tap()
        await other.get_by_role("button", name="thumbs up").tap()
        await expect(message(one, "thanks").locator(".reaction")).to_have_text("👍1")
        await message(other, "thanks").locator(".said").tap()
        await other.get_by_role("button", name="Reply").tap()
        await expect(other.locator("#replying")).to_contain_text("thanks")
        await expect(other.locator(".entry-tools")).to_have_count(0)


async def test_who_is_muted_or_made_a_reader_is_told_and_writes_no_more(browser, site, fresh_room):
    async with two_in(browser, site, fresh_room) as (one, other):
        slug = fresh_room.split("/")[2]
        for page in (one, other):
            await say(page, "I was here")  # a guest is known by that
        await expect(one.locator("article.message[data-seq]")).to_have_count(2)
        await asyncio.to_thread(
            site.manage, "shell", "-v0", "-c",
            "from streams.chat.members import mute, set_role; from streams.models import Room\n"
            "from streams.publishing import Identity; from django.contrib.auth import get_user_model\n"
            f"room, admin = Room.objects.get(slug='{slug}'), get_user_model().objects.get(username='admin')\n"
            "by = Identity('user', f'u:{admin.pk}', 'admin', user_id=admin.pk)\n"
            f"mute(room, by, person='{(await me(one))['id']}', minutes=90)\n"
            f"set_role(room, by, person='{(await me(other))['id']}', role='reader')",
        )  # fmt: skip
        for page, during, after in (
            (one, "You may not write here until", re.compile(r"^You are muted here until .*\d\d:\d\d")),
            (other, "You may read here from now on, but not write", "You may read here but not talk."),
        ):
            await expect(page.locator("#hint")).to_contain_text(during)
            await expect(page.locator("#message")).to_be_disabled()
            await page.reload()
            await expect(page.locator("#silenced")).to_have_text(after)
            await expect(page.locator("#message")).to_have_count(0)
        await asyncio.to_thread(
            site.manage, "shell", "-v0", "-c",
            "from datetime import timedelta; from django.utils import timezone; from streams.models import Member\n"
            "Member.objects.exclude(muted_until=None).update(muted_until=timezone.now() + timedelta(seconds=3))",
        )  # fmt: skip
        await one.reload()
        await expect(one.locator("#silenced")).to_be_visible()
        await expect(one.locator("#message")).to_be_enabled()  # by itself, when that is over


async def test_a_room_is_gone_through_by_keyboard_alone(browser, site, fresh_room):
    async with two_in(browser, site, fresh_room) as (one, other):
        await say(one, "first")
        await say(other, "second")
        await expect(message(one, "second")).to_be_visible()
        await one.locator("#message").press("ArrowUp")
        editor = one.get_by_role("textbox", name="Edit your message")
        await expect(editor).to_be_focused()
        await editor.press("Escape")
        await expect(one.locator("#message")).to_be_focused()
        await one.evaluate("document.activeElement.blur()")
        await one.keyboard.press("k")
        await expect(message(one, "second")).to_be_focused()
        await one.keyboard.press("ArrowUp")
        await expect(message(one, "first")).to_be_focused()
        await one.keyboard.press("Tab")
        await expect(one.get_by_role("button", name="React")).to_be_focused()
        await one.keyboard.press("ArrowDown")
        await one.keyboard.press("r")
        await expect(one.locator("#replying")).to_contain_text("second")
        await expect(one.locator("#message")).to_be_focused()
        await one.keyboard.press("Escape")
        await expect(one.locator("#replying")).to_be_hidden()
        await one.evaluate("document.activeElement.blur()")
        await one.keyboard.press("?")
        await expect(one.get_by_role("dialog", name="Keyboard")).to_be_visible()
        await one.keyboard.press("Escape")
        await one.keyboard.press("/")
        await expect(one.locator("#search-words")).to_be_focused()
        await one.keyboard.press("Escape")
        await expect(one.locator("#search")).to_be_hidden()


async def test_what_is_new_is_marked_and_a_link_opens_at_its_message(browser, site, fresh_room):
    async with opened(browser, site.url + fresh_room) as one:
        await live(one)
        await say(one, "the first")
        await expect(message(one, "the first")).to_be_visible()
        await one.wait_for_function("async () => (await (await fetch('history')).json()).last_read > 0")
        await one.goto("about:blank")
        fill(site, fresh_room, 120)
        await one.goto(site.url + fresh_room)
        await live(one)
        await one.get_by_role("button", name="99+ new messages").click()
        await expect(one.locator(".unread-line + article .said")).to_have_text("line 0")
        await expect(one.locator(".unread-line")).to_be_in_viewport()
        await one.goto(f"{site.url}{fresh_room}#m20")
        await one.reload()
        await expect(one.locator("#m20")).to_be_in_viewport()
        await expect(one.locator("#m20")).to_be_focused()
        await one.locator("#log").evaluate("log => log.scrollTo(0, log.scrollHeight)")
        await expect(one.get_by_text("line 80", exact=True)).to_be_attached()
        await expect(one.get_by_role("button", name="Newest")).to_be_visible()
        await one.get_by_role("button", name="Newest").click()
        await expect(one.get_by_text("line 119", exact=True)).to_be_in_viewport()
        said = await one.locator("article.message .said").all_text_contents()
        assert said[-1] == "line 119"
        assert len(said) == len(set(said))


async def enter_a_tunnel(network, page):
    """No network, until it is given back; a connection that was being made just now goes, too."""
    network.refusing = True
    await page.context.set_offline(True)
    async with asyncio.timeout(20):
        while await page.locator("#state").get_attribute("data-state") != "offline":
            network.cut()
            await page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")


async def test_what_was_written_offline_is_sent_once_by_this_tab_or_the_next_and_a_draft_stays(
    browser, site, fresh_room
):
    async with (
        Proxy.to(site.port) as network,
        opened(browser, network.url + fresh_room, quiet=False) as page,
        opened(browser, site.url + fresh_room) as other,
    ):
        await live(page)
        await live(other)
        await enter_a_tunnel(network, page)
        await expect(page.locator("#trouble")).to_be_visible()
        await say(page, "said in a tunnel")
        network.refusing = False
        await page.context.set_offline(False)
        await live(page)
        await expect(page.locator("article.message .said")).to_have_text(["said in a tunnel"])
        network.refusing = True
        network.cut()
        await page.locator("#state:not([data-state=live])").wait_for()
        await say(page, "said in the next tunnel")
        await page.locator("#message").fill("not finished")
        await page.close()
        network.refusing = False
        again = await page.context.new_page()
        await again.goto(network.url + fresh_room)
        said = other.locator("article.message .said")
        await expect(said).to_have_text(["said in a tunnel", "said in the next tunnel"])
        await expect(again.locator("#message")).to_have_value("not finished")
        await expect(again.locator("article.pending")).to_have_count(0)


async def test_a_room_is_read_without_javascript(browser, site, fresh_room):
    fill(site, fresh_room, 60)
    async with opened(browser, site.url + fresh_room, java_script_enabled=False) as page:
        await expect(page.get_by_text("line 59", exact=True)).to_be_visible()
        await page.get_by_role("link", name="Earlier messages").click()
        await expect(page.get_by_text("line 0", exact=True)).to_be_visible()
        await expect(page.get_by_text("line 59", exact=True)).to_have_count(0)
        await page.get_by_role("textbox").fill("said with a form")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_text("said with a form", exact=True)).to_be_visible()
