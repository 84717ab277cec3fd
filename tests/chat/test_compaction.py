"""Answers that ended become one event of their room's log; who reads on loses nothing."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from streams.chat.compaction import compact_answer, compact_some, keep_compacted
from streams.chat.rooms import ensure_room
from streams.connections import claim_lease
from streams.eventlog import reset
from streams.models import Event, Generation, Lease
from streams.publishing import new_event, publish_events
from tests.harness.waiting import aeventually

pytestmark = pytest.mark.django_db(transaction=True)
TOPIC = "room:lobby"


def tell(kind, **data):
    return publish_events(TOPIC, [new_event(data, type=f"generation.{kind}")]).new[0].seq


def answer(*pieces, ended_s_ago=3_600.0, **fields):
    """An answer that ended, as its events and its row have it; a message of another comes in between."""
    room = ensure_room("lobby", title="Lobby")
    text = "".join(pieces)
    one = Generation(topic=room.topic, asked_by="g:ada", question="?", model="demo", label="Demo", demo=True)
    ours = str(one.pk)
    one.start_seq = tell("start", generation=ours)
    tell("state", generation=ours, status="running")
    tell("thinking", generation=ours, text="hm")
    for piece in pieces:
        tell("delta", generation=ours, text=piece)
        publish_events(TOPIC, [new_event({"text": f"about {ours}"})])
        tell("delta", generation="another", text=f'{{"generation": "{ours}"}}')
    tell("block", generation=ours, index=0, chars=1, html="<p>x</p>")
    digest = hashlib.sha256(text.encode()).hexdigest()
    one.end_seq = tell("end", generation=ours, length=len(text), sha256=digest, html=None, text=None, blocks=1)
    one.text, one.html, one.html_chars, one.status = text, f"<p>{text}</p>", len(text), "done"
    one.ended_at = timezone.now() - timedelta(seconds=ended_s_ago)
    for name, value in fields.items():
        setattr(one, name, value)
    one.save(force_insert=True)
    return one


def events_of(one):
    return [
        (event.type.removeprefix("generation."), json.loads(event.data))
        for event in Event.objects.filter(topic__name=TOPIC).order_by("seq")
        if str(one.pk) == json.loads(event.data).get("generation")
    ]


def test_the_end_has_the_whole_and_only_the_pieces_of_the_answer_are_gone():
    one = answer("Hel", "lo", " \N{WAVING HAND SIGN}")
    others = Event.objects.exclude(data__contains=f'"generation":"{one.pk}"').count()
    assert compact_answer(one)
    kinds = [kind for kind, _ in events_of(one)]
    assert kinds == ["start", "end"]
    end = events_of(one)[-1][1]
    assert (end["text"], end["html"]) == ("Hello \N{WAVING HAND SIGN}", "<p>Hello \N{WAVING HAND SIGN}</p>")
    assert hashlib.sha256(end["text"].encode()).hexdigest() == end["sha256"]
    assert (end["length"], end["blocks"]) == (7, 1)
    assert Event.objects.count() == others + 2
    one.refresh_from_db()
    assert one.compacted_at is not None


def test_a_text_that_no_event_holds_is_left_to_the_room(streams_settings):
    streams_settings(max_event_bytes=1_000)
    one = answer(*["x" * 400] * 3)
    assert compact_answer(one)
    assert [kind for kind, _ in events_of(one)] == ["start", "end"]
    assert events_of(one)[-1][1]["text"] is None


def test_a_text_of_which_the_html_shows_a_part_is_left_to_the_room():
    one = answer("shown", " and not shown", html_chars=5)
    assert compact_answer(one)
    assert (events_of(one)[-1][1]["text"], events_of(one)[-1][1]["html"]) == (None, None)


def test_what_is_compacted_once_is_not_looked_at_again():
    one = answer("a")
    assert compact_some(after_s=60, seconds=10) == (1, False)
    assert compact_some(after_s=60, seconds=10) == (0, False)
    before = list(Event.objects.order_by("seq").values_list("seq", "data"))
    compact_answer(one)  # by a process that has it from before
    assert list(Event.objects.order_by("seq").values_list("seq", "data")) == before


def test_what_ended_just_now_or_has_not_ended_waits():
    answer("a", ended_s_ago=10)
    answer("b", ended_at=None, end_seq=None, status="running")
    assert compact_some(after_s=60, seconds=10) == (0, False)
    assert compact_some(after_s=5, seconds=10) == (1, False)


def test_an_answer_of_a_log_that_began_anew_changes_nothing_there():
    one = answer("a", "b")
    reset(TOPIC)
    for _ in range(one.end_seq - 1):
        publish_events(TOPIC, [new_event(1)])
    tell("end", generation="another", text=None, sha256="")
    before = list(Event.objects.order_by("seq").values_list("seq", "data"))
    assert not compact_answer(one)
    assert list(Event.objects.order_by("seq").values_list("seq", "data")) == before
    assert compact_some(after_s=60, seconds=10) == (0, False)


def test_a_row_that_disagrees_with_the_log_loses_it_nothing(caplog):
    one = answer("what people read")
    Generation.objects.update(text="something else")
    one.refresh_from_db()
    assert not compact_answer(one)
    assert "delta" in [kind for kind, _ in events_of(one)]
    assert "another text" in caplog.text
    assert "something else" not in caplog.text


def test_a_turn_is_bounded_and_says_that_there_is_more():
    for _ in range(3):
        answer("a")
    assert [compact_some(after_s=60, seconds=0) for _ in range(4)] == [(1, True), (1, True), (1, True), (0, False)]


async def test_one_process_does_it_all_the_time(make_hub):
    hub = await make_hub(compact_after_s=0.05)
    one = await hub.gateway.run(answer, "a", "b")
    held = timezone.now() + timedelta(seconds=3_600)
    await hub.gateway.run(lambda: Lease.objects.create(name="compaction", owner="another", expires_at=held))
    task = hub.tasks.run("compaction", lambda: keep_compacted(hub))
    try:
        assert not await hub.gateway.run(claim_lease, "compaction", seconds=1)
        assert len(await hub.gateway.run(events_of, one)) > 2
        await hub.gateway.run(lambda: Lease.objects.all().delete())

        async def compacted():
            return len(await hub.gateway.run(events_of, one)) == 2

        await aeventually(compacted)
    finally:
        task.cancel()
