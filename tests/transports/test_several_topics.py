"""Several topics over one connection: joint ids, resuming from any of them, and what may be wrong with the query."""

import asyncio
import json
import random

import pytest
from django.contrib.auth.models import User
from django.test import Client

from streams.connections import registry
from streams.errors import CloseReason, Unavailable
from streams.eventlog import append, reset
from streams.models import Event, Topic
from streams.publishing import apublish, create_token
from streams.wire.event import NewEvent
from tests.harness.asgi import Exchange, request
from tests.harness.sse import EventSourceParser
from tests.harness.waiting import aeventually
from tests.transports.topics import fill

ACCEPT = {"sse": "text/event-stream", "ndjson": "application/x-ndjson", "poll": "application/json"}
TECHNIQUES = list(ACCEPT)
ENOUGH = 1_000_000


def several(*names, **fields):
    """The query for several topics."""
    return [("topic", name) for name in names] + list(fields.items())


def make(*names, count=0):
    """Public topics with ``count`` events each: 1, 2, 3…; their ids."""
    return [fill(count, name).ids for name in names]


class Told:
    """What a client of one technique has taken in, over all its connections.

    events: envelopes; gaps: (topic, data); controls: the rest. position: the joint id to come back with. Only what is
    whole counts: of a block, a line or an answer that is cut nothing is known. longest: bytes of the longest answer.
    """

    def __init__(self, technique, *names, position="", **fields):
        self.technique, self.names, self.fields = technique, names, fields
        self.position = position
        self.events, self.gaps, self.controls, self.longest = [], [], [], 0

    def ids(self, name):
        return [event["id"] for event in self.events if event["topic"] == name]

    async def connect(self, *, budget=ENOUGH, until=lambda: False):
        """Read one answer until ``until``, its end, or ``budget`` bytes of it, whatever comes first."""
        headers = {"Accept": ACCEPT[self.technique]}
        if self.position:
            headers["Last-Event-ID"] = self.position
        async with Exchange("GET", "/events", query=several(*self.names, **self.fields), headers=headers) as answer:
            self.headers = answer.headers
            assert answer.status == 200, await answer.body()
            take, taken = getattr(self, f"_take_{self.technique}")(answer), 0
            while taken < budget and not until() and (chunk := await answer.chunk()) is not None:
                take(chunk[: budget - taken])
                taken += len(chunk)
            self.longest = max(self.longest, taken)

    def _take_sse(self, answer):
        parser = EventSourceParser()
        parser.last_event_id = parser._id = self.position  # an EventSource keeps it from one connection to the next

        def take(chunk):
            for message in parser.feed(chunk):
                told = message.json
                assert message.type == told["type"]
                if "id" in told:
                    self.events.append(told)
                    assert told["id"] in message.last_event_id.split(",")
                else:
                    self._control(told)
            self.position = parser.last_event_id

        return take

    def _take_ndjson(self, answer):
        text, at = b"", dict.fromkeys(self.names, "")

        def take(chunk):
            nonlocal text
            *lines, text = (text + chunk).split(b"\n")
            for told in (json.loads(line) for line in lines if line):
                if told["type"] == "stream.open":
                    assert told["topics"] == list(self.names)
                    at.update(zip(self.names, told["data"]["last_event_id"].split(","), strict=True))
                elif "id" in told:
                    self.events.append(told)
                    at[told["topic"]] = told["id"]
                else:
                    self._control(told)
                    if told["type"] == "stream.gap":
                        at[told["topic"]] = told["data"]["resumed_at"]
                self.position = ",".join(at.values())

        return take

    def _take_poll(self, answer):
        body = b""

        def take(chunk):
            nonlocal body
            body += chunk
            try:
                told = json.loads(body)
            except ValueError:
                return
            self.events += told["events"]
            self.gaps += [(gap.pop("topic"), gap) for gap in told["gaps"]]
            self.position = told["last_event_id"]

        return take

    def _control(self, told):
        if told["type"] == "stream.gap":
            self.gaps.append((told["topic"], told["data"]))
        else:
            self.controls.append(told)


