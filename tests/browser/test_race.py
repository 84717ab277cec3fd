"""Four techniques race on the page of a topic: cut, held up, asleep, restarted, and none loses an event in silence."""

import json
import os
import re
import signal
from contextlib import asynccontextmanager
from secrets import token_hex

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import live, opened
from tests.harness.proxy import Proxy

LANES = ("sse", "websocket", "ndjson", "poll")
CAN_STALL = ("sse", "ndjson", "poll")
RESUMED = re.compile(r"^Resumed after [\d,]+: (\d+ events? caught up; nothing lost|nothing had come meanwhile)\.$")
SHOW = """
(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
expect.set_options(timeout=30_000)


class Topic:
    """A topic of a test's own, and one who may publish to it."""

    def __init__(self, site, headers: dict[str, str], **fields: object) -> None:
        self.site, self.headers = site, headers
        self.name = f"race-{token_hex(4)}"
        self.head = 0
        made = {"name": self.name, "visibility": "public"} | fields
        site.manage("shell", "-v0", "-c", f"from streams.models import Topic; Topic.objects.create(**{made!r})")

    async def publish(self, count: int, characters: int = 20) -> None:
        """That many events, in batches of a thousand."""
        async with httpx.AsyncClient(trust_env=False, headers=self.headers, timeout=60) as client:
            for first in range(0, count, 1_000):
                lines = [json.dumps({"data": "x" * characters})] * min(1_000, count - first)
                answer = await client.post(
                    f"{self.site.url}/events/{self.name}",
                    content="\n".join(lines), headers={"Content-Type": "application/x-ndjson"},
                )  # fmt: skip
                answer.raise_for_status()
        self.head += count


@pytest.fixture(scope="module")
def publisher(site):
    """The headers of one who may publish everywhere."""
    return site.token("--publish", "*")


@pytest.fixture
def topic(site, publisher):
    return Topic(site, publisher)


@asynccontextmanager
async def racing(browser, topic: Topic, url: str = "", **options):
    """The page of a topic with the race open, and all of it live."""
    async with opened(browser, f"{url or topic.site.url}/topics/{topic.name}", **options) as page:
        await live(page)
        await start(page)
        yield page


async def start(page: Page) -> None:
    """Open the race and wait for the lanes."""
    await page.locator("#race > summary").click()
    await all_live(page)


async def all_live(page: Page) -> None:
    for technique in LANES:
        await expect(part(page, technique, "state")).to_have_text("Live")


def lane(page: Page, technique: str):
    return page.locator(f"[data-lane={technique}]")


def part(page: Page, technique: str, name: str):
    return lane(page, technique).locator(f"[data-part={name}]")


def figure(page: Page, technique: str, name: str):
    return lane(page, technique).locator(f"[data-figure={name}]")


def standing(page: Page):
    return page.locator("[data-race=standing]")


async def level(page: Page, topic: Topic) -> None:
    """All have read all that there is; each saw each number once, for none has a hole."""
    await expect(standing(page)).to_have_text(f"All stand level at {topic.head:,}. Nothing is missing anywhere.")


async def test_all_lanes_receive_the_same_events(browser, topic):
    async with racing(browser, topic) as page:
        await topic.publish(300)
        await level(page, topic)
        for technique in LANES:
            await expect(figure(page, technique, "events")).to_have_text("300")
            await expect(figure(page, technique, "position")).to_have_text("300")
            await expect(figure(page, technique, "median")).to_have_text(re.compile(r"^[\d.,]+ m?s$"))
            await expect(figure(page, technique, "bytes")).to_have_text(re.compile(r"^[\d.]+ KiB$"))
            await expect(part(page, technique, "note")).to_be_empty()


async def test_a_closed_race_holds_no_connection(browser, topic):
    async with opened(browser, f"{topic.site.url}/topics/{topic.name}") as page:
        streams = []
        page.on("request", lambda request: streams.append(request.url) if "/events?" in request.url else None)
        page.on("websocket", lambda socket: streams.append(socket.url))
        await live(page)
        await topic.publish(1)
        await expect(page.locator("#position")).to_have_text("1")
        assert len(streams) <= 1, "the page's own"
        await start(page)
        assert len(streams) >= len(LANES)
        await page.locator("#race > summary").click()
        for technique in LANES:
            await expect(part(page, technique, "state")).to_have_text("Closed")
        await topic.publish(1)
        await expect(page.locator("#position")).to_have_text("2")
        await expect(figure(page, "sse", "position")).to_have_text("1")


async def test_a_lane_that_is_cut_resumes_and_the_page_says_so(browser, topic):
    async with racing(browser, topic) as page:
        await topic.publish(5)
        await level(page, topic)
        for technique in LANES:
            others = {other: await part(page, other, "note").inner_text() for other in LANES if other != technique}
            await lane(page, technique).get_by_role("button", name="Cut").click()
            await expect(part(page, technique, "note")).to_have_text(f"Cut off after {topic.head}.")
            before = topic.head
            await topic.publish(7)
            await level(page, topic)
            await expect(part(page, technique, "note")).to_have_text(RESUMED)
            await expect(page.locator("[data-race=announce]")).to_contain_text(f"Resumed after {before}")
            for other, note in others.items():
                await expect(part(page, other, "note")).to_have_text(note)


