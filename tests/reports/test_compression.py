"""gzip on request: whole, and readable piece by piece."""

import gzip
import zlib

from streams.reports import log
from streams.wire.event import NewEvent
from tests.harness.asgi import Exchange, request
from tests.reports.conftest import make_topic, table


async def test_a_compressed_report_is_the_same_report(orders):
    _, plain_headers, plain = await request("GET", "/report", query={"topic": "orders"})
    _, headers, body = await request("GET", "/report", query={"topic": "orders"}, headers={"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain_headers
    assert "Accept-Encoding" in headers["vary"]
    assert gzip.decompress(body) == plain


async def test_what_has_come_can_be_read_though_more_is_to_come(hub, monkeypatch):
    monkeypatch.setattr(log, "PAGE_ROWS", 10)
    await hub.gateway.run(make_topic, "many", *(NewEvent(str(number)) for number in range(100)))
    reader, text, pages = zlib.decompressobj(zlib.MAX_WBITS | 16), b"", 0
    async with Exchange("GET", "/report", query={"topic": "many"}, headers={"Accept-Encoding": "gzip"}) as answer:
        while (chunk := await answer.chunk()) is not None:
            if not chunk:
                continue
            text += reader.decompress(chunk)
            assert text.endswith(b"\r\n"), "a chunk ends with a whole line"
            pages += 1
    assert reader.eof
    assert pages >= 12
    assert len(table(text)[1]) == 100


async def test_one_who_asks_for_gzip_and_leaves_leaves_nothing_behind(hub, monkeypatch):
    monkeypatch.setattr(log, "PAGE_BYTES", 10_000)
    await hub.gateway.run(make_topic, "many", *(NewEvent('"' + "x" * 9_000 + '"') for _ in range(100)))
    async with Exchange("GET", "/report", query={"topic": "many"}, headers={"Accept-Encoding": "gzip"}) as answer:
        assert await answer.chunk()