class TestJointIds:
    """The position in all of the topics."""

    @pytest.mark.parametrize("technique", TECHNIQUES)
    async def test_begins_with_them_in_the_order_of_the_query_and_moves_one_at_a_time(self, hub, technique):
        (a, b) = await hub.gateway.run(make, "a", "b", count=3)
        told = Told(technique, "b", "a", timeout="0")
        await told.connect(until=lambda: told.position)
        assert told.position == f"{b[-1]},{a[-1]}"
        new = await apublish("a", "new", type="update")
        await told.connect(until=lambda: told.events)
        assert told.position == f"{b[-1]},{new}"
        (event,) = told.events
        assert event.pop("time").endswith("Z")
        assert event == {"id": new, "topic": "a", "type": "update", "data": "new"}
        assert "Accept" in told.headers["vary"]

    @pytest.mark.parametrize(
        ("asked", "a", "b"),
        [
            ("earliest", [1, 2, 3], [1, 2, 3]),
            ("-1", [3], [3]),
            ("earliest,-1", [1, 2, 3], [3]),
            ("{a},{b}", [2, 3], [3]),
            ("1,2", [2, 3], [3]),
            ("{a},", [2, 3], []),
            (",", [], []),
        ],
    )
    @pytest.mark.parametrize("technique", TECHNIQUES)
    async def test_may_be_wishes_and_one_wish_alone_is_meant_for_each(self, hub, technique, asked, a, b):
        (ids, others) = await hub.gateway.run(make, "a", "b", count=3)
        told = Told(technique, "a", "b", position=asked.format(a=ids[0], b=others[1]), timeout="0")
        await told.connect(until=lambda: len(told.events) == len(a + b) and told.position.count("-") == 2)
        assert [event["data"] for event in told.events if event["topic"] == "a"] == a
        assert [event["data"] for event in told.events if event["topic"] == "b"] == b
        assert (told.gaps, told.position) == ([], f"{ids[-1]},{others[-1]}")

    @pytest.mark.parametrize("asked", ["7", "{a}", "{a},{b},{a}", "a,b,c", "nonsense", "x" * 500, "\u00e9", "{a} {b}"])
    @pytest.mark.parametrize("technique", TECHNIQUES)
    async def test_that_are_not_one_for_each_topic_are_malformed_for_each(self, hub, technique, asked):
        (ids, others) = await hub.gateway.run(make, "a", "b", count=3)
        asked = asked.format(a=ids[1], b=others[0])
        for budget in (200, ENOUGH):  # cut after the opening, it is told all the same
            told = Told(technique, "a", "b", last_event_id=asked, timeout="0")
            await told.connect(budget=budget, until=lambda told=told: told.position)
            while len(told.events) < 6:
                await told.connect(until=lambda told=told: len(told.events) == 6)
            expected = {"resumed_at": "", "lost": None, "reason": "malformed"}
            assert [topic for topic, _ in told.gaps] == ["a", "b"]
            for topic, gap in told.gaps:
                assert gap | {"resumed_at": "", "requested": ""} == expected | {"requested": ""}
                assert gap["resumed_at"].endswith("-0"), topic
            assert (told.ids("a"), told.ids("b")) == (list(ids), list(others))

    async def test_stand_in_a_line_and_in_a_header_whatever_was_asked(self, hub):
        await hub.gateway.run(make, "a", "b", count=1)
        for asked in ("a\nid: 7,b", "a\r\ndata: x,b", "\0,\0", "\u2028,x", "\U0001f600,-"):
            query = several("a", "b", last_event_id=asked)
            async with Exchange("GET", "/events", query=query, headers={"Accept": ACCEPT["sse"]}) as answer:
                opening = (await answer.chunk()).decode()
            retry, position, *rest = opening.split("\n")
            assert (retry, rest) == ("retry: 2000", ["", ""])
            assert position.removeprefix("id: ").isascii()
            assert position.isprintable()
            assert position.count(",") == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("technique", TECHNIQUES)
async def test_resuming_from_any_joint_id_misses_nothing_and_repeats_nothing(make_hub, technique, seed):
    """Several writers; a reader that is cut after any number of bytes, and comes back with what it has taken in."""
    chance = random.Random(f"{technique} {seed}")
    hub = await make_hub(
        ring_events=chance.randint(1, 30), log_page_events=chance.randint(1, 9), wake_slice=1, ring_linger_s=0.05
    )
    names = [f"topic:{number}" for number in range(chance.randint(2, 6))]
    await hub.gateway.run(lambda: make(*names, count=3))
    published = {name: [] for name in names}

    async def write(writer):
        for number in range(40):
            name = chance.choice(names)
            published[name].append(await apublish(name, f"{writer}-{number} " + "x" * chance.randint(0, 300)))
            for _ in range(chance.randint(0, 8)):
                await asyncio.sleep(0)

    def whole():
        return len(told.events) == 120 + 3 * len(names)

    told = Told(technique, *names, position="earliest", timeout="1")
    writing = asyncio.gather(*(write(writer) for writer in range(3)))
    async with asyncio.timeout(60):
        while not whole():
            await told.connect(budget=chance.choice([chance.randint(0, 4_000), ENOUGH]), until=whole)
    await writing
    assert told.gaps == []
    for name in names:
        seqs = [int(event_id.split("-")[1]) for event_id in told.ids(name)]
        assert seqs == list(range(1, len(published[name]) + 4)), name
        assert set(published[name]) <= set(told.ids(name))


