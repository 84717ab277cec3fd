"""Topics over WebSocket on both servers, by a real client: reading, resuming, and every operation."""

import asyncio
import json
import random
import re
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from tests.harness.site import SERVERS, Site
from tests.harness.sockets import answer_to, connected, of_type, seqs

TRANSCRIPT = Path(__file__).parents[1] / "transcripts" / "websocket.jsonl"
OPERATIONS = ("subscribe", "unsubscribe", "publish", "ping")
names = (f"made:{number}" for number in count())


@pytest.fixture(scope="module", params=SERVERS)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    site = Site(request.param, folder, f"sqlite:///{folder / 'site.sqlite3'}").set_up()
    site.manage("publish", "secret", "1")
    yield site.start()
    site.kill()


@pytest.fixture(scope="module")
def token(site):
    """The headers of a program that may read and publish ``made:…`` (and publish nothing else)."""
    return site.token("--read", "made:*", "--publish", "made:*")


@pytest.fixture
async def publisher(site, token):
    """A socket that reads nothing and publishes."""
    async with connected(site, "/events", token) as socket:
        await socket.opened()
        yield socket


@pytest.fixture
async def made(publisher):
    """``await made(3)``: a new topic with the events 1, 2, 3; its name and their ids."""

    async def make(number):
        name = next(names)
        return name, await publish(publisher, name, *range(1, number + 1))

    return make


async def publish(socket, name, *data):
    """Publish each of ``data``; their ids."""
    answers = [await socket.ask(op="publish", topic=name, data=one) for one in data]
    assert all(answer["op"] == "ack" for answer in answers), answers
    return [answer["id"] for answer in answers]


def code_of(answer):
    assert answer["op"] == "error", answer
    more = {"retry_after_s"} if answer["error"]["code"] == "limit" else set()
    assert answer["error"].keys() == {"code", "message", "retryable"} | more
    return answer["error"]["code"]


# Reading


async def test_a_topic_by_its_path_begins_with_its_position_and_goes_on_live(site, token, made, publisher):
    name, ids = await made(2)
    async with connected(site, f"/events/{name}", token) as socket:
        opening = {"type": "stream.open", "topic": name, "data": {"last_event_id": ids[-1], "retry_ms": 2000}}
        assert await socket.opened() == opening
        (new,) = await publish(publisher, name, {"n": [3, "🌊"]})
        (event,) = await socket.events(1)
        assert event.pop("time").endswith("Z")
        assert event == {"id": new, "topic": name, "type": "message", "data": {"n": [3, "🌊"]}}


async def test_several_topics_by_query_begin_with_their_joint_id(site, token, made, publisher):
    one, other = await made(2), await made(1)
    async with connected(site, f"/events?topic={other[0]}&topic={one[0]}", token) as socket:
        opening = await socket.opened()
        assert opening["topics"] == [other[0], one[0]]
        assert opening["data"]["last_event_id"] == f"{other[1][-1]},{one[1][-1]}"
        await publish(publisher, one[0], "to one")
        await publish(publisher, other[0], "to the other")
        assert [(event["topic"], event["data"]) for event in await socket.events(2)] == [
            (one[0], "to one"),
            (other[0], "to the other"),
        ]


async def test_without_a_topic_it_is_open_and_reads_what_it_subscribes_to(site, token, made):
    name, ids = await made(2)
    async with connected(site, "/events?last_event_id=earliest", token) as socket:
        assert await socket.opened() == {
            "type": "stream.open",
            "topics": [],
            "data": {"last_event_id": "", "retry_ms": 2000},
        }
        answer = await socket.ask(op="subscribe", topic=name, last_event_id="earliest")
        assert answer == {"op": "ack", "ref": "ask-1", "topic": name, "last_event_id": f"{ids[0][:-2]}-0"}
        assert [event["id"] for event in await socket.events(2)] == ids


