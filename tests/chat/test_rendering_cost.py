"""A long answer while it grows: its cost in CPU and bytes, and the turns of the event loop meanwhile."""

import asyncio
import gc

import pytest

from streams.chat.blocks import Blocks
from tests.bench.rendering import SHAPES, measure
from tests.harness.kept import Kept

MAY_KEEP_S = 0.05


@pytest.fixture(autouse=True)
def frozen():
    """What is loaded is left out of collections, as ``project.asgi`` does it."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


async def test_forty_kilobytes_cost_a_few_renderings_of_the_whole_and_four_times_its_bytes():
    await measure(SHAPES["mixed"](2_000), 40)
    one = await measure(SHAPES["mixed"](40_000), 40)
    assert one.cpu_s < 8 * one.whole_s
    assert one.bytes < 4 * one.html_bytes
    assert one.kept_s < MAY_KEEP_S


@pytest.mark.parametrize(
    "text",
    ["```python\n" + "x = f(1) + 2  # or\n" * 1_000 + "```\n", SHAPES["table"](40_000)],
    ids=["code", "table"],
)
async def test_the_loop_has_its_turns_while_a_large_block_is_rendered(text):
    kept = Kept()
    blocks = Blocks()
    ticker = asyncio.create_task(kept.watch())
    await blocks.add(text)
    await blocks.finish()
    ticker.cancel()
    assert kept.turns > 10
    assert kept.longest_s < MAY_KEEP_S