@pytest.mark.parametrize("technique", TECHNIQUES)
async def test_a_gap_in_one_topic_is_told_once_wherever_the_answer_is_cut(hub, technique):
    (a, b, c) = await hub.gateway.run(make, "a", "b", "c", count=6)
    await hub.gateway.run(lambda: Event.objects.filter(topic__name__in=["b", "c"], seq__lte=4).delete())
    gap = {"requested": b[1], "resumed_at": b[3], "lost": 2, "reason": "trimmed"}
    begin = f"{a[3]},{b[1]},{c[1]}"

    def complete(told):
        return len(told.events) == 6 and len(told.gaps) == 2

    whole = Told(technique, "a", "b", "c", position=begin)
    while not complete(whole):
        await whole.connect(until=lambda: complete(whole))
    assert whole.longest > 300
    for budget in range(0, whole.longest, 23):
        told = Told(technique, "a", "b", "c", position=begin)
        await told.connect(budget=budget, until=lambda told=told: complete(told))
        while not complete(told):
            await told.connect(until=lambda told=told: complete(told))
        assert told.position == f"{a[-1]},{b[-1]},{c[-1]}"
        assert told.gaps == [("b", gap), ("c", gap | {"requested": c[1], "resumed_at": c[3]})], budget
        assert (told.ids("a"), told.ids("b"), told.ids("c")) == (list(a[4:]), list(b[4:]), list(c[4:])), budget


class TestServersOwnEvents:
    """Gaps and ends say of which topic, and move the joint id or leave it."""

    @pytest.mark.parametrize("technique", TECHNIQUES)
    async def test_a_new_life_of_one_topic_is_told_with_its_name(self, hub, technique):
        (a, b) = await hub.gateway.run(make, "a", "b", count=2)
        told = Told(technique, "a", "b", position=f"{a[-1]},{b[-1]}")
        connected = asyncio.create_task(told.connect(until=lambda: told.gaps))
        await aeventually(lambda: hub.readers() == {"a": 1, "b": 1})
        epoch = await hub.gateway.run(reset, "b")
        await connected
        new = {"requested": b[-1], "resumed_at": f"{epoch}-0", "lost": None, "reason": "epoch"}
        assert told.gaps == [("b", new)]
        assert told.position == f"{a[-1]},{epoch}-0"

    @pytest.mark.parametrize("technique", ["sse", "ndjson"])
    async def test_one_topic_that_is_deleted_ends_the_stream(self, hub, technique):
        (a, b) = await hub.gateway.run(make, "a", "b", count=2)
        told = Told(technique, "a", "b")
        connected = asyncio.create_task(told.connect())
        await aeventually(lambda: told.position)
        await hub.gateway.run(lambda: Topic.objects.get(name="b").delete())
        await connected
        assert told.controls == [{"type": "stream.close", "data": {"reason": "expired", "reconnect": False}}]
        assert told.position == f"{a[-1]},{b[-1]}"
        assert len(registry) == 0

    async def test_a_poll_of_one_that_is_deleted_is_not_found(self, hub):
        await hub.gateway.run(make, "a", "b")
        polling = asyncio.create_task(request("GET", "/events", query=several("a", "b", transport="poll")))
        await aeventually(
            lambda: registry.by_technique() == {"longpoll": 1} and registry.by_topic() == {"a": 1, "b": 1}
        )
        await hub.gateway.run(lambda: Topic.objects.get(name="b").delete())
        status, _, body = await polling
        assert (status, json.loads(body)["error"]["code"]) == (404, "stream_closed")

    @pytest.mark.parametrize("technique", ["sse", "ndjson"])
    async def test_a_shutdown_and_a_failure_leave_the_position(self, hub, technique, monkeypatch):
        (a, b) = await hub.gateway.run(make, "a", "b", count=2)
        told = Told(technique, "a", "b")
        connected = asyncio.create_task(told.connect())
        await aeventually(lambda: told.position)

        async def fail(live, after):
            raise Unavailable("the database does not answer; try again")

        monkeypatch.setattr(hub, "read_log", fail)
        failed = Told(technique, "a", "b", position="1,1")
        await failed.connect()
        (error,) = failed.controls
        assert (error["type"], error["data"]["code"]) == ("stream.error", "unavailable")
        assert failed.position == f"{a[0]},{b[0]}"
        hub.end_streams(CloseReason.SHUTDOWN)
        await connected
        assert told.controls == [{"type": "stream.close", "data": {"reason": "shutdown", "reconnect": True}}]
        assert told.position == f"{a[-1]},{b[-1]}"


