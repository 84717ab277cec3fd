"""The other kinds of reports, and what holds for all of them."""

import json

import pytest
from django.utils import timezone

from streams.chat.generation_rows import Outcome, end_generation
from streams.chat.generation_start import Asked, create_generation
from streams.chat.message_rows import delete_message, edit_message
from streams.chat.provider import Finished, Usage
from streams.chat.rooms import ensure_room
from streams.connections import Connection, registry
from streams.connections.written import Writer, renew_process
from streams.models import Generation, Room
from streams.models.generation import GenerationStatus
from streams.publishing import Identity, publish_events
from streams.reports import generations, messages
from streams.reports.formats import CsvFormat, NdjsonFormat, harmless, write_rows
from streams.reports.kinds import KINDS
from streams.wire.event import NewEvent
from tests.chat.saying import put
from tests.harness.asgi import request
from tests.reports.conftest import make_topic, report, signed_in

ANN = Identity("user", "u:7", "=Ann()", by_cookie=True)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1"]


class Model:
    model, label, demo = "model-1", "@Model", True


def talk(slug="den"):
    """A room in which two things are said and one is answered, beside what others publish to its topic."""
    room = ensure_room(slug, title="A den")
    put(slug, ANN, "=HYPERLINK(1)")
    generation, _ = create_generation(room, Model(), Asked(ANN, 1, "-why?"))
    outcome = Outcome(GenerationStatus.DONE, '+because,\r\n"so"', Finished("end_turn", Usage(3, 5), None))
    end_generation(generation.pk, f"room:{slug}", outcome)
    publish_events(
        f"room:{slug}",
        [NewEvent('{"text": "no author"}'), NewEvent("7"), NewEvent('{"author": {"name": 1}, "text": ""}')],
    )
    put(slug, ANN, "thanks")
    return generation


async def test_messages_are_what_people_and_models_said(hub):
    await hub.gateway.run(talk)
    headers = await signed_in(hub, "ann")
    columns = "seq,author,author_id,kind,status,text"
    _, rows = await report(headers, kind="messages", room="den", columns=columns)
    assert rows == [
        ["1", "'=Ann()", "u:7", "user", "done", "'=HYPERLINK(1)"],
        ["2", "'@Model", "model-1", "model", "done", '\'+because,\r\n"so"'],
        ["7", "'=Ann()", "u:7", "user", "done", "thanks"],
    ]
    _, _, body = await request(
        "GET", "/report", query={"kind": "messages", "room": "den", "format": "ndjson"}, headers=headers
    )
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line.get("text") for line in lines] == ["=HYPERLINK(1)", '+because,\r\n"so"', "thanks", None]
    assert lines[-1] == {"done": True, "total": 3}


async def test_messages_are_told_page_by_page_as_they_read_by_now(hub, monkeypatch):
    monkeypatch.setattr(messages, "MESSAGES_AT_ONCE", 2)
    monkeypatch.setattr(messages, "ANSWERS_AT_ONCE", 1)

    def several():
        talk()
        for n in range(3):
            (seq,) = put("den", ANN, f"line {n}")
            generation, _ = create_generation(Room.objects.get(), Model(), Asked(ANN, seq, "?"))
            end_generation(generation.pk, "room:den", Outcome(GenerationStatus.DONE, f"answer {n}"))
        edit_message(Room.objects.get(), ANN, 1, "edited")
        delete_message(Room.objects.get(), ANN, 7)

    await hub.gateway.run(several)
    headers = await signed_in(hub, "ann")
    _, rows = await report(headers, kind="messages", room="den", columns="status,text")
    lines = [["done", f"{what} {n}"] for n in range(3) for what in ("line", "answer")]
    assert rows == [["done", "edited"], ["done", '\'+because,\r\n"so"'], ["deleted", ""], *lines]


async def test_generations_are_answers_with_their_usage(hub, monkeypatch):
    monkeypatch.setattr(generations, "ROWS", 2)

    def several():
        return [str(talk(f"den-{number}").pk) for number in range(5)]

    made = await hub.gateway.run(several)
    headers = await signed_in(hub, "eve", is_staff=True)
    columns = "id,topic,status,input_tokens,output_tokens,demo,question,answer"
    _, rows = await report(headers, kind="generations", columns=columns)
    assert [row[0] for row in rows] == made
    assert rows[0][1:] == ["room:den-0", "done", "3", "5", "true", "'-why?", '\'+because,\r\n"so"']


async def test_answers_of_the_same_moment_are_each_told_once(hub, monkeypatch):
    monkeypatch.setattr(generations, "ROWS", 3)

    def same_moment():
        made = Generation.objects.bulk_create(
            Generation(asked_by="u:1", question="?", model="m", label="l") for _ in range(10)
        )
        Generation.objects.update(created_at=made[0].created_at)
        return {str(one.pk) for one in made}

    made = await hub.gateway.run(same_moment)
    _, rows = await report(await signed_in(hub, "eve", is_staff=True), kind="generations", columns="id")
    assert len(rows) == 10
    assert {row[0] for row in rows} == made


async def written(hub):
    """The rows of the connections of this process."""
    await hub.gateway.run(renew_process, "Daphne", timezone.now(), False, {}, 10.0)
    await Writer(hub).write()


async def test_connections_are_those_that_are_open_now(hub):
    headers = await signed_in(hub, "eve", is_staff=True)
    with registry.opened(Connection("sse", ANN, topics=("a", "b"))):
        await written(hub)
        _, rows = await report(headers, kind="connections", columns="technique,who,who_id,who_kind,topics,seconds")
    assert [row[:5] for row in rows] == [["sse", "'=Ann()", "u:7", "user", "a b"]]
    assert float(rows[0][5]) >= 0
    assert (await report(headers, kind="connections", to="2020-01-01T00:00:00Z"))[1] == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("formula", FORMULAS, ids=repr)
def test_a_formula_in_every_column_is_harmless_and_a_number_stays_one(kind, formula):
    texts = [column.is_text for column in kind.columns]
    row = [formula if text else -7 for text in texts]
    written = write_rows(CsvFormat(), kind.columns, [row]).decode().removesuffix("\r\n")
    doubled = formula.replace('"', '""')
    assert written == ",".join(f'"\'{doubled}"' if text else "-7" for text in texts)
    assert any(texts)


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)"])
async def test_a_formula_that_the_database_writes_is_harmless(hub, formula):
    await hub.gateway.run(make_topic, "odd", NewEvent("-7", formula, formula))
    _, rows = await report(topic="odd", columns="seq,type,key,data")
    assert rows == [["1", f"'{formula}", f"'{formula}", "'-7"]]


def test_texts_that_are_no_formulas_stay_as_they_are():
    for text in ("", "1+1", "a=b", "'=1", " =1", '"=1"', "grün"):
        assert harmless(text) == text


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_values_survive_a_strict_json_reader(kind):
    row = [
        "\ud800" if column.is_text and not column.is_json else "7" if column.is_json else 7 for column in kind.columns
    ]
    line = write_rows(NdjsonFormat(), kind.columns, [row])
    assert list(json.loads(line)) == [column.name for column in kind.columns]