WISHES = {  # of a topic with five events: what is asked for, and what of them comes
    "": [],
    "earliest": [1, 2, 3, 4, 5],
    "-2": [4, 5],
    "3": [4, 5],
    "{epoch}-4": [5],
    "{epoch}-5": [],
}


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("way", ["last_event_id", "lastEventID", "header", "subscribe"])
async def test_it_reads_from_where_it_is_told(site, token, made, publisher, way, wish):
    name, ids = await made(5)
    text = wish.format(epoch=ids[0].partition("-")[0])
    query = "" if way in ("header", "subscribe") else f"?{way}={text}"
    headers = token | ({"Last-Event-ID": text} if way == "header" else {})
    path = "/events" if way == "subscribe" else f"/events/{name}{query}"
    async with connected(site, path, headers) as socket:
        await socket.opened()
        if way == "subscribe":
            assert (await socket.ask(op="subscribe", topic=name, last_event_id=text))["op"] == "ack"
        await publish(publisher, name, 6)
        assert seqs(await socket.events(len(WISHES[wish]) + 1)) == [*WISHES[wish], 6]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [("what is this?", "malformed"), ("zzzzzzzz-2", "epoch"), ("99", "epoch"), ("1,2", "malformed")],
)
@pytest.mark.parametrize("way", ["query", "subscribe"])
async def test_a_position_that_cannot_be_honoured_is_told_as_a_gap_before_what_is_kept(
    site, token, made, way, asked, reason
):
    name, ids = await made(2)
    path = f"/events/{name}?last_event_id={asked.replace(' ', '%20')}" if way == "query" else "/events"
    async with connected(site, path, token) as socket:
        told = (await socket.opened())["data"]
        if way == "subscribe":
            told = await socket.ask(op="subscribe", topic=name, last_event_id=asked)
        assert told["last_event_id"] == asked  # until the gap is told, that is where one stands
        gap = await socket.frame()
        beginning = f"{ids[0].partition('-')[0]}-0"
        data = {"requested": asked, "resumed_at": beginning, "lost": None, "reason": reason}
        assert gap == {"type": "stream.gap", "topic": name, "data": data}
        assert [event["id"] for event in await socket.events(2)] == ids


async def test_a_joint_id_is_a_position_in_each_topic(site, token, made):
    (one, first), (other, second) = await made(3), await made(3)
    for joint, wanted, gaps in [
        (f"{first[0]},{second[1]}", {one: [2, 3], other: [3]}, []),
        ("earliest", {one: [1, 2, 3], other: [1, 2, 3]}, []),
        ("-1", {one: [3], other: [3]}, []),
        (f"{first[0]},nonsense", {one: [2, 3], other: [1, 2, 3]}, [other]),
        (f"{first[0]}", {one: [1, 2, 3], other: [1, 2, 3]}, [one, other]),
    ]:
        async with connected(site, f"/events?topic={one}&topic={other}&last_event_id={joint}", token) as socket:
            await socket.opened()
            frames = [await socket.frame() for _ in range(sum(map(len, wanted.values())) + len(gaps))]
        assert [frame["topic"] for frame in frames if frame["type"] == "stream.gap"] == gaps, joint
        assert {name: seqs(frames, name) for name in wanted} == wanted, joint


@asynccontextmanager
async def publishing(socket, *topics):
    """Publish to the topics by turns for as long as the block runs."""

    async def work():
        for number in count(1):
            await publish(socket, topics[number % len(topics)], number)

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_who_is_cut_again_and_again_and_comes_back_misses_and_repeats_nothing(site, token, made, publisher):
    chance = random.Random("cut")
    topics = [(await made(3))[0], (await made(3))[0]]
    query = "&".join(f"topic={name}" for name in topics)
    newest = dict.fromkeys(topics, "earliest")
    seen = {name: [] for name in topics}
    async with publishing(publisher, *topics):
        for _ in range(20):
            path = f"/events?{query}&last_event_id={','.join(newest.values())}"
            async with connected(site, path, token) as socket:
                await socket.opened()
                for event in await socket.events(chance.randrange(8)):
                    newest[event["topic"]] = event["id"]
                    seen[event["topic"]] += seqs([event])
    for name in topics:
        assert seen[name] == list(range(1, len(seen[name]) + 1))
        assert len(seen[name]) > 3


# Operations


@pytest.mark.parametrize("ref", [7, -1.5, "seven", "", None, 2**60])
async def test_a_ref_of_any_kind_comes_back(publisher, ref):
    for operation, op in ({"op": "ping"}, "ack"), ({"op": "dance"}, "error"):
        await publisher.send(ref=ref, **operation)
        answer = await publisher.frame()
        assert (answer["op"], answer["ref"]) == (op, ref)
        assert type(answer["ref"]) is type(ref)