async def test_those_who_stall_fall_behind_and_catch_up(browser, topic):
    async with racing(browser, topic) as page:
        await topic.publish(5)
        await level(page, topic)
        await page.get_by_role("button", name="Stall all").click()
        for technique in CAN_STALL:
            await expect(part(page, technique, "state")).to_have_text(re.compile(r"^Stalled, \d+ s$"))
        await topic.publish(50)
        await expect(standing(page)).to_contain_text("SSE 50 behind")
        await expect(figure(page, "websocket", "position")).to_have_text("55")
        await level(page, topic)
        for technique in CAN_STALL:
            await expect(part(page, technique, "note")).to_have_text(
                "Resumed after 5: 50 events caught up; nothing lost."
            )


async def test_where_slow_readers_skip_the_gap_is_told(browser, site, publisher):
    topic = Topic(site, publisher, slow_readers="skip", max_lag=50)
    async with (
        Proxy.to(site.port, receive_buffer=65_536) as network,
        racing(browser, topic, network.url, quiet=False) as page,
    ):
        await expect(page.locator(".facts")).to_contain_text("skip to the newest event when 50 behind")
        for link in network.links:  # not by the button: Chromium reads ahead, tens of megabytes
            link.stall()
        for _ in range(8):
            await topic.publish(100, characters=10_000)
        for link in network.links:
            link.release()
        await expect(standing(page)).to_contain_text("at 800.")
        for technique in ("sse", "websocket", "ndjson"):
            note = part(page, technique, "note")
            await expect(note).to_contain_text(re.compile(r"\d+ events missed, this reader was too slow\.$"))
            await expect(note).to_have_attribute("data-bad", "true")
            await expect(standing(page)).to_contain_text(re.compile("Missed, and told so: .*Nothing else is missing"))
        await expect(page.locator(".event-gap").first).to_contain_text("this reader was too slow")


async def test_one_who_comes_back_from_long_ago_is_told_what_is_no_longer_kept(browser, topic):
    await topic.publish(30)
    topic.site.manage(
        "shell", "-v0", "-c",
        f"from streams.models import Event; Event.objects.filter(topic__name={topic.name!r}, seq__lte=20).delete()",
    )  # fmt: skip
    async with racing(browser, topic) as page:
        await page.get_by_role("button", name="Rewind all").click()
        for technique in LANES:
            await expect(part(page, technique, "note")).to_have_text(
                "Came back from 0: 10 events caught up; 20 events missed, they are older than what is kept."
            )
            await expect(figure(page, technique, "events")).to_have_text("10")


async def test_the_server_is_restarted_and_nothing_is_missing(browser, topic):
    async with racing(browser, topic, quiet=False) as page:
        await topic.publish(5)
        await level(page, topic)
        topic.site.kill()
        for technique in LANES:
            await expect(part(page, technique, "note")).to_have_text("Cut off after 5.")
        topic.site.start()
        await topic.publish(7)
        await level(page, topic)
        for technique in LANES:
            await expect(part(page, technique, "note")).to_have_text(RESUMED)
        await expect(page.locator("#happened")).to_contain_text("Resumed after 5")


async def test_the_network_goes_and_comes_back(browser, topic):
    async with racing(browser, topic, quiet=False) as page:
        await topic.publish(5)
        await level(page, topic)
        await page.context.set_offline(True)  # for new requests: Chromium lets those that are open go on
        await topic.publish(1)
        await expect(part(page, "poll", "state")).to_have_text("Offline")
        await topic.publish(6)
        await expect(standing(page)).to_contain_text("long polling")
        await page.context.set_offline(False)
        await level(page, topic)
        await expect(part(page, "poll", "note")).to_have_text("Resumed after 6: 6 events caught up; nothing lost.")
        await expect(page.locator("#position")).to_have_text("12")


async def test_all_that_was_published_while_nobody_got_through_is_caught_up_on(browser, topic):
    async with Proxy.to(topic.site.port) as proxy, racing(browser, topic, proxy.url, quiet=False) as page:
        await topic.publish(5)
        await level(page, topic)
        proxy.refusing = True
        proxy.cut()
        for technique in LANES:
            await expect(part(page, technique, "note")).to_have_text("Cut off after 5.")
        await topic.publish(7)
        proxy.refusing = False
        await level(page, topic)
        for technique in LANES:
            await expect(part(page, technique, "note")).to_have_text(
                "Resumed after 5: 7 events caught up; nothing lost."
            )
        await expect(page.locator("#happened")).to_contain_text("Resumed after 5: 7 events caught up; nothing lost.")


