"""Every state of a room as a person sees it: ``python -m tests.browser.gallery FOLDER [answers|rooms]`` writes the
pictures, in light and dark, wide and on a phone."""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from tests.browser.conftest import answer, live, say
from tests.browser.gallery_rooms import SHOWS
from tests.browser.told import next_call
from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.browsing import ARGUMENTS
from tests.harness.components import find_binary
from tests.harness.site import Site

RICH = """\
# Tides

The tide rises and falls **twice a day**, because of the *Moon* and the Sun. See <https://example.org/tides>.

| Body | Share | Note |
|:--|--:|:--|
| Moon | 68 % | nearer |
| Sun | 32 % | larger, and much farther away than one thinks |

1. The Moon pulls.
   - The near side more.
   - The far side less.
2. The water follows.

$$F = G \\frac{m_1 m_2}{r^2}$$

```python
def tide(hours: float) -> float:
    return 2.1 * math.cos(2 * math.pi * hours / 12.42)  # metres
```

> Time and tide wait for no man.
"""
HALF = RICH[: RICH.index("    return")]
LOOKS: dict[str, dict[str, object]] = {
    "light": {"viewport": {"width": 1180, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1180, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True, "is_mobile": True},
    "phone-dark": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "dark",
        "has_touch": True,
        "is_mobile": True,
    },
}


class Gallery:
    """The pages of one room, in every look; the first one talks."""

    def __init__(self, site: Site, api: FakeMessagesAPI, pages: dict[str, Page], folder: Path) -> None:
        self.site, self.api, self.pages, self.folder = site, api, pages, folder
        self.first = next(iter(pages.values()))
        self.looks = LOOKS
        self.secret = ""  # of an invitation

    async def room(self, slug: str) -> None:
        """Go to a fresh room."""
        make = f"from streams.chat.rooms import ensure_room; ensure_room({slug!r}, title={slug.title()!r})"
        await asyncio.to_thread(self.site.manage, "shell", "-v0", "-c", make)
        for page in self.pages.values():
            await page.goto(f"{self.site.url}/rooms/{slug}/")
            await live(page)

    async def picture(self, name: str) -> None:
        """What every page shows now."""
        await asyncio.sleep(0.8)  # frames, fonts
        for look, page in self.pages.items():
            await page.screenshot(path=self.folder / f"{name}-{look}.png")

    async def asked(self, scenario: str, status: str, number: int) -> None:
        """Ask, and wait until the answer stands so."""
        await say(self.first, f"@claude what about [[{scenario}]]?")
        await answer(self.first, status, number)


async def growing(gallery: Gallery) -> None:
    """Queued, thinking, coming in, whole, once more."""
    first, api = gallery.first, gallery.api
    await gallery.room("growing")
    await say(first, "@claude how do the tides work? [[told]]")
    call = await next_call(api)
    await say(first, "@claude and what is next? [[normal]]")
    await answer(first, "queued")
    await gallery.picture("01-waiting-and-queued")
    for thought in (
        "The question is about tides.\n",
        "I should name **the Moon** first, and then the Sun, with a table",
    ):
        await call.think(thought)
    await expect(first.locator(".thinking-newest").first).to_contain_text("Moon")
    await gallery.picture("02-thinking")
    await call.say(HALF)
    await expect(first.locator(".as-code").first).to_contain_text("def tide")
    await first.keyboard.press("Control+.")
    await gallery.picture("03-coming-in")
    await first.keyboard.press("Control+.")
    await call.say(RICH[len(HALF) :])
    await call.end(usage={"output_tokens": 412, "output_tokens_details": {"thinking_tokens": 80}})
    await answer(first, "done", 1)
    await gallery.picture("04-whole")
    await first.get_by_role("button", name="Regenerate").first.click()
    call = await next_call(api)
    await call.say("Another try, which is cut")
    await expect(first.locator(".growing").first).to_contain_text("cut")
    await first.locator(".answer-stop button").first.click()
    await answer(first, "stopped")
    await gallery.picture("05-stopped-version")


async def troubles(gallery: Gallery) -> None:
    """Each way in which an answer does not come to its end."""
    await gallery.room("troubles")
    await gallery.asked("error-mid", "failed", 0)
    await gallery.asked("rate-limit-hour", "failed", 1)
    await gallery.asked("spend-limit", "failed", 2)
    await gallery.picture("06-failed")
    await gallery.room("endings")
    await gallery.asked("stop-max_tokens", "done", 0)
    await gallery.asked("stop-refusal", "failed", 0)
    await gallery.asked("refusal-empty", "failed", 1)
    await gallery.asked("thinking-omitted", "done", 1)
    await gallery.picture("07-endings")
    await gallery.room("busy")
    await gallery.asked("overloaded", "retrying", 0)
    await gallery.picture("08-retrying")
    await gallery.first.locator(".answer-stop button").first.click()
    await answer(gallery.first, "stopped")
    await say(gallery.first, "@claude [[told]] go")
    call = await next_call(gallery.api)
    await call.say("The first half of a story, and then")
    await expect(gallery.first.locator(".growing").last).to_contain_text("then")
    gallery.site.kill()
    gallery.site.start()
    await answer(gallery.first, "interrupted")
    await gallery.picture("09-interrupted")


async def main(folder: Path, which: str) -> None:
    """A site, the fake, and four browsers at it."""
    with tempfile.TemporaryDirectory() as scratch:
        async with AsyncExitStack() as stack:
            api = await stack.enter_async_context(FakeMessagesAPI(pace_s=0.1))
            database = Path(scratch, "site.sqlite3")
            env = {
                "ANTHROPIC_API_KEY": "sk-ant-test",
                "ANTHROPIC_BASE_URL": api.url(),
                "STREAMS_GENERATION_LEASE_S": "2",
            }
            site = Site("daphne", Path(scratch), f"sqlite:///{database}", **env)
            await asyncio.to_thread(lambda: (database.touch(), site.set_up().start()))
            stack.callback(site.kill)
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(executable_path=find_binary("chromium"), args=ARGUMENTS)
            pages = {look: await (await browser.new_context(**options)).new_page() for look, options in LOOKS.items()}
            gallery = Gallery(site, api, pages, folder)
            for show in {"answers": (growing, troubles), "rooms": SHOWS}.get(which, (growing, troubles, *SHOWS)):
                await show(gallery)
            await browser.close()


if __name__ == "__main__":
    wanted = Path(sys.argv[1])
    wanted.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(wanted, *sys.argv[2:3] or ["all"]))