class TestLongPoll:
    """One answer for all of the topics."""

    async def test_has_what_each_topic_has_to_tell(self, hub):
        (a, b, c) = await hub.gateway.run(make, "a", "b", "c", count=3)
        position = f"{a[1]},{b[2]},zzzzzzzz-1"
        status, headers, body = await request(
            "GET", "/events", query=several("a", "b", "c", transport="poll", last_event_id=position)
        )
        told = json.loads(body)
        assert (status, headers["cache-control"]) == (200, "no-store")
        assert [(event["topic"], event["data"]) for event in told["events"]] == [("a", 3)]
        gap = {"topic": "c", "requested": "zzzzzzzz-1", "resumed_at": f"{c[0][:-2]}-0", "lost": None, "reason": "epoch"}
        assert told["gaps"] == [gap]
        assert told["last_event_id"] == f"{a[2]},{b[2]},{c[0][:-2]}-0"

    async def test_reads_what_is_there_however_slow_the_database_is(self, make_hub, monkeypatch):
        """The time ran out while the second topic was read: the answer was empty, and the first one's gap was lost."""
        hub = await make_hub()
        (a, b) = await hub.gateway.run(make, "a", "b", count=3)
        until, real = hub.loop.time() + 1.1, hub.read_log

        async def slowly(live, after):
            await aeventually(lambda: hub.loop.time() > until)
            return await real(live, after)

        monkeypatch.setattr(hub, "read_log", slowly)
        query = several("a", "b", transport="poll", timeout="1", last_event_id=f"zzzzzzzz-1,{b[0]}")
        _, _, body = await request("GET", "/events", query=query)
        told = json.loads(body)
        assert [gap["reason"] for gap in told["gaps"]] == ["epoch"]
        assert [event["data"] for event in told["events"]] == [2, 3]
        assert told["last_event_id"] == f"{a[0][:-2]}-0,{b[2]}"

    async def test_of_silent_topics_is_empty_and_has_the_joint_id(self, hub):
        (a, b) = await hub.gateway.run(make, "a", "b", count=1)
        for timeout in ("0", "1"):
            query = several("a", "b", transport="poll", timeout=timeout)
            _, _, body = await request("GET", "/events", query=query)
            assert json.loads(body) == {"events": [], "last_event_id": f"{a[0]},{b[0]}", "gaps": []}

    async def test_of_one_topic_by_the_query_has_the_shape_of_several(self, hub):
        await hub.gateway.run(make, "a", count=1)
        _, _, body = await request("GET", "/events", query=several("a", transport="poll", last_event_id="0"))
        told = json.loads(body)
        assert told.keys() == {"events", "last_event_id", "gaps"}
        assert [event["data"] for event in told["events"]] == [1]


@pytest.mark.parametrize(("technique", "heartbeat"), [("sse", b":\n\n"), ("ndjson", b"\n")])
async def test_silence_of_all_is_broken_by_a_heartbeat(make_hub, technique, heartbeat):
    hub = await make_hub(heartbeat_s=0.1)
    await hub.gateway.run(make, "a", "b")
    query = several("a", "b", transport=technique)
    async with Exchange("GET", "/events", query=query) as answer:
        await answer.chunk()
        assert await answer.chunk() == heartbeat