async def test_a_page_that_was_stopped_while_its_sockets_were_cut_tells_what_happened(browser, topic):
    async with Proxy.to(topic.site.port) as proxy, racing(browser, topic, proxy.url, quiet=False) as page:
        await topic.publish(5)
        await level(page, topic)
        devtools = await browser.new_browser_cdp_session()
        processes = (await devtools.send("SystemInfo.getProcessInfo"))["processInfo"]
        pages = [process["id"] for process in processes if process["type"] == "renderer"]
        for process in pages:
            os.kill(process, signal.SIGSTOP)
        proxy.cut()
        await topic.publish(7)
        for process in pages:
            os.kill(process, signal.SIGCONT)
        await level(page, topic)
        for technique in ("sse", "websocket", "ndjson"):  # of a poll that is cut Chromium makes another by itself
            await expect(part(page, technique, "note")).to_have_text(RESUMED)
        await expect(page.locator("#position")).to_have_text("12")
        await expect(page.locator("#happened")).to_contain_text("Resumed after 5")


async def test_a_page_that_is_hidden_for_long_gives_the_connections_of_its_race_back(browser, topic):
    async with opened(browser, "about:blank") as page:
        await page.clock.install()
        await page.goto(f"{topic.site.url}/topics/{topic.name}")
        await live(page)
        await start(page)
        await topic.publish(5)
        await level(page, topic)
        await page.evaluate(SHOW, "hidden")
        await page.clock.fast_forward(61_000)
        for technique in LANES:
            await expect(part(page, technique, "state")).to_have_text("Closed")
        await topic.publish(7)
        await page.evaluate(SHOW, "visible")
        await level(page, topic)
        for technique in LANES:
            await expect(part(page, technique, "note")).to_contain_text("Resumed after 5: 7 events caught up")


async def test_a_tab_that_is_frozen_gives_them_back_at_once(browser, topic):
    async with racing(browser, topic) as page:
        await page.evaluate("document.dispatchEvent(new Event('freeze'))")
        await expect(part(page, "sse", "state")).to_have_text("Closed")
        await expect(part(page, "sse", "note")).to_have_text("Closed after 0, while the page is hidden.")
        await page.evaluate("document.dispatchEvent(new Event('resume'))")
        await all_live(page)


async def test_a_machine_that_slept_five_minutes_reads_on(browser, topic):
    async with Proxy.to(topic.site.port) as proxy, opened(browser, "about:blank", quiet=False) as page:
        await page.clock.install()
        await page.goto(f"{proxy.url}/topics/{topic.name}")
        await live(page)
        await start(page)
        await topic.publish(5)
        await level(page, topic)
        proxy.refusing = True
        proxy.cut()
        await topic.publish(7)
        await page.clock.fast_forward(300_000)
        proxy.refusing = False
        await level(page, topic)
        told = re.compile(r"Resumed after 5: 7 events caught up from the last 5 minutes; nothing lost\.")
        for technique in LANES:
            await expect(part(page, technique, "note")).to_have_text(told)
        await expect(page.locator("#happened")).to_contain_text(told)


async def test_ten_tabs_stay_live_over_six_connections(browser, topic):
    context = await browser.new_context()
    pages = [await context.new_page() for _ in range(10)]
    for page in pages:
        await page.goto(f"{topic.site.url}/topics/{topic.name}")
        await live(page)
    await start(pages[3])
    await topic.publish(5)
    await level(pages[3], topic)
    for page in pages:
        await expect(page.locator("#position")).to_have_text("5")
        await expect(page.locator("#state")).to_have_text("Live")
    await context.close()


async def test_the_race_is_in_one_tab_at_a_time(browser, topic):
    async with racing(browser, topic) as page:
        other = await page.context.new_page()
        await other.goto(page.url)
        await live(other)
        await start(other)
        await expect(standing(page)).to_contain_text("Another tab has the race now.")
        await expect(part(page, "sse", "state")).to_have_text("Closed")
        for button in await page.locator("[data-race] button, button[data-act], button[data-race]").all():
            await expect(button).to_be_disabled()  # it opened connections that the host has not got


async def test_who_may_publish_floods_the_lanes_from_the_page(browser, topic):
    url = f"{topic.site.url}/login/?next=/topics/{topic.name}"
    async with opened(browser, url) as page:
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(topic.site.password)
        await page.keyboard.press("Enter")
        await live(page)
        await start(page)
        await page.get_by_role("button", name="Burst").click()
        await expect(page.locator("[data-race=published]")).to_contain_text("Published 2,000 events in")
        topic.head = 2_000
        await level(page, topic)


async def test_guests_can_disturb_lanes_but_not_publish(browser, topic):
    async with racing(browser, topic) as page:
        await expect(page.get_by_role("button", name="Cut long polling")).to_be_visible()
        await expect(page.get_by_role("button", name="Burst")).to_have_count(0)
        await lane(page, "websocket").get_by_role("button", name="Stall").click(force=True)
        await expect(part(page, "websocket", "note")).to_contain_text("can't stop reading a WebSocket")
        await expect(part(page, "websocket", "state")).to_have_text("Live")
        for name in ("SSE", "WebSocket", "HTTP streaming", "Long polling"):
            await expect(page.get_by_role("row", name=re.compile(f"^{name}"))).not_to_have_count(0)
        assert await page.locator("#race [aria-live], #race [role=status]").count() == 1, "numbers are not announced"
