"""A model that says what the test tells it, when the test tells it: ``[[told]]`` in a question."""

import asyncio

from tests.fakes.messages_api import Reply
from tests.fakes.messages_parts import finish, start, text_delta
from tests.fakes.messages_scenarios import scenario

_calls: "dict[object, asyncio.Queue[Call]]" = {}


class Call:
    """A call to the model that waits for words."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.over = asyncio.Event()
        self._kind, self._index = "", -1

    async def think(self, text: str) -> None:
        """The model thinks that."""
        await self._open("thinking", thinking="", signature="")
        await self._delta(type="thinking_delta", thinking=text)

    async def say(self, text: str) -> None:
        """The model says that."""
        await self._open("text", text="", citations=None)
        await self._delta(**text_delta(text))

    async def end(self, reason: str = "end_turn", **fields: object) -> None:
        """The answer is whole."""
        await self._close()
        await finish(self.reply, reason, **fields)
        self.over.set()

    async def cut(self) -> None:
        """The connection breaks."""
        await self.reply.reset()
        self.over.set()

    async def left(self) -> None:
        """Return once the site has closed the call."""
        await self.reply.request.left.wait()

    async def _open(self, kind: str, **empty: object) -> None:
        if self._kind != kind:
            await self._close()
            self._kind, self._index = kind, self._index + 1
            await self.reply.event("content_block_start", index=self._index, content_block={"type": kind, **empty})

    async def _close(self) -> None:
        if self._kind:
            await self.reply.event("content_block_stop", index=self._index)
        self._kind = ""

    async def _delta(self, **delta: object) -> None:
        await self.reply.event("content_block_delta", index=self._index, delta=delta)


def _queue(api: object) -> "asyncio.Queue[Call]":
    return _calls.setdefault(api, asyncio.Queue())


async def next_call(api: object) -> Call:
    """The next call that was not taken yet, once it has come."""
    async with asyncio.timeout(20):
        return await _queue(api).get()


@scenario("told")
async def _told(reply: Reply) -> None:
    await start(reply)
    call = Call(reply)
    await _queue(reply.api).put(call)
    await call.over.wait()
