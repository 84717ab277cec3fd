"""History: the state of a room at a position, from which the events behind it lead on."""

import copy
import random

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from streams.chat.history import NEWEST, Wanted, answer, history, page_at
from streams.chat.message_rows import delete_message, edit_message, mark_read, react
from streams.chat.rooms import ensure_room
from streams.errors import NotFound
from streams.models import Event, Generation, Member, Message, Topic
from streams.models.generation import GenerationStatus
from streams.publishing import Identity, new_event, publish_events
from tests.chat.folding import fold, state_of
from tests.chat.saying import put

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
BEN = Identity("user", "u:7", "Ben", by_cookie=True, user_id=None)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room(transactional_db):
    return ensure_room("lobby", title="Lobby")


def tell(event_type, **data):
    return publish_events("room:lobby", [new_event(data, type=event_type)]).new[0].seq


@transaction.atomic
def begin(room, question, version=1):
    """Another answer to a message, as its row and its event."""
    row = Generation(
        topic=room.topic, asked_by=ADA.id, asked_by_name=ADA.name, question="?", model="m", label="M", version=version,
        message_seq=question, status=GenerationStatus.RUNNING, started_at=timezone.now(),
    )  # fmt: skip
    Generation.objects.filter(topic=room.topic, message_seq=question).update(chosen=False)
    told = {"generation": str(row.pk), "version": version, "message": question, "status": "running"}
    row.start_seq = tell("generation.start", **told)
    row.save(force_insert=True)
    return row


def grow(row, text):
    tell("generation.thinking", generation=str(row.pk), text="hm ")
    tell("generation.delta", generation=str(row.pk), text=text)
    tell("generation.block", generation=str(row.pk), index=0, chars=len(text), html=f"<p>{text}</p>")
    row.text, row.thinking, row.html = row.text + text, row.thinking + "hm ", row.html + f"<p>{text}</p>"


@transaction.atomic
def end(row, status=GenerationStatus.DONE):
    row.status, row.ended_at, row.html_chars = status, timezone.now(), len(row.text)
    by = None
    if status == GenerationStatus.STOPPED:
        row.stop_requested_by, row.stop_requested_by_name, by = ADA.id, ADA.name, ADA.as_author()
    more = {"stop_reason": None, "usage": None, "error": None, "html": None, "text": None, "by": by}
    row.end_seq = tell("generation.end", generation=str(row.pk), status=status, **more)
    row.save()


class Talk:
    """What people and a model may do in a room, by chance."""

    def __init__(self, room, seed):
        self.room, self.random, self.running = room, random.Random(seed), None
        self.said = put("lobby", ADA, "hello")
        self.alive = set(self.said)
        self.asked = {}

    ACTS = ("say", "edit", "delete", "sign", "sign", "sign", "ask", "ask", "grow", "grow", "grow", "end")

    def step(self):
        getattr(self, self.random.choice(self.ACTS))()

    def say(self):
        new = put("lobby", self.random.choice([ADA, BEN]), f"line {len(self.said)}")
        self.said += new
        self.alive |= set(new)

    def edit(self):
        if mine := [seq for seq in self.alive if Message.objects.get(seq=seq).author_id == ADA.id]:
            edit_message(self.room, ADA, self.random.choice(mine), f"edited {self.random.random()} @ben")

    def delete(self):
        if len(self.alive) > 3 and self.random.random() < 0.5:
            seq = self.random.choice(sorted(self.alive))
            delete_message(self.room, {ADA.id: ADA, BEN.id: BEN}[Message.objects.get(seq=seq).author_id], seq)
            self.alive.remove(seq)

    def sign(self):
        on = self.random.random() < 0.6
        signs, who = ["👍", "❤️", "🎉"], self.random.choice([ADA, BEN])
        react(self.room, who, self.random.choice(sorted(self.alive)), self.random.choice(signs), on=on)

    def ask(self):
        if self.running is None:
            question = self.random.choice(self.said)
            self.asked[question] = self.asked.get(question, 0) + 1
            self.running = begin(self.room, question, self.asked[question])

    def grow(self):
        if self.running is not None:
            grow(self.running, f"{self.random.random()} ")

    def end(self):
        if self.running is not None:
            end(self.running, self.random.choice([GenerationStatus.DONE, GenerationStatus.STOPPED]))
            self.running = None


def at(room, head=None, wanted=NEWEST):
    topic = Topic.objects.get(pk=room.topic_id)
    topic.head = topic.head if head is None else head
    return page_at(topic, wanted)


@pytest.mark.parametrize("seed", range(4))
def test_a_snapshot_of_any_position_and_the_events_behind_it_are_the_state_at_the_end(room, seed, streams_settings):
    """Read in time, and read later, when the rows are as far ahead of the position as they can be."""
    streams_settings(history_items=1_000)
    talk, in_time = Talk(room, seed), {}
    for _ in range(60):
        talk.step()
        page = at(room)
        in_time[int(page["position"].rpartition("-")[2])] = state_of(page)
    events = list(Event.objects.filter(topic=room.topic).order_by("seq"))
    last = state_of(at(room))
    assert len(in_time) > 20
    for position in range(len(events) + 1):
        for state in (state_of(at(room, position)), in_time.get(position)):
            if state is not None:
                folded = copy.deepcopy(state)
                for event in events[position:]:
                    fold(folded, event)
                assert folded == last, f"from {position} on"