async def test_an_operation_without_a_ref_is_answered_without_one(publisher):
    await publisher.send(op="ping")
    assert await publisher.frame() == {"op": "ack", "ref": None}


async def test_operations_are_answered_in_their_order(site, token, made):
    name, _ = await made(1)
    operations = [
        {"op": "subscribe", "topic": name},
        {"op": "publish", "topic": name, "data": 1},
        {"op": "dance"},
        {"op": "ping"},
        {"op": "unsubscribe", "topic": name},
    ]
    async with connected(site, "/events", token) as socket:
        for ref in range(50):
            await socket.send(ref=ref, **operations[ref % 5])
        answers = [await socket.get(lambda frame: "op" in frame) for _ in range(50)]
    assert [answer["ref"] for answer in answers] == list(range(50))
    assert [answer["op"] for answer in answers] == ["ack", "ack", "error", "ack", "ack"] * 10


async def test_after_the_ack_of_an_unsubscribe_nothing_of_the_topic_comes(site, token, made, publisher):
    (one, _), (other, _) = await made(1), await made(1)
    async with connected(site, f"/events?topic={one}&topic={other}", token) as socket:
        await socket.opened()
        async with publishing(publisher, one, other):
            await socket.events(10)
            position = (await socket.ask(op="unsubscribe", topic=one))["last_event_id"]
            before = [frame["id"] for frame in socket.passed if frame["topic"] == one]
            assert {frame["topic"] for frame in await socket.events(10)} == {other}
            if before:
                assert position == before[-1]


async def test_unsubscribing_and_subscribing_again_at_the_acks_position_repeats_and_loses_nothing(
    site, token, made, publisher
):
    chance = random.Random("again")
    name, _ = await made(1)
    frames = []
    async with connected(site, "/events", token) as socket, publishing(publisher, name):
        await socket.opened()
        position = "earliest"
        for _ in range(40):
            await socket.ask(op="subscribe", topic=name, last_event_id=position)
            frames += await socket.events(chance.randrange(4))
            socket.passed.clear()
            position = (await socket.ask(op="unsubscribe", topic=name))["last_event_id"]
            frames += socket.passed
            assert not frames or frames[-1]["id"] == position
    assert seqs(frames) == list(range(1, len(frames) + 1))
    assert len(frames) > 20


async def test_the_51st_subscription_is_refused_until_another_one_ends(site, token, publisher):
    topics = [f"made:many:{number}" for number in range(51)]
    for name in topics:
        await publish(publisher, name, 1)
    async with connected(site, "/events?" + "&".join(f"topic={name}" for name in topics[:49]), token) as socket:
        await socket.opened()
        assert (await socket.ask(op="subscribe", topic=topics[49]))["op"] == "ack"
        refused = await socket.ask(op="subscribe", topic=topics[50])
        assert code_of(refused) == "limit"
        assert "50" in refused["error"]["message"]
        await socket.ask(op="unsubscribe", topic=topics[7])
        assert (await socket.ask(op="subscribe", topic=topics[50]))["op"] == "ack"
        await publish(publisher, topics[50], "the last one")
        assert [event["data"] for event in await socket.events(1)] == ["the last one"]


async def test_a_url_with_51_topics_or_one_of_them_twice_is_refused(site, token, made):
    name, _ = await made(1)
    for query in ("&".join(f"topic=a{n}" for n in range(51)), f"topic={name}&topic={name}", "topic=", "topic=a%20b"):
        async with connected(site, f"/events?{query}", token) as socket:
            frames, code = await socket.end()
        assert [frame["type"] for frame in frames] == ["stream.error"], query
        assert code == 4400, query


