"""What people do with messages: say, edit, delete, react, mention; each once, and within its limits."""

import asyncio
import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from streams.chat.demo import DemoProvider
from streams.chat.generations import GenerationRunner
from streams.chat.history import history
from streams.chat.mentions import mentioned
from streams.chat.message_rows import MAX_EDITS, MAX_REACTIONS
from streams.chat.rooms import ensure_room
from streams.errors import Conflict, Forbidden, InvalidInput, KeyReused, NotFound, TooLarge
from streams.eventlog import reset, trim
from streams.models import Event, Generation, Member, Message, Reaction, Topic
from streams.publishing import Identity, publish
from streams.storage import begin_file, take_bytes
from tests.chat.saying import do, put, say

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
BEN = Identity("user", "u:7", "Ben", by_cookie=True)
ROOT = Identity("user", "u:1", "root", by_cookie=True, staff=True)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def room(hub):
    return await hub.gateway.run(ensure_room, "lobby", title="Lobby")


@pytest.fixture
def runner(hub):
    return GenerationRunner(hub, DemoProvider(None, speed=100))


@pytest.fixture
def doing(runner, room):
    """``await doing(who, "edit", message=1, text="…")``: what the ack has."""
    return lambda who, op, **fields: do(runner, room, who, op, **fields)


async def log(hub):
    """``(type, data)`` of all events of the room."""
    return await hub.gateway.run(
        lambda: [
            (one.type, json.loads(one.data)) for one in Event.objects.filter(topic__name="room:lobby").order_by("seq")
        ]
    )


def seq_of(ack):
    return int(ack["id"].rpartition("-")[2])


async def test_a_message_and_its_row_are_one(hub, room, doing):
    first = await doing(ADA, "say", text="hello", client_id="c1")
    ack = await doing(BEN, "say", text="hi @ada fox!", client_id="c2", reply_to=seq_of(first))
    row = await hub.gateway.run(Message.objects.get, seq=seq_of(ack))
    ((_, _), (kind, data)) = await log(hub)
    mentions = [{"id": "g:ada", "name": "Ada Fox"}]
    assert (kind, data) == (
        "message",
        {"author": BEN.as_author(), "text": "hi @ada fox!", "client_id": "c2", "reply_to": 1, "mentions": mentions},
    )
    assert (row.topic_id, row.author_id, row.author_name, row.author_kind) == (room.topic_id, "u:7", "Ben", "user")
    assert (row.text, row.client_id, row.reply_to, row.mentions) == ("hi @ada fox!", "c2", 1, mentions)
    event = await hub.gateway.run(Event.objects.get, seq=2)
    assert row.created_at == event.created_at


async def test_many_at_once_are_all_kept_and_one_that_is_sent_many_times_is_said_once(hub, doing, streams_settings):
    acks = await asyncio.gather(
        *(doing(ADA, "say", text=f"line {n}", client_id=f"c{n}") for n in range(20)),
        *(doing(BEN, "say", text="the same", client_id="same") for _ in range(10)),
    )
    assert len({ack["id"] for ack in acks}) == 21
    rows = await hub.gateway.run(lambda: list(Message.objects.order_by("seq").values_list("seq", "text")))
    events = [(seq, data["text"]) for seq, (_, data) in enumerate(await log(hub), 1)]
    assert rows == events
    assert len(rows) == 21


