"""The pages of topics in the browser, and the parser that reads them."""

import json
from pathlib import Path

from playwright.async_api import expect

from tests.browser.conftest import live, opened

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"


async def test_the_vital_signs_arrive_live(browser, site):
    async with opened(browser, site.url + "/topics/system") as page:
        await expect(page.get_by_text("vitals").first).to_be_visible()
        await expect(page.get_by_text("loop lag")).to_be_visible()
        first = await page.locator("#position").text_content()
        await expect(page.locator("#position")).not_to_have_text(first)


async def test_one_who_may_publish_does_it_from_the_page(browser, site):
    site.manage("publish", "orders", '{"number": 1}')
    async with opened(browser, site.url + "/login/?next=/topics/orders") as page:
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(site.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/topics/orders")
        data = page.locator("form textarea")
        await data.fill('{"number": 2, "note": "from the page"}')
        await page.get_by_role("button", name="Publish").click()
        await expect(page.get_by_text("from the page").first).to_be_visible()


async def test_a_publish_whose_answer_is_lost_is_tried_again_and_there_once(browser, site):
    """The page said that nothing was published, and a second click published it twice."""
    site.manage("publish", "lost", "0")

    async def lose(route):
        if route.request.method == "POST":
            await route.fetch()
            await route.abort()
        else:
            await route.fallback()

    async with opened(browser, site.url + "/login/?next=/topics/lost", quiet=False) as page:
        await page.get_by_label("User").fill("admin")
        await page.get_by_label("Password", exact=True).fill(site.password)
        await page.keyboard.press("Enter")
        await live(page)
        await page.locator("#publish-data").fill('"only once"')
        await page.route("**/events/lost", lose)
        publish = page.get_by_role("button", name="Publish")
        await publish.click()
        await expect(page.locator("#publish-problem")).to_contain_text("it may have been published, or not")
        await page.unroute("**/events/lost")
        await publish.click()
        await expect(page.locator("#publish-done")).to_contain_text("Published as")
        await expect(publish).to_be_focused()
        site.manage("publish", "lost", '"behind it"')
        await expect(page.locator("#events li", has_text="behind it")).to_have_count(1)
        await expect(page.locator("#events li", has_text="only once")).to_have_count(1)


async def test_a_guest_sees_no_form_to_publish(browser, site):
    async with opened(browser, site.url + "/topics/system") as page:
        await expect(page.get_by_role("button", name="Publish")).to_have_count(0)


async def test_the_list_is_found_by_name(browser, site):
    site.manage("publish", "weather:oslo", "1")
    async with opened(browser, site.url + "/topics/") as page:
        await page.get_by_role("searchbox").fill("oslo")
        await expect(page.locator("[data-topic]:visible")).to_have_count(1)
        await page.get_by_role("searchbox").fill("nowhere at all")
        await expect(page.locator("[data-topic]:visible")).to_have_count(0)


PARSE = """
async ([bytes, sizes]) => {
  const { createSseParser } = await import("/static/streams/js/sse-parser.js");
  const events = [];
  const parser = createSseParser({ onEvent: (event) => events.push(event) });
  const all = new Uint8Array(bytes);
  for (let at = 0, n = 0; at < all.length; n += 1) {
    const size = sizes[n % sizes.length];
    parser.feed(all.slice(at, at + size));
    at += size;
  }
  return events;
}
"""


async def test_the_parser_reads_the_transcripts_over_any_split(browser, site):
    text = (TRANSCRIPTS / "sse-stream.txt").read_bytes() + 'data: "grün 🌊"\n\n'.encode()
    async with opened(browser, site.url + "/topics/") as page:
        whole = await page.evaluate(PARSE, [list(text), [len(text)]])
        assert [json.loads(event["data"]) for event in whole] == [
            {"number": 17, "state": "paid"},
            "two lines:\nthis is the second",
            "grün 🌊",
        ]
        assert [event["lastEventId"] for event in whole] == ["k7m2p9xq-42", "k7m2p9xq-43", "k7m2p9xq-43"]
        assert whole[0]["type"] == "order_update"
        for sizes in ([1], [2], [3], [5, 1, 7], [64]):
            assert await page.evaluate(PARSE, [list(text), sizes]) == whole


async def test_the_parser_follows_the_standard_where_it_is_odd(browser, site):
    cases = {
        "\ufeffdata: bom\n\n": ["bom"],
        "data\n\n": [""],
        "data\ndata\n\n": ["\n"],
        "data:x\r\rdata: y\r\n\r\n": ["x", "y"],
        "data:  two spaces\n\n": [" two spaces"],
        ": comment\ndata: z\n\n": ["z"],
        "data: lost at the end\n": [],
        "event: only\n\ndata: message again\n\n": ["message again"],
        "unknown: 1\ndata: 2\n\n": ["2"],
    }
    async with opened(browser, site.url + "/topics/") as page:
        for text, expected in cases.items():
            for sizes in ([1], [1000]):
                events = await page.evaluate(PARSE, [list(text.encode()), sizes])
                assert [event["data"] for event in events] == expected, repr(text)
                assert all(event["type"] == "message" for event in events)
