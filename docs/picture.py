"""The picture of a room: three people and Claude, whose answer a scripted Messages API tells."""

import asyncio
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.conftest import live, say
from tests.browser.gallery_rooms import sign_in
from tests.browser.told import next_call
from tests.fakes.messages_api import FakeMessagesAPI
from tests.harness.site import Site

ROOM = "/rooms/reliability/"
TYPING_S = 3.0  # that somebody types is told no more often
ANSWER = """\
With **full jitter**: the $n$-th wait is random below a cap that doubles, so 200 workers never come back as one.

$$t_n = \\operatorname{random}\\left(0,\\ \\min\\left(c,\\ b \\cdot 2^n\\right)\\right)$$

| Attempt | Waits at most | Calls a second, of 200 workers |
|--:|--:|--:|
| 1 | 0.5 s | 400 |
| 3 | 2 s | 100 |
| 6 | 16 s | 13 |

```python
def wait_s(attempt: int, base_s: float = 0.25, cap_s: float = 20.0) -> float:
    return random.uniform(0, min(cap_s, base_s * 2**attempt))
```
"""


def furnish() -> None:
    """The people and their rooms, in the database of the site."""
    from django.contrib.auth import get_user_model

    from streams.chat.making import direct_room, make_room
    from streams.publishing import Identity
    from tests.browser.gallery_rooms import PASSWORD
    from tests.chat.saying import put

    people = {}
    for name in ("Ada", "Ben", "Grace"):
        user = get_user_model().objects.create_user(name, password=PASSWORD)
        people[name] = Identity("user", f"u:{user.pk}", name, user_id=user.pk)
    ada, ben, grace = people.values()
    make_room(ada, title="Reliability", description="What breaks, and what we do about it", slug="reliability")
    for title, words in (("Design", "The dark theme is in"), ("Releases", "4.2 goes out on Thursday")):
        room = make_room(ada, title=title, kind="invitation", slug=title.lower(), members=["Ben", "Grace"])
        put(room.slug, ben, words, "Who has a look?")
    direct, _ = direct_room(grace, "Ada")
    put(direct.slug, grace, "Lunch at one?")


async def _react(page: Page, text: str, emoji: str) -> None:
    message = page.locator("article.message[data-seq]").filter(has_text=text)
    await message.locator(".said").hover()
    await page.get_by_role("button", name="React").click()
    await page.get_by_role("button", name=emoji, exact=True).click()
    await message.locator(".reaction").first.wait_for()


async def _talk(pages: dict[str, Page], api: FakeMessagesAPI) -> None:
    ada, ben, grace = pages.values()
    await say(ben, "Since the database restarts every worker retries at once, and takes it down again 🙈")
    await expect(ada.locator("article.message")).to_have_count(1)
    await say(ada, "Then let's spread them. @claude what is a sane backoff for 200 workers?")
    call = await next_call(api)
    await call.say(ANSWER)
    await call.end(usage={"input_tokens": 1480, "output_tokens": 236})
    await ada.locator("article.generation[data-status=done]").wait_for()
    await say(grace, "That's the one. Shipping it with the 20 s cap today, @Ada")
    for page, emoji in ((ada, "hooray"), (ben, "hooray"), (ben, "thumbs up")):
        await _react(page, "Shipping it", emoji)
    await asyncio.sleep(TYPING_S)
    await ben.locator("#message").press_sequentially("And I")
    await expect(ada.locator("#typing")).to_have_text("Ben is typing…")


async def take_picture(path: Path) -> None:
    """Write it; the browser needs a font that has emoji."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        api = await stack.enter_async_context(FakeMessagesAPI())
        env = {"ANTHROPIC_API_KEY": "sk-ant-picture", "ANTHROPIC_BASE_URL": api.url("told")}
        site = Site("daphne", folder, f"sqlite:///{folder / 'site.sqlite3'}", **env)
        await asyncio.to_thread(_start, site)
        stack.callback(site.kill)
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        stack.push_async_callback(browser.close)
        pages = {name: await _opened(browser, site, name) for name in ("Ada", "Ben", "Grace")}
        ada = pages["Ada"]
        await expect(ada.locator(".people-count")).to_have_text("3 people here", timeout=20_000)
        await _talk(pages, api)
        await ada.mouse.move(0, 0)
        await ada.evaluate("document.activeElement.blur()")
        await ada.screenshot(path=path)


def _start(site: Site) -> None:
    (site.folder / "site.sqlite3").touch()
    site.set_up()
    site.manage("shell", "-v0", "-c", "from docs.picture import furnish; furnish()")
    site.start()


async def _opened(browser: Browser, site: Site, name: str) -> Page:
    page = await (await browser.new_context(viewport={"width": 1280, "height": 1000})).new_page()
    await sign_in(page, site.url, name)
    await page.goto(site.url + ROOM)
    await live(page)
    return page