async def test_a_message_that_is_sent_again_later_is_the_first_whatever_became_of_it(hub, room, doing):
    """Also where its event is no longer kept, or would be another one by now."""
    ack = await doing(ADA, "say", text="hi @ben", client_id="c1")
    await hub.gateway.run(Member.objects.create, room=room, person="u:7", name="Ben")
    assert await doing(ADA, "say", text="hi @ben", client_id="c1") == ack
    with pytest.raises(KeyReused):
        await doing(ADA, "say", text="something else", client_id="c1")
    await hub.gateway.run(Event.objects.all().delete)
    assert await doing(ADA, "say", text="hi @ben", client_id="c1") == ack
    await doing(ADA, "edit", message=seq_of(ack), text="hi all")
    assert await doing(ADA, "say", text="hi @ben", client_id="c1") == ack
    assert await hub.gateway.run(Message.objects.count) == 1


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"text": ""}, InvalidInput), ({"text": "  \n"}, InvalidInput), ({"text": None}, InvalidInput),
     ({"text": 7}, InvalidInput), ({"text": "x" * 8_001}, TooLarge), ({"text": "a\0b"}, InvalidInput),
     ({"client_id": ""}, InvalidInput), ({"client_id": None}, InvalidInput), ({"client_id": "c" * 65}, InvalidInput),
     ({"client_id": "a\nb"}, InvalidInput), ({"reply_to": 17}, InvalidInput), ({"reply_to": "1"}, InvalidInput),
     ({"reply_to": True}, InvalidInput), ({"reply_to": 2**70}, InvalidInput), ({"files": "a"}, InvalidInput),
     ({"files": ["missing.txt"]}, InvalidInput), ({"files": ["a\0"]}, InvalidInput),
     ({"files": [str(n) for n in range(6)]}, InvalidInput)],
)  # fmt: skip
async def test_bad_messages_are_refused_with_the_limit_and_the_value(hub, doing, fields, error):
    with pytest.raises(error):
        await doing(ADA, "say", **{"text": "hi", "client_id": "c1"} | fields)
    assert await hub.gateway.run(Message.objects.exists) is False


