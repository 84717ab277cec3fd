"""Makes the parts of the documentation that come from the code and from the running system.

    python docs/make.py            all of it; needs Chromium, a font with emoji, and curl
    python docs/make.py picture    only the picture of a room
    python docs/make.py dashboard  only the picture of the dashboard, which takes six minutes
    python docs/make.py settings   only the table of settings

A made part stands between ``<!-- made: NAME -->`` and ``<!-- end -->``.
"""

import asyncio
import io
import re
import shutil
import subprocess
import sys
import tempfile
import tokenize
from dataclasses import fields
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from streams import conf  # noqa: E402

OPERATE, README, PICTURE = ROOT / "docs/operate.md", ROOT / "README.md", ROOT / "docs/chat.png"
DASHBOARD = ROOT / "docs/dashboard.png"


def replace_part(text: str, name: str, made: str) -> str:
    """``text`` with the part ``name`` made anew."""
    pattern = re.compile(rf"(<!-- made: {name} -->\n).*?(\n<!-- end -->)", re.DOTALL)
    assert pattern.search(text), f"no part {name}"
    return pattern.sub(lambda match: match[1] + made + match[2], text)


def settings_table() -> str:
    """A row for each field of StreamSettings, with the comment that stands beside it."""
    source = Path(conf.__file__).read_text()
    lines = source.splitlines()
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    rows = ["| variable | default | |", "|---|---|---|"]
    for field in fields(conf.StreamSettings):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(f"    {field.name}:"))
        default = {None: "as `DJANGO_DEBUG`", "": "none"}.get(field.default, f"`{field.default}`")
        rows.append(f"| `STREAMS_{field.name.upper()}` | {default} | {comments.get(number, '')} |")
    return "\n".join(rows)


def shortened(line: str, length: int = 116) -> str:
    """A line of JSON that fits on a page: cut behind a comma."""
    return line if len(line) <= length else line[: line.rindex(",", 0, length) + 1] + "…"


def curl_output(url: str) -> str:
    """The first events of the topic ``system``, as curl prints them, but for the ends of long lines."""
    command = ["curl", "-sN", "--max-time", "3.5", f"{url}/events/system"]
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    blocks = printed.strip().split("\n\n")[:3]
    shown = "\n".join(map(shortened, "\n\n".join(blocks).splitlines()))
    return f"```console\n$ curl -N http://localhost:8000/events/system\n{shown}\n```"


async def take_dashboard(url: str, password: str) -> None:
    """The dashboard as the superuser sees it."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(viewport={"width": 1440, "height": 1470}, color_scheme="dark")
        await page.goto(f"{url}/login/?next=/admin/")
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(password)
        await page.keyboard.press("Enter")
        await page.locator("#dashboard[data-loaded=true]").wait_for()
        await page.locator("#slowest td a").first.wait_for()
        await page.mouse.move(0, 0)
        await page.screenshot(path=DASHBOARD)
        await browser.close()


async def make_picture() -> None:
    """That of a room."""
    from docs.picture import take_picture

    await take_picture(PICTURE)


async def make_dashboard() -> None:
    """Its picture, after five minutes of load."""
    from docs.load import two_processes, under_load

    with tempfile.TemporaryDirectory() as folder, two_processes(Path(folder)) as sites:
        async with under_load(sites):
            await take_dashboard(sites[0].url, sites[0].password)


def main() -> None:
    """Make what was asked for."""
    if sys.argv[1:] == ["dashboard"]:
        asyncio.run(make_dashboard())
        return
    if sys.argv[1:] == ["picture"]:
        asyncio.run(make_picture())
        return
    OPERATE.write_text(replace_part(OPERATE.read_text(), "settings", settings_table()))
    if sys.argv[1:] == ["settings"]:
        return
    from tests.harness.site import Site

    asyncio.run(make_picture())
    with tempfile.TemporaryDirectory() as folder:
        site = Site("daphne", Path(folder), f"sqlite:///{folder}/site.sqlite3").set_up().start()
        try:
            README.write_text(replace_part(README.read_text(), "curl", curl_output(site.url)))
        finally:
            site.kill()
    asyncio.run(make_dashboard())


if __name__ == "__main__":
    main()