class TestQuery:
    """What may be wrong with it."""

    @pytest.mark.parametrize(
        ("query", "code", "says"),
        [
            ([], "invalid", "/events?topic=a&topic=b"),
            ([("topics", "a,b")], "invalid", "/events?topic=a&topic=b"),
            (
                several(*[f"t{number}" for number in range(51)]),
                "invalid",
                "51 topics are asked for over one connection",
            ),
            (several(*["a"] * 51), "invalid", "(limit 50)"),
            (several("a", "b", "a"), "invalid", "topic a is asked for twice"),
            (several("a", "b c"), "invalid_topic", "'b c'"),
            (several("a", ""), "invalid_topic", "not allowed"),
            (several("a,b"), "invalid_topic", "'a,b'"),
            (several("a", "x" * 129), "invalid_topic", "129 characters (limit 128)"),
            (several("a", transport="carrier-pigeon"), "invalid", "(there are: sse, ndjson, poll)"),
            (several("a", transport="poll", timeout="61"), "invalid", "60"),
            (several(*[f"t{number}" for number in range(1_001)]), "invalid", "fields"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    async def test_is_told(self, hub, query, code, says):
        await hub.gateway.run(make, "a", "b")
        for method in ("GET", "HEAD"):
            status, headers, body = await request(method, "/events", query=query)
            assert (status, headers["content-type"]) == (400, "application/json")
        status, _, body = await request("GET", "/events", query=query)
        error = json.loads(body)["error"]
        assert (error["code"], error["retryable"]) == (code, False)
        assert says in error["message"]
        assert len(error["message"]) < 400

    async def test_may_ask_for_fifty(self, hub):
        names = [f"t{number}" for number in range(50)]
        ids = await hub.gateway.run(lambda: make(*names, count=1))
        told = Told("ndjson", *names, position="earliest")
        await told.connect(until=lambda: len(told.events) == 50)
        assert told.position == ",".join(id for (id,) in ids)
        again = Told("sse", *names, position=told.position)
        await again.connect(until=lambda: again.position)
        assert (again.position, again.gaps) == (told.position, [])

    async def test_to_a_topic_of_the_path_adds_none(self, hub):
        await hub.gateway.run(make, "a", "b", count=1)
        query = several("b", last_event_id="0", transport="ndjson")
        async with Exchange("GET", "/events/a", query=query) as answer:
            lines = (await answer.chunk() + await answer.chunk()).splitlines()
        assert [json.loads(line)["topic"] for line in lines] == ["a", "a"]


class TestWho:
    """Every one of the topics must be readable."""

    @pytest.mark.parametrize("transport", TECHNIQUES)
    async def test_one_that_may_not_be_read_and_one_that_is_missing_answer_alike(self, hub, transport):
        def prepare():
            make("open")
            Topic.objects.create(name="secret", visibility="private")
            client = Client()
            client.force_login(User.objects.create_user("ann"))
            _, text = create_token(name="it", read=["other*"])
            return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}, {"Authorization": f"Bearer {text}"}, {}

        for headers in await hub.gateway.run(prepare):
            for order in (("open", "{}"), ("{}", "open")):
                answers = {}
                for name in ("secret", "absent"):
                    query = several(*(one.format(name) for one in order), transport=transport)
                    status, answered, body = await request("GET", "/events", query=query, headers=headers)
                    answers[name] = status, answered, body.decode().replace(name, "…")
                assert answers["secret"] == answers["absent"]
                assert answers["secret"][0] == (404 if headers else 401)
                assert (await request("HEAD", "/events", query=query, headers=headers))[0] == answers["secret"][0]
        assert (len(registry), hub.readers()) == (0, {})

    async def test_who_may_read_all_reads_all(self, hub):
        def prepare():
            append("area:a", [NewEvent("1")])
            append("area:b", [NewEvent("2")])
            Topic.objects.update(visibility="private")
            return create_token(name="it", read=["area:*"])[1]

        headers = {"Authorization": f"Bearer {await hub.gateway.run(prepare)}"}
        query = several("area:a", "area:b", transport="poll", last_event_id="earliest")
        _, _, body = await request("GET", "/events", query=query, headers=headers)
        assert [event["data"] for event in json.loads(body)["events"]] == [1, 2]


class TestMethods:
    """``/events`` is read from."""

    @pytest.mark.parametrize(
        ("transport", "content_type"),
        [
            ("sse", "text/event-stream; charset=utf-8"),
            ("ndjson", "application/x-ndjson"),
            ("poll", "application/json"),
        ],
    )
    async def test_head_has_the_headers_and_holds_no_place(self, hub, transport, content_type):
        await hub.gateway.run(make, "a", "b")
        status, headers, body = await request("HEAD", "/events", query=several("a", "b", transport=transport))
        assert (status, headers["content-type"], body) == (200, content_type, b"")
        assert ("x-accel-buffering" in headers) == (transport != "poll")
        assert (len(registry), hub.readers()) == (0, {})

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    async def test_others_are_told_which_there_are(self, hub, method):
        status, headers, body = await request(method, "/events", query=several("a"), body=b"{}")
        assert (status, headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert json.loads(body)["error"]["code"] == "method_not_allowed"

    async def test_options_tells_them(self, hub):
        status, headers, body = await request("OPTIONS", "/events")
        assert (status, headers["allow"], body) == (204, "GET, HEAD, OPTIONS", b"")

    async def test_a_persons_address_bar_goes_to_the_list(self, hub):
        status, headers, _ = await request("GET", "/events", headers={"Accept": "text/html,*/*;q=0.8"})
        assert (status, headers["location"]) == (303, "/topics/")
        assert "Accept" in headers["vary"]