async def test_files_that_one_may_have_may_say_it_all(hub, room, doing, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path

    def add(name, **more):
        ada = Identity("user", "u:9", "Ada", may_upload=True)
        take_bytes(begin_file(ada, name, 3, **more), 0, io.BytesIO(b"abc"))

    await hub.gateway.run(add, "a.txt", room=room)
    await hub.gateway.run(add, "elsewhere.txt", visibility="private")
    ack = await doing(BEN, "say", client_id="c1", files=["a.txt", "a.txt"])
    row = await hub.gateway.run(Message.objects.get, seq=seq_of(ack))
    assert (row.text, row.files) == ("", [{"name": "a.txt", "size": 3, "content_type": "text/plain"}])
    with pytest.raises(InvalidInput, match="no file 'elsewhere"):
        await doing(BEN, "say", client_id="c2", files=["elsewhere.txt"])


async def test_one_edits_ones_own_and_the_same_words_twice_are_one_edit(hub, doing):
    ack = await doing(ADA, "say", text="helo", client_id="c1")
    for _ in range(2):
        await doing(ADA, "edit", message=seq_of(ack), text="hello @Ada Fox")
    row = await hub.gateway.run(Message.objects.get)
    assert (row.text, row.edits, row.edited_at is None) == ("hello @Ada Fox", 1, False)
    told = {"message": 1, "text": "hello @Ada Fox", "mentions": [{"id": "g:ada", "name": "Ada Fox"}]}
    assert (await log(hub))[1:] == [("message.edited", told | {"by": ADA.as_author()})]
    with pytest.raises(Forbidden, match="message 1 is of Ada Fox"):
        await doing(BEN, "edit", message=1, text="mine now")
    with pytest.raises(NotFound):
        await doing(ADA, "edit", message=2, text="nothing there")
    with pytest.raises(TooLarge):
        await doing(ADA, "edit", message=1, text="x" * 8_001)
    await hub.gateway.run(lambda: Message.objects.update(edits=MAX_EDITS))
    with pytest.raises(Conflict, match="limit"):
        await doing(ADA, "edit", message=1, text="once more")


async def test_what_is_edited_may_be_asked_again_once(hub, room, runner, doing):
    ack = await doing(ADA, "say", text="@claude helo", client_id="c1")
    await runner.admission.idle()
    again = [await doing(ADA, "edit", message=seq_of(ack), text="@claude hello", again=True) for _ in range(2)]
    assert again[0] == again[1]
    await runner.admission.idle()
    rows = await hub.gateway.run(lambda: list(Generation.objects.order_by("version").values_list("pk", "question")))
    assert [question for _, question in rows] == ["@claude helo", "@claude hello"]
    assert [str(pk) for pk, _ in rows] == [ack["generation"], again[0]["generation"]]


async def test_who_may_not_talk_any_more_can_still_take_back_their_own_words(hub, room, doing):
    first, second, third = [
        seq_of(await doing(who, "say", text="oh", client_id=f"c{n}")) for n, who in enumerate((ADA, ADA, BEN))
    ]
    mute = {"muted_until": timezone.now() + timedelta(hours=1)}
    member = await hub.gateway.run(lambda: Member.objects.create(room=room, person=ADA.id, name="Ada", **mute))
    with pytest.raises(Forbidden, match="muted"):
        await doing(ADA, "edit", message=first, text="other words")
    with pytest.raises(Forbidden, match="muted"):
        await doing(ADA, "delete", message=third)
    await doing(ADA, "delete", message=first)
    await hub.gateway.run(lambda: Member.objects.filter(pk=member.pk).update(muted_until=None, role="reader"))
    await doing(ADA, "delete", message=second)
    gone = await hub.gateway.run(lambda: list(Message.objects.exclude(deleted_at=None).values_list("seq", flat=True)))
    assert sorted(gone) == [first, second]
    await hub.gateway.run(lambda: Member.objects.create(room=room, person=BEN.id, name="Ben", role="removed"))
    with pytest.raises(Forbidden, match="removed"):
        await doing(BEN, "delete", message=third)


async def test_what_is_deleted_is_gone_from_the_row_and_from_the_log(hub, room, doing):
    ack = await doing(ADA, "say", text="secret one", client_id="c1")
    await doing(ADA, "edit", message=seq_of(ack), text="secret two")
    await doing(BEN, "react", message=1, emoji="👍", on=True)
    with pytest.raises(Forbidden):
        await doing(BEN, "delete", message=1)
    for _ in range(2):
        await doing(ADA, "delete", message=1)
    row = await hub.gateway.run(Message.objects.get)
    assert (row.text, row.deleted_at is None, await hub.gateway.run(Reaction.objects.exists)) == ("", False, False)
    events = await log(hub)
    assert [kind for kind, _ in events] == ["message", "message.edited", "reaction", "message.deleted"]
    assert "secret" not in json.dumps(events)
    told = await hub.gateway.run(lambda: list(Event.objects.filter(type="changed").values_list("data", flat=True)))
    assert told == ['{"topic":"room:lobby"}'], "what processes hold in memory is forgotten too"
    for op in ({"op": "edit", "text": "again"}, {"op": "react", "emoji": "👍", "on": True}):
        with pytest.raises(Conflict, match="was deleted"):
            await doing(ADA, op.pop("op"), message=1, **op)
    assert await doing(ADA, "say", text="secret one", client_id="c1") == ack
    (other,) = await hub.gateway.run(put, "lobby", ADA, "rude")
    await hub.gateway.run(Member.objects.create, room=room, person=ROOT.id, name=ROOT.name, role="owner")
    await doing(ROOT, "delete", message=other)


async def test_a_reaction_is_there_or_not_however_often_it_is_put(hub, doing, monkeypatch):
    await doing(ADA, "say", text="hello", client_id="c1")
    for on in (True, True, False, False, True):
        await doing(BEN, "react", message=1, emoji="👍", on=on)
    assert [data["on"] for kind, data in await log(hub) if kind == "reaction"] == [True, False, True]
    assert await hub.gateway.run(Reaction.objects.count) == 1
    monkeypatch.setattr("streams.chat.message_rows.MAX_REACTIONS", 2)
    await doing(BEN, "react", message=1, emoji="🎉", on=True)
    with pytest.raises(Conflict, match=r"2 different reactions \(limit 2\)"):
        await doing(ADA, "react", message=1, emoji="🐈", on=True)
    await doing(ADA, "react", message=1, emoji="🎉", on=True)
    assert MAX_REACTIONS == 20


@pytest.mark.parametrize("emoji", ["👍", "👍🏽", "❤️", "❤", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "✅", "🫠", "☺️"])
async def test_emoji_are_reactions(doing, emoji):
    await doing(ADA, "say", text="hello", client_id="c1")
    await doing(ADA, "react", message=1, emoji=emoji, on=True)


@pytest.mark.parametrize(
    "emoji", ["", "a", "1", "ok", "👍👍", "👍 ", "<b>", None, 7, "\u200d", "\ufe0f", "🇩", "👍" + "\u200d👍" * 9]
)  # fmt: skip
async def test_texts_are_none(doing, emoji):
    await doing(ADA, "say", text="hello", client_id="c1")
    with pytest.raises(InvalidInput):
        await doing(ADA, "react", message=1, emoji=emoji, on=True)


PEOPLE = [("1", "Ann"), ("2", "Ann Lee"), ("3", "Öz"), ("4", "o'neil"), ("5", "")]


@pytest.mark.parametrize(
    ("text", "meant"),
    [("@ann hi", ["1"]), ("@Ann Lee hi", ["2"]), ("hi @ANN LEE, and @ann", ["2", "1"]), ("@annika", []),
     ("mail@ann", []), ("@@ann", []), ("@öz!", ["3"]), ("(@O'Neil)", ["4"]), ("@ann @ann", ["1"]), ("@", []),
     ("@ann_lee", []), ("@" * 100, []),
     ("@x " * 99 + "@ann", ["1"]), ("@x " * 100 + "@ann", [])],
)  # fmt: skip
def test_the_longest_name_that_fits_is_meant(text, meant):
    assert [one["id"] for one in mentioned(text, PEOPLE)] == meant


async def test_who_is_here_and_has_said_nothing_can_be_mentioned(hub, room, doing):
    here = {"people": [{"id": "g:quiet", "name": "Quiet Owl", "kind": "guest"}], "count": 1}
    await hub.gateway.run(lambda: publish("room:lobby:live", here, type="presence"))
    await doing(BEN, "say", text="@quiet owl, are you there?", client_id="c1")
    row = await hub.gateway.run(Message.objects.get, client_id="c1")
    assert row.mentions == [{"id": "g:quiet", "name": "Quiet Owl"}]


async def test_who_was_removed_is_not_mentioned(hub, room, doing):
    await hub.gateway.run(Member.objects.create, room=room, person="u:7", name="Ben", role="removed")
    await hub.gateway.run(put, "lobby", BEN, "I was here")
    await doing(ADA, "say", text="@ben?", client_id="c1")
    assert (await hub.gateway.run(Message.objects.get, client_id="c1")).mentions == []


async def test_a_question_is_answered_once_however_often_it_is_sent(hub, room, runner):
    first = await say(runner, room, ADA, text="@claude hello", client_id="c1")
    assert await say(runner, room, ADA, text="@claude hello", client_id="c1") == first
    await runner.admission.idle()
    assert await hub.gateway.run(Generation.objects.count) == 1


async def test_a_log_that_begins_anew_takes_what_was_said_with_it_and_keeps_what_it_cost(hub, room, runner, doing):
    await doing(ADA, "say", text="@claude hello", client_id="c1")
    await runner.admission.idle()
    await doing(BEN, "react", message=1, emoji="👍", on=True)
    await doing(BEN, "read", seq=1)
    await hub.gateway.run(reset, "room:lobby")
    row = await hub.gateway.run(Generation.objects.get)
    assert (row.topic_id, row.start_seq, row.text, row.question, row.status) == (None, None, "", "", "done")
    assert row.output_tokens
    assert (await hub.gateway.run(Member.objects.get, person="u:7")).read_seq == 0
    assert (await hub.gateway.run(history, room))["items"] == []
    assert seq_of(await doing(ADA, "say", text="@claude hello again", client_id="c1")) == 1
    await hub.gateway.run(lambda: Generation.objects.update(status="running", topic=room.topic))
    with pytest.raises(Conflict, match="an answer is being written"):
        await hub.gateway.run(reset, "room:lobby")
    await hub.gateway.run(lambda: Generation.objects.update(status="done"))


async def test_what_was_said_stays_when_the_log_is_trimmed(hub, room, doing):
    await doing(ADA, "say", text="hello", client_id="c1")
    await hub.gateway.run(lambda: trim(Topic.objects.get(name="room:lobby"), keep=0))
    assert [item["text"] for item in (await hub.gateway.run(history, room))["items"]] == ["hello"]
