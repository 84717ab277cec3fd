"""What rendering an answer while it grows costs: CPU, bytes to each reader, and how long the event loop is kept.

    python -m tests.bench.rendering [--chars 40000] [--tokens-per-s 40]

The answer comes by tokens of four characters; a clock of its own decides how many of them gather for each event, so
that minutes pass in a second. Bytes are those of the envelopes of all events, against the HTML of the whole. The loop
is kept for as long as the threads that render go on between two of its turns, in CPU time: other processes don't count.
"""

import argparse
import asyncio
import gc
import os
import time
from dataclasses import dataclass
from types import SimpleNamespace
from unittest.mock import patch
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django.setup()

from django.utils import timezone

from streams.chat import growing as growing_module
from streams.chat.growing import Growing
from streams.chat.provider import TextPiece
from streams.chat.rendering import render_markdown
from streams.conf import StreamSettings
from streams.publishing import new_event
from streams.wire.event import LogEvent, encode_envelope
from tests.chat.markdown_corpus import MIXED, numbered
from tests.harness.kept import Kept

TOKEN_CHARS = 4
SHAPES = {
    "mixed": lambda size: "".join(numbered(n) for n in range(size // len(MIXED))),
    "list": lambda size: "- an item with *some* words in it\n" * (size // 34),
    "fence": lambda size: "```python\n" + "x = f(1) + 2\n" * (size // 13) + "```\n",
    "paragraph": lambda size: "some words and *more* of them in a row " * (size // 39),
    "table": lambda size: "| a | b |\n|---|---|\n" + "| some | words |\n" * (size // 17),
}


@dataclass(frozen=True)
class Cost:
    """Of one answer. whole_s: CPU of rendering it once, at its end. bytes: of all events together."""

    cpu_s: float
    whole_s: float
    events: int
    bytes: int
    html_bytes: int
    kept_s: float


class Told:
    """The bytes of what would be appended, and of each kind of event."""

    def __init__(self) -> None:
        self.events = self.bytes = 0

    async def append(self, topic: str, events: list) -> SimpleNamespace:
        """In place of ``apublish_events``."""
        for event in events:
            self.events += 1
            placed = LogEvent(topic, "k7m2p9xq", 10_000 + self.events, event.type, event.data, timezone.now())
            self.bytes += len(encode_envelope(placed))
        return SimpleNamespace(ids=())


async def grow(text: str, tokens_per_s: float, told: Told) -> str:
    """Let one answer grow; the HTML of it."""
    growing = Growing(UUID(int=1), "room:lobby", StreamSettings())
    with patch.object(growing_module, "apublish_events", told.append):
        at = 0
        while at < len(text):
            size = max(1, round(growing.gather_s * tokens_per_s)) * TOKEN_CHARS
            tokens = range(at, min(at + size, len(text)), TOKEN_CHARS)
            await growing.take([TextPiece(text[i : i + TOKEN_CHARS]) for i in tokens])
            at += size
        shown = await growing.finish()
    end = {"generation": str(UUID(int=1)), "length": len(text), "sha256": "0" * 64, "html": None, "text": None}
    await told.append("room:lobby", [new_event(end, type="generation.end")])
    assert shown is not None
    return shown.html


async def measure(text: str, tokens_per_s: float) -> Cost:
    """What one answer costs; it grows twice, as who watches the loop costs too."""
    told = Told()
    begun = time.process_time()
    html = await grow(text, tokens_per_s, told)
    cpu_s = time.process_time() - begun
    begun = time.process_time()
    assert render_markdown(text) == html
    whole_s = time.process_time() - begun
    kept = Kept()
    watching = asyncio.create_task(kept.watch())
    await grow(text, tokens_per_s, Told())
    watching.cancel()
    return Cost(cpu_s, whole_s, told.events, told.bytes, len(html.encode()), kept.longest_s)


def main() -> None:
    """A line for each shape of an answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chars", type=int, default=40_000)
    parser.add_argument("--tokens-per-s", type=float, default=40.0)
    asked = parser.parse_args()
    gc.collect()
    gc.freeze()  # as the server does
    for name, shape in SHAPES.items():
        asyncio.run(measure(shape(2_000), asked.tokens_per_s))  # warm
        one = asyncio.run(measure(shape(asked.chars), asked.tokens_per_s))
        html_kb = one.html_bytes / 1e3
        print(
            f"{name:10} CPU {one.cpu_s:.2f} s (the whole at once {one.whole_s:.2f}), {one.events} events,"
            f" {one.bytes / 1e3:.0f} KB = {one.bytes / 1e3 / html_kb:.1f} times the HTML ({html_kb:.0f} KB),"
            f" loop kept {one.kept_s * 1e3:.0f} ms"
        )


if __name__ == "__main__":
    main()