REFUSED = {
    "an unknown topic": ({"op": "subscribe", "topic": "made:nothing"}, "no_such_topic"),
    "a topic that may not be read": ({"op": "subscribe", "topic": "secret"}, "no_such_topic"),
    "a topic that is read already": ({"op": "subscribe", "topic": "{here}"}, "invalid"),
    "a bad name": ({"op": "subscribe", "topic": "a b"}, "invalid_topic"),
    "a name of 129 characters": ({"op": "subscribe", "topic": "a" * 129}, "invalid_topic"),
    "no topic": ({"op": "subscribe"}, "invalid"),
    "a topic that is a number": ({"op": "subscribe", "topic": 7}, "invalid"),
    "a position that is a number": ({"op": "subscribe", "topic": "{other}", "last_event_id": 7}, "invalid"),
    "an unknown field to subscribe": ({"op": "subscribe", "topic": "{other}", "since": "1"}, "invalid"),
    "an unsubscription of what is not read": ({"op": "unsubscribe", "topic": "{other}"}, "invalid"),
    "an unknown field to unsubscribe": ({"op": "unsubscribe", "topic": "{here}", "last_event_id": "1"}, "invalid"),
    "a publish without a right": ({"op": "publish", "topic": "secret", "data": 1}, "forbidden"),
    "no data": ({"op": "publish", "topic": "{here}"}, "invalid_event"),
    "an unknown field to publish": ({"op": "publish", "topic": "{here}", "data": 1, "id": 7}, "invalid"),
    "a type of the server's": ({"op": "publish", "topic": "{here}", "data": 1, "type": "stream.gap"}, "invalid_event"),
    "a type that is a list": ({"op": "publish", "topic": "{here}", "data": 1, "type": []}, "invalid_event"),
    "a type with a line end": ({"op": "publish", "topic": "{here}", "data": 1, "type": "a\nb"}, "invalid_event"),
    "a key that is a number": ({"op": "publish", "topic": "{here}", "data": 1, "key": 7}, "invalid_event"),
    "too much data": ({"op": "publish", "topic": "{here}", "data": "x" * 300_000}, "too_large"),
    "not a number": ({"op": "publish", "topic": "{here}", "data": float("nan")}, "invalid_json"),
    "endless": ({"op": "publish", "topic": "{here}", "data": float("inf")}, "invalid_json"),
    "half a surrogate pair": ({"op": "publish", "topic": "{here}", "data": "\ud800"}, "invalid_json"),
    "too deep": ({"op": "publish", "topic": "{here}", "data": json.loads("[" * 100 + "]" * 100)}, "invalid_json"),
    "no operation": ({}, "invalid"),
    "an unknown operation": ({"op": "dance"}, "invalid"),
    "an operation that is a list": ({"op": ["ping"]}, "invalid"),
    "a ref that is a list": ({"op": "ping", "ref": []}, "invalid"),
    "a ref that is an object": ({"op": "ping", "ref": {}}, "invalid"),
    "a ref that is neither number nor string": ({"op": "ping", "ref": True}, "invalid"),
}


async def test_what_is_refused_is_told_why_and_the_socket_goes_on(site, token, made, publisher):
    (here, _), (other, _) = await made(1), await made(1)
    async with connected(site, f"/events/{here}", token) as socket:
        await socket.opened()
        for number, (why, (operation, code)) in enumerate(REFUSED.items()):
            text = json.dumps({"ref": number} | operation).replace("{here}", here).replace("{other}", other)
            await socket.send_raw(text)
            answer = await socket.frame()
            assert code_of(answer) == code, why
            readable = code != "invalid_json" and "ref" not in operation
            assert answer["ref"] == (number if readable else None), why
        for text in ("{", "[]", "7", '"ping"', "null", "", "[" * 1_000, b'{"op": "ping"}'):
            await socket.send_raw(text)
            answer = await socket.frame()
            assert code_of(answer) in ("invalid", "invalid_json"), text
            assert answer["ref"] is None
        await publish(publisher, here, "still here")
        assert [event["data"] for event in await socket.events(1)] == ["still here"]


async def test_a_topic_that_is_not_there_and_one_that_may_not_be_read_are_told_alike(site, token):
    told = []
    for name in ("made:nothing", "secret"):
        async with connected(site, f"/events/{name}", token) as by_path, connected(site, "/events", token) as socket:
            await socket.opened()
            told.append([await by_path.end(), (await socket.ask(op="subscribe", topic=name))["error"]])
            told[-1] = re.sub("[0-9a-f]{32}", "<request id>", json.dumps(told[-1]).replace(name, "…"))
    assert told[0] == told[1]
    assert "no_such_topic" in told[0] and "4404" in told[0]


