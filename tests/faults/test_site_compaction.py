"""A client that drops in the middle of an answer and comes back when it was put together, by either technique."""

import asyncio

from streams.chat.compaction import PIECES
from tests.harness.readers import request
from tests.harness.sockets import connected, of_type
from tests.harness.waiting import aeventually

TOPIC = "room:lobby"


async def read(site, headers, position, *, until):
    """The events behind ``position`` up to one for which ``until`` is true: (id, type, data); and its gaps."""
    told, gaps = [], []
    asking = headers | {"Accept": "text/event-stream", "Last-Event-ID": position}
    async with asyncio.timeout(30), request(site.url, f"/events/{TOPIC}", headers=asking) as response:
        async for block in response.blocks():
            if block.type == "stream.gap":
                gaps.append(block.data)
            elif block.data is not None:
                told.append((block.id, block.type, block.data))
                if until(told[-1]):
                    return told, gaps
    raise AssertionError(told)


def says(text):
    return lambda event: event[1] == "message" and event[2]["text"] == text


async def test_who_drops_in_the_middle_gets_the_whole_answer_and_all_that_followed(make_site, sqlite_url):
    site = make_site("uvicorn", sqlite_url, STREAMS_COMPACT_AFTER_S="1", STREAMS_RING_EVENTS="4").start()
    headers = site.token("--read", "room:*", "--publish", "room:*")
    async with connected(site, "/ws/rooms/lobby", headers) as speaker:
        await speaker.send(op="say", ref=1, text="@claude what is this?", client_id="c1")
        middle, _ = await read(site, headers, "earliest", until=lambda event: event[1] == "generation.delta")
        await speaker.get(of_type("generation.end"))
        await speaker.send(op="say", ref=2, text="and then?", client_id="c2")
    whole, gaps = await read(site, headers, "earliest", until=says("and then?"))
    assert gaps == []
    position = middle[-1][0]
    text = "".join(data["text"] for _, kind, data in whole if kind == "generation.delta")

    async def put_together():
        told, _ = await read(site, headers, "earliest", until=says("and then?"))
        return told if all(kind != "generation.delta" for _, kind, _ in told) else None

    later = await aeventually(put_together)
    by_sse, gaps = await read(site, headers, position, until=says("and then?"))
    async with connected(site, f"/events?topic={TOPIC}&last_event_id={position}", headers) as back:
        assert (await back.frame())["type"] == "stream.open"
        by_socket = await back.events(len(by_sse))

    assert gaps == []
    assert [(kind, data) for _, kind, data in by_sse] == [(frame["type"], frame["data"]) for frame in by_socket]
    assert [one for one, _, _ in by_sse] == [frame["id"] for frame in by_socket]
    assert by_sse == later[-len(by_sse) :]
    (end,) = [data for _, kind, data in by_sse if kind == "generation.end"]
    assert end["text"] == text != ""
    assert end["html"]
    assert [event[:2] for event in later] == [event[:2] for event in whole if event[1] not in PIECES]