def test_an_answer_that_ended_after_the_position_still_runs_in_its_history(room):
    (question,) = put("lobby", ADA, "@claude hello")
    row = begin(room, question)
    for text in ("One ", "two"):
        grow(row, text)
    end(row)
    seen = {}
    for position in range(row.start_seq, row.end_seq + 1):
        item = at(room, position)["items"][-1]
        seen[position - row.start_seq] = (item["status"], item["text"], item["html"], item["blocks"], item["thinking"])
    assert seen[0] == ("running", "", None, 0, "")
    assert seen[2] == ("running", "One ", None, 0, "hm ")
    assert seen[6] == ("running", "One two", "<p>One </p><p>two</p>", 2, "hm hm ")
    assert seen[7] == ("done", "One two", "<p>One </p><p>two</p>", 0, "hm hm ")


def test_versions_lie_at_the_place_of_the_first_and_the_chosen_one_is_shown(room):
    (question,) = put("lobby", ADA, "@claude hello")
    rows = []
    for version in (1, 2, 3):
        rows.append(begin(room, question, version))
        grow(rows[-1], f"version {version}")
        end(rows[-1])
    put("lobby", BEN, "and then")
    Generation.objects.filter(topic=room.topic).update(chosen=False)
    Generation.objects.filter(pk=rows[1].pk).update(chosen=True)
    page = at(room)
    assert [item["kind"] for item in page["items"]] == ["message", "generation", "message"]
    item = page["items"][1]
    assert (item["seq"], item["generation"], item["text"]) == (rows[0].start_seq, str(rows[1].pk), "version 2")
    assert [one["version"] for one in item["versions"]] == [1, 2, 3]
    third = answer(room, rows[2].pk)
    assert (third["seq"], third["text"], third["version"]) == (item["seq"], "version 3", 3)
    assert third["position"] == page["position"]
    with pytest.raises(NotFound):
        answer(ensure_room("den", title="Den"), rows[2].pk)


def test_pages_meet_without_a_hole_whichever_way_one_goes(room, streams_settings):
    streams_settings(history_items=10)
    for n in range(30):
        (seq,) = put("lobby", ADA, f"line {n}")
        if n % 3 == 0:
            row = begin(room, seq)
            grow(row, "answer")
            end(row)
    all_of_it = [item["seq"] for item in at_all(room)]
    assert len(all_of_it) == 40
    page, back = at(room), []
    assert (page["older"], page["newer"]) == (True, False)
    while True:
        back = [item["seq"] for item in page["items"]] + back
        if not page["older"]:
            break
        page = at(room, wanted=Wanted(before=page["oldest"]))
        assert page["newer"]
    assert back == all_of_it
    page, forth = at(room, wanted=Wanted(after=0)), []
    while True:
        forth += [item["seq"] for item in page["items"]]
        if not page["newer"]:
            break
        page = at(room, wanted=Wanted(after=page["newest"]))
        assert page["older"]
    assert forth == all_of_it
    middle = all_of_it[20]
    around = [item["seq"] for item in at(room, wanted=Wanted(around=middle))["items"]]
    assert around == all_of_it[15:26]
    assert at(room, wanted=Wanted(around=1))["older"] is False


def at_all(room):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.chat.history.get_settings", lambda: type("Settings", (), {"history_items": 1_000}))
        return at(room)["items"]


def test_a_page_asks_the_same_few_queries_however_much_is_in_it(room, streams_settings):
    counts = []
    for items in (2, 200):
        streams_settings(history_items=items)
        for seq in put("lobby", ADA, *(f"line {n}" for n in range(items))):
            row = begin(room, seq)
            grow(row, "answer")
            end(row)
            react(room, BEN, seq, "👍", on=True)
        begin(room, seq, 2)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            history(room, who=ADA)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_what_was_read_never_goes_back_and_what_others_said_since_is_counted(room):
    first, second, third = put("lobby", BEN, "one", "two", "three")
    assert {"last_read": None, "unread": 0}.items() <= history(room, who=ADA).items()
    mark_read(room, ADA, first)
    assert {"last_read": first, "unread": 2}.items() <= history(room, who=ADA).items()
    mark_read(room, ADA, second)
    mark_read(room, ADA, first)
    put("lobby", ADA, "mine")
    delete_message(room, BEN, third)
    put("lobby", BEN, "four")
    assert {"last_read": second, "unread": 1}.items() <= history(room, who=ADA).items()
    mark_read(room, ADA, 10**9)
    assert {"unread": 0}.items() <= history(room, who=ADA).items()
    assert Member.objects.get().read_seq == Topic.objects.get(pk=room.topic_id).head
    mark_read(room, Identity("guest", "g:anonymous", "Guest"), 1)
    assert Member.objects.count() == 1
