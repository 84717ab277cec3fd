"""An answer at the pace of a model: a word of four characters or so, ``pace_s`` apart, as many as the question says."""

import asyncio
import re

from tests.fakes.messages_api import Reply
from tests.fakes.messages_parts import finish, start, text_delta
from tests.fakes.messages_scenarios import scenario

WORDS = ("Eine", " kaf", "fee", " **fe", "tt**", " 漢字", " 🌊", " und", " so", " wei", "ter", ".\n\n")


@scenario("paced")
async def paced(reply: Reply) -> None:
    """``[[paced]] 400 tokens``; the clock is kept, however late a single token is."""
    found = re.search(r"(\d+) tokens", reply.request.last_user_text)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await start(reply)
    await reply.event("content_block_start", index=0, content_block={"type": "text", "text": "", "citations": None})
    for number in range(int(found[1]) if found else 100):
        await asyncio.sleep(max(0.0, begun + number * reply.api.pace_s - loop.time()))
        await reply.event("content_block_delta", index=0, delta=text_delta(WORDS[number % len(WORDS)]))
    await reply.event("content_block_stop", index=0)
    await finish(reply)
