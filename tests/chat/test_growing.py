"""What the room's log gets of an answer while it grows."""

import json

import pytest

from streams.chat.generation_rows import Shown
from streams.chat.growing import Growing
from streams.chat.provider import Counted, Finished, TextPiece, ThinkingPiece, Usage
from streams.chat.rooms import ensure_room
from tests.chat.answers import log_of

ID = "5b4ac721-8437-4a7c-b6db-a1cf62cb1a4e"
pytestmark = pytest.mark.django_db(transaction=True)
ENVELOPE = len(
    '{"id":"k7m2p9xq-1234","topic":"room:lobby","type":"generation.delta","data":,"time":"2026-11-23T04:43:00.410Z"}\n'
)
PROSE = (
    "It began with a small question that nobody had asked before, and went on for the whole of the afternoon. " * 4
    + "\n\n"
)
CODE = f"{PROSE}```python\nfor number in range(10):\n    print(number, 'of them')\n```\n\n- one\n- `two`\n\n"


@pytest.fixture
async def grow(make_hub):
    """``await grow(max_event_bytes=…)``: an answer in a room, and ``log()``."""

    async def grow(**settings):
        hub = await make_hub(**settings)
        room = await hub.gateway.run(lambda: ensure_room("lobby", title="Lobby"))

        async def log():
            return [(kind.removeprefix("generation."), data) for kind, data, _ in await hub.gateway.run(log_of, room)]

        return Growing(ID, "room:lobby", hub.settings), log

    return grow


async def test_what_comes_together_is_told_together_thoughts_first(grow):
    grown, log = await grow()
    await grown.take([Counted(Usage(7, 0)), ThinkingPiece("Let me"), ThinkingPiece(" see.")])
    await grown.take([TextPiece("One.\n"), TextPiece("\nTwo"), Finished("end_turn", Usage(7, 3), None)])
    shown = await grown.finish()
    told = await log()
    assert [(kind, data.get("text"), data.get("index")) for kind, data in told] == [
        ("thinking", "Let me see.", None),
        ("delta", "One.\n\nTwo", None),
        ("block", None, 0),
        ("block", None, 1),
    ]
    assert [data["generation"] for _, data in told] == [ID] * 4
    html = "".join(data["html"] for kind, data in told if kind == "block")
    assert shown == Shown(html, 9, 2)
    assert (grown.counted, grown.begun, grown.text, grown.thinking) == (Usage(7, 0), True, "One.\n\nTwo", "Let me see.")


async def test_a_link_that_is_defined_later_corrects_the_blocks(grow):
    grown, _ = await grow()
    await grown.take([TextPiece("See [this].\n\nMore.\n\n[this]: https://example.org\n")])
    shown = await grown.finish()
    assert shown.replaces
    assert 'href="https://example.org"' in shown.html


async def test_more_than_an_event_may_hold_is_told_in_parts(grow):
    grown, log = await grow(max_event_bytes=1_000)
    text = "🌊é\x01" * 500
    await grown.take([ThinkingPiece(text), TextPiece(text)])
    shown = await grown.finish()
    told = await log()
    for kind in ("thinking", "delta"):
        assert "".join(data["text"] for one, data in told if one == kind) == text
    assert shown.blocks is None  # its one block could not be told
    assert shown.html


async def test_the_time_in_which_pieces_gather_grows_with_the_answer(grow):
    grown, _ = await grow()
    assert grown.gather_s == 0.04
    await grown.take([TextPiece("x" * 1_500), ThinkingPiece("x" * 1_500)])
    assert grown.gather_s == pytest.approx(0.52)
    await grown.take([TextPiece("x" * 100_000)])
    assert grown.gather_s == 1.0


@pytest.mark.parametrize("text", [CODE * 90, PROSE * 90], ids=["code-and-lists", "prose"])
async def test_a_long_answer_costs_its_readers_less_than_four_times_its_html(text, grow):
    """40 KB in tokens of 4 characters, 40 of them a second, as envelopes."""
    grown, log = await grow()
    gathered, wait = [], 0.0
    for i in range(0, 40_000, 4):
        gathered.append(TextPiece(text[i : i + 4]))
        wait -= 1 / 40
        if wait <= 0:
            await grown.take(gathered)
            gathered, wait = [], grown.gather_s
    await grown.take(gathered)
    shown = await grown.finish()
    sent = sum(ENVELOPE + len(json.dumps(data, ensure_ascii=False, separators=(",", ":"))) for _, data in await log())
    assert sent < 4 * len(shown.html)
