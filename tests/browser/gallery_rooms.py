"""Rooms as their people see them: the pictures of the gallery that are not of answers."""

import asyncio
import os
from datetime import timedelta
from typing import TYPE_CHECKING

from playwright.async_api import Page, expect

from tests.browser.conftest import live

if TYPE_CHECKING:
    from tests.browser.gallery import Gallery

PASSWORD = "correct horse battery staple"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
TALK = (
    ("ben", "שלום לכולם, מישהו כאן? @claude can't answer that in Hebrew, or can it?"),
    ("ليلى الأندلسية", "مرحبا! هذا نص من اليمين إلى اليسار مع `code` وعنوان https://example.org/a"),
    (f"{LONG}-{LONG}"[:140], f"A word that no line holds: {LONG}{LONG}{LONG}"),
    (
        "ben",
        "```sql\nSELECT id, name, created_at FROM events WHERE topic_id = 42 AND seq > 100000"
        " ORDER BY seq LIMIT 500;\n```",
    ),
    ("ben", "https://example.org/" + "a-path-that-goes-on/" * 12),
    ("ada", "👍"),
    ("ada", "@admin could you look at it before 14:00? I'd rather not ship it on a Friday."),
)


def furnish() -> None:
    """People and rooms, in the database of the site."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone

    from streams.chat.invitations import renew_invitation
    from streams.chat.making import direct_room, make_room
    from streams.models import Member, Role, Room
    from streams.publishing import Identity
    from tests.chat.saying import put

    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    users = get_user_model().objects
    people = {}
    for name in ("admin", "ada", "ben", "cleo", "quiet", "reader", "grace"):
        user, _ = users.get_or_create(username=name)
        user.set_password(PASSWORD)
        user.save()
        people[name] = Identity("user", f"u:{user.pk}", name, user_id=user.pk)
    admin = people["admin"]
    team = make_room(
        admin, title="Release planning", description="What goes out, when, and who looks after it", kind="invitation",
        slug="releases", members=["ada", "ben", "cleo", "quiet", "reader"],
    )  # fmt: skip
    Member.objects.filter(room=team, name="reader").update(role=Role.READER)
    Member.objects.filter(room=team, name="quiet").update(muted_until=timezone.now() + timedelta(hours=3))
    Member.objects.filter(room=team, name="cleo").update(role=Role.REMOVED)
    renew_invitation(team, admin)
    said = put("releases", people["ada"], *(f"Point {n} of the plan: somebody looks at it" for n in range(1, 13)))
    Member.objects.filter(room=team, name="admin").update(read_seq=said[7])
    make_room(admin, title="Nobody yet", description="", slug="empty")
    make_room(admin, title=f"תכנון {LONG}"[:80], description=LONG * 2, slug="long")
    Room.objects.filter(slug="long").update(description=(LONG + " ") * 2)
    for name, text in TALK:
        put("long", people.get(name) or Identity("guest", f"g:{len(name)}", name), text)
    for title in ("Incidents", "Design", "Support", "Random", "Music", "Hiring", "Numbers", "Papers"):
        room = make_room(people["ada"], title=title, description=f"All about {title.lower()}", slug=title.lower())
        put(room.slug, people["ben"], *(f"line {n} about {title.lower()}" for n in range(len(title) * 20 - 90)))
        Member.objects.get_or_create(room=room, person=admin.id, defaults={"name": "admin", "user_id": admin.user_id})
    direct, _ = direct_room(people["ben"], "admin")
    put(direct.slug, people["ben"], "Lunch?", "Or a walk?")
    print(Room.objects.get(slug="releases").invitation)


async def sign_in(page: Page, url: str, name: str) -> None:
    """As that person."""
    await page.goto(f"{url}/login/")
    await page.locator("input[name=username]").fill(name)
    await page.locator("input[name=password]").fill(PASSWORD)
    await page.locator("input[name=password]").press("Enter")
    await page.wait_for_url(lambda address: "/login/" not in address)


async def visit(gallery: "Gallery", path: str, name: str) -> None:
    """A picture of a page, in every look."""
    for page in gallery.pages.values():
        await page.goto(gallery.site.url + path)
        if await page.locator("#state").count():
            await live(page)
    await gallery.picture(name)


async def each(gallery: "Gallery", run) -> None:
    """Do it on every page."""
    for page in gallery.pages.values():
        await run(page)


async def doors(gallery: "Gallery") -> None:
    """What one sees who is not in: guests, those who may not, those who are invited."""
    command = "from tests.browser.gallery_rooms import furnish; furnish()"
    made = await asyncio.to_thread(gallery.site.manage, "shell", "-v0", "-c", command)
    gallery.secret = made.stdout.split()[-1]
    await visit(gallery, "/rooms/releases/", "20-closed-to-guests")
    await visit(gallery, f"/rooms/join/{gallery.secret}", "21-invited-signed-out")
    await visit(gallery, "/rooms/join/si_wrong", "22-invitation-void")
    await visit(gallery, "/rooms/empty/", "23-empty-as-guest")
    await visit(gallery, "/rooms/nothing-here/", "24-no-such-room")


async def parts(gallery: "Gallery") -> None:
    """Those who may read only, who are muted, who are asked in."""
    for name in ("reader", "quiet", "grace"):
        for page in gallery.pages.values():
            await page.context.clear_cookies()
            await sign_in(page, gallery.site.url, name)
        path = f"/rooms/join/{gallery.secret}" if name == "grace" else "/rooms/releases/"
        await visit(gallery, path, f"25-{name}")
    await visit(gallery, "/rooms/releases/settings", "25-not-theirs")


async def owner(gallery: "Gallery") -> None:
    """The rooms of somebody who has many, and owns some."""
    for page in gallery.pages.values():
        await page.context.clear_cookies()
        await sign_in(page, gallery.site.url, "admin")
    await visit(gallery, "/rooms/releases/", "30-unread")
    await each(gallery, lambda page: page.locator("#log").evaluate("log => log.scrollTo(0, log.scrollHeight)"))
    await each(gallery, lambda page: page.locator("#open-rooms").evaluate("button => button.click()"))
    await gallery.picture("31-list-of-rooms")
    await visit(gallery, "/rooms/long/", "32-long-and-right-to-left")
    await visit(gallery, "/rooms/empty/", "33-room-of-one")
    await visit(gallery, "/rooms/new", "34-new-room")
    await visit(gallery, "/rooms/releases/settings", "35-settings-top")
    for look, page in gallery.pages.items():
        for summary in await page.locator(".person-acts summary").all():
            await summary.click()
        await page.screenshot(path=gallery.folder / f"36-settings-{look}.png", full_page=True)


async def open_dialogs(gallery: "Gallery") -> None:
    """What opens over a room."""
    await visit(gallery, "/rooms/long/", "40-before")
    await each(gallery, lambda page: page.locator("#room-menu").click())
    await gallery.picture("41-menu")
    await each(gallery, lambda page: page.keyboard.press("Escape"))
    await each(gallery, lambda page: page.locator("#people").click())
    await gallery.picture("42-people")
    await each(gallery, lambda page: page.keyboard.press("Escape"))
    await each(gallery, lambda page: page.locator("#open-search").click())
    await each(gallery, lambda page: page.locator("#search-words").fill("nowhere"))
    await each(gallery, lambda page: expect(page.locator("#found-note")).not_to_be_empty())
    await gallery.picture("43-found-nothing")
    await each(gallery, lambda page: page.locator("#search-words").fill("word"))
    await each(gallery, lambda page: page.locator(".found-link").first.wait_for())
    await gallery.picture("44-found")
    await each(gallery, lambda page: page.keyboard.press("Escape"))
    await each(gallery, lambda page: page.locator("#log").press("?"))
    await gallery.picture("45-keys")
    await each(gallery, lambda page: page.keyboard.press("Escape"))
    await each(gallery, lambda page: page.locator("#message").press("Control+."))
    await gallery.picture("46-inspector")
    await each(gallery, lambda page: page.locator("#message").press("Control+."))


async def writing(gallery: "Gallery") -> None:
    """The box one writes in, with all that can be in it; and what is done with a message."""
    files = [
        {"name": "a-file-with-a-rather-long-name-of-its-own.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"},
    ]
    await visit(gallery, "/rooms/long/", "50-box")
    await each(gallery, lambda page: page.locator("#attach-input").set_input_files(files))
    await each(gallery, lambda page: expect(page.locator('.attached-file[data-state="done"]')).to_have_count(2))
    await gallery.picture("51-files-alone")
    await each(gallery, lambda page: page.locator("#message").fill("@claude what do these say?\nAnd is it enough?"))
    await gallery.picture("52-files-and-text")
    await each(gallery, lambda page: page.locator("#message").press("End"))
    await each(gallery, lambda page: page.locator("#message").press_sequentially(" @"))
    await gallery.picture("53-mention")
    await each(gallery, lambda page: page.locator("#message").fill(""))
    for remove in ("Remove notes.txt", "Remove a-file"):
        await each(gallery, lambda page, remove=remove: page.get_by_role("button", name=remove).click())
    await each(gallery, lambda page: page.locator("article.message .said").last.hover())
    for look, page in gallery.pages.items():
        if "phone" in look:
            await page.locator("article.message .said").last.tap()
    await gallery.picture("54-tools")
    await each(gallery, lambda page: page.get_by_role("button", name="More actions").click())
    await gallery.picture("55-message-menu")
    await each(gallery, lambda page: page.keyboard.press("Escape"))
    await each(gallery, lambda page: page.get_by_role("button", name="React").first.click())
    await gallery.picture("56-emoji")
    await each(gallery, lambda page: page.keyboard.press("Escape"))
    await each(gallery, lambda page: page.get_by_role("button", name="Reply").first.click())
    await gallery.picture("57-reply")
    await each(gallery, lambda page: page.get_by_role("button", name="Do not answer this one").click())
    await each(gallery, lambda page: page.locator("#message").fill("mine, with a `word` of code"))
    await each(gallery, lambda page: page.locator("#message").press("Enter"))
    await each(gallery, lambda page: page.locator("article.mine .said").last.wait_for())
    await each(gallery, lambda page: page.locator("#message").press("ArrowUp"))
    await gallery.picture("58-editor")
    await each(gallery, lambda page: page.keyboard.press("Escape"))


async def troubles(gallery: "Gallery") -> None:
    """The server is away; the page is read without JavaScript."""
    gallery.site.kill()
    await each(gallery, lambda page: page.locator("#trouble").wait_for())
    await each(gallery, lambda page: page.locator("#message").fill("written while the server is away"))
    await each(gallery, lambda page: page.locator("#message").press("Enter"))
    await gallery.picture("60-server-away")
    gallery.site.start()
    await each(gallery, live)
    browser = gallery.first.context.browser
    assert browser is not None
    for look, page in gallery.pages.items():
        state = await page.context.storage_state()
        context = await browser.new_context(**gallery.looks[look], java_script_enabled=False, storage_state=state)
        plain = await context.new_page()
        await plain.goto(f"{gallery.site.url}/rooms/releases/")
        await plain.screenshot(path=gallery.folder / f"61-without-javascript-{look}.png")
        await context.close()


SHOWS = (doors, parts, owner, open_dialogs, writing, troubles)