async def test_a_key_is_published_once_and_never_with_other_data(publisher, made):
    name, _ = await made(1)
    first = await publisher.ask(op="publish", topic=name, data=1, type="paid", key="k")
    again = await publisher.ask(op="publish", topic=name, data=1, type="paid", key="k")
    assert (first["op"], again["id"]) == ("ack", first["id"])
    for other in ({"data": 2, "type": "paid"}, {"data": 1}):
        assert code_of(await publisher.ask(op="publish", topic=name, key="k", **other)) == "key_reused"
    (after,) = await publish(publisher, name, 3)
    assert seqs([{"topic": name, "id": after}]) == [3]


async def test_who_publishes_reads_its_own_events_too(site, token, made):
    name, _ = await made(1)
    async with connected(site, f"/events/{name}", token) as socket:
        await socket.opened()
        await socket.send(op="publish", ref="p", topic=name, data=["mine"], type="note")
        frames = [await socket.frame(), await socket.frame()]
        ack, event = sorted(frames, key=lambda frame: "topic" in frame)
        assert ack == {"op": "ack", "ref": "p", "id": event["id"]}
        assert (event["type"], event["data"]) == ("note", ["mine"])


async def test_several_programs_publish_at_once(site, token, made):
    name, _ = await made(1)
    programs, each = 6, 40

    async def program(number):
        async with connected(site, "/events", token) as socket:
            await socket.opened()
            for n in range(each):  # all are on their way before the first answer is read
                await socket.send(op="publish", ref=n, topic=name, data=[number, n])
            return [await socket.get(answer_to(n)) for n in range(each)]

    async with connected(site, f"/events/{name}", token) as reader:
        await reader.opened()
        answers = await asyncio.gather(*map(program, range(programs)))
        events = await reader.events(programs * each)
    assert seqs(events) == list(range(2, programs * each + 2))
    by_id = {event["id"]: event["data"] for event in events}
    for number, theirs in enumerate(answers):
        assert [by_id[answer["id"]] for answer in theirs] == [[number, n] for n in range(each)]
        mine = [event["data"][1] for event in events if event["data"][0] == number]
        assert mine == list(range(each))  # in the order in which each one published


async def test_a_page_reads_and_publishes_by_what_its_session_may(site):
    async with connected(site, "/events/system?last_event_id=-1") as socket:
        await socket.opened()
        assert (await socket.get(of_type("vitals")))["topic"] == "system"
        assert code_of(await socket.ask(op="publish", topic="made:0", data=1)) == "unauthorized"


# The transcript of the documentation


async def test_a_server_says_what_the_transcript_says(site, token, publisher):
    """Up go its operations; down must come its other lines, with other epochs, times and prefixes of names."""
    lines = [json.loads(line) for line in TRANSCRIPT.read_text().splitlines()]
    prefix = f"{next(names)}:"
    await publish(publisher, f"{prefix}orders", *range(41))
    await publish(publisher, f"{prefix}stock", *range(6), {"item": 17, "left": 3})
    said, written = [], []
    async with connected(site, f"/events/{prefix}orders", token) as socket:
        for line in lines[:-1]:  # the last one is the server's end
            if line.get("op") in OPERATIONS:
                await socket.send(**line | ({"topic": prefix + line["topic"]} if "topic" in line else {}))
            else:
                said.append(without_chance(json.dumps(await socket.frame()).replace(prefix, "")))
                written.append(without_chance(json.dumps(line)))
            if line.get("op") in OPERATIONS or line is lines[-2]:  # an event and its ack come in either order
                assert sorted(said) == sorted(written)
                said, written = [], []


def without_chance(text):
    """A frame without what differs each time; of an id its sequence number stays."""
    return re.sub(r'"time": "[^"]+"', "", re.sub(r'"[a-z0-9]{8}-(\d+)"', r"\1", text))


# Ending by itself


async def test_a_socket_ends_behind_the_event_that_it_reads_until(site, token, publisher, made):
    name, _ = await made(2)
    async with connected(site, f"/events/{name}?last_event_id=earliest&until=end", token) as socket:
        await socket.opened()
        answer = await publisher.ask(op="publish", topic=name, type="end", data="over")
        await publish(publisher, name, "later")
        frames, code = await socket.end()
        assert [frame["data"] for frame in frames] == [1, 2, "over"]
        assert code == 1000
    async with connected(site, f"/events/{name}?last_event_id={answer['id']}&until=end", token) as socket:
        await socket.opened()
        assert await socket.end() == ([], 1000)
