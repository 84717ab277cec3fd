"""Searching what was said: by words, as it reads by now, in rooms that one may read."""

import json

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from streams.chat import search_index
from streams.chat.message_rows import delete_message, edit_message
from streams.chat.rooms import ensure_room
from streams.chat.search import search
from streams.chat.search_words import read_query
from streams.errors import InvalidInput
from streams.models import Generation, Message, Room, Topic
from streams.publishing import Identity
from tests.chat.saying import put
from tests.harness.asgi import request

ADA = Identity("guest", "g:ada", "Ada Fox", by_cookie=True)
pytestmark = pytest.mark.django_db(transaction=True)
SAID = (
    "The quick brown fox jumps over the lazy dog",
    "Foxes are quick; a fox_trot is not",
    "see https://example.com/quick/start, or mail me@example.org",
    "Ärger im Büro",
    "今日は良い天気です",
    "well done 👍🏽",
    "<b>bold</b> & quick",
    "it's 3.14, isn't it?",
)


@pytest.fixture
def room(transactional_db):
    return ensure_room("lobby", title="Lobby")


def found(*rooms, q):
    return [
        result["seq"]
        for result in search([Room.objects.select_related("topic").get(pk=r.pk) for r in rooms], q)["results"]
    ]


def answer(room, question, version, text, *, chosen=True):
    seq = put("lobby", ADA, f"(answer {version})")[0]
    Message.objects.filter(topic=room.topic, seq=seq).delete()
    return Generation.objects.create(
        topic=room.topic, start_seq=seq, message_seq=question, version=version, chosen=chosen, text=text,
        label="Claude", asked_by="g:ada", question="?", model="m", status="done", started_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("q", "places"),
    [("quick", [7, 3, 2, 1]), ("QUICK fox", [2, 1]), ('"quick brown"', [1]), ('"brown quick"', []), ("fox*", [2, 1]),
     ("foxes", [2]), ("trot", [2]), ("example", [3]), ("example.com", [3]), ("me@example.org", [3]), ("büro", [4]),
     ("天気", [5]), ("👍", [6]), ("quick 👍", [7, 3, 2, 1]), ("<b>", [7]), ("bold &", [7]), ("3.14", [8]),
     ("isn't", [8]),
     ('"quick', [7, 3, 2, 1]), ("quick*", [7, 3, 2, 1]), ("-quick", [7, 3, 2, 1]), ("nothing", []), ("NEAR(quick)", []),
     ("quick OR nothing", []), ("quick'; DROP TABLE x; --", []), ("text:quick", []), ("(", []), ("%", []),
     ("3_14", [8])],
)  # fmt: skip
def test_what_people_type_finds_what_was_said(room, q, places):
    put("lobby", ADA, *SAID)
    assert found(room, q=q) == places


@pytest.mark.parametrize("q", ["", "  ", '""', "\0", "x" * 201, " ".join("abcdefghijklmnopqrstu")])
def test_a_search_for_nothing_or_too_much_is_refused(room, q):
    with pytest.raises(InvalidInput):
        search([room], q)


def test_edits_are_found_by_their_new_words_and_deleted_words_are_not(room):
    (seq,) = put("lobby", ADA, "the first words")
    edit_message(room, ADA, seq, "other words")
    assert (found(room, q="first"), found(room, q="other")) == ([], [seq])
    delete_message(room, ADA, seq)
    assert (found(room, q="words"), found(room, q="other")) == ([], [])


def test_answers_are_found_at_their_place_by_the_version_that_counts(room):
    (question,) = put("lobby", ADA, "@claude what is a fox?")
    first = answer(room, question, 1, "An animal of the first version", chosen=False)
    second = answer(room, question, 2, "An animal of the second version")
    (result,) = search([room], "animal")["results"]
    assert (result["seq"], result["kind"], result["author"]["name"]) == (first.start_seq, "generation", "Claude")
    assert result["snippet"] == "An <mark>animal</mark> of the second version"
    second.text = "Something else"
    second.save()
    assert found(room, q="animal") == []
    Generation.objects.all().delete()
    assert found(room, q="something") == []


def test_a_page_goes_on_where_the_last_one_ended(room, monkeypatch):
    put("lobby", ADA, *(f"line {n} 天" for n in range(120)))
    for q in ("line", "天"):
        seen, before = [], None
        while True:
            page = search([room], q, before=before)
            seen += [result["seq"] for result in page["results"]]
            before = page["older"]
            if before is None:
                break
        assert seen == list(range(120, 0, -1))
    monkeypatch.setattr(search_index, "SCANNED", 10)
    put("lobby", ADA, *("nothing here" for _ in range(25)))
    looked = [search([room], "天", before=before)["older"] for before in (None, 136, 126)]
    assert looked == [136, 126, 116]


def test_a_page_before_a_place_that_no_room_has_is_of_that_room_alone(room):
    """The rooms lie one behind the other in SQLite's index."""
    put("lobby", ADA, "a fox")
    ensure_room("den", title="Den")
    put("den", ADA, *("another fox" for _ in range(60)))
    assert [result["seq"] for result in search([room], "fox", before=10**18 - 1)["results"]] == [1]


async def test_only_rooms_that_one_may_read_are_searched(hub):
    def talk():
        for slug in ("lobby", "den", "secret"):
            ensure_room(slug, title=slug.title())
            put(slug, ADA, f"a fox in the {slug}")
        Topic.objects.filter(name="room:secret").update(visibility="private")
        client = Client()
        client.force_login(User.objects.create_user("ann"))
        return {"Cookie": f"sessionid={client.cookies['sessionid'].value}"}

    headers = await hub.gateway.run(talk)

    async def get(path, method="GET", **query):
        status, _, body = await request(method, path, query=query, headers=headers)
        return status, json.loads(body)

    _, answer = await get("/search", q="fox")
    assert [(one["room"]["slug"], one["snippet"]) for one in answer["results"]] == [
        ("den", "a <mark>fox</mark> in the den"),
        ("lobby", "a <mark>fox</mark> in the lobby"),
    ]
    assert (await get("/rooms/den/search", q="fox"))[1]["results"] == answer["results"][:1]
    assert (await get("/rooms/secret/search", q="fox"))[0] == 404
    assert (await get("/rooms/den/search", q="fox", before="x"))[0] == 400


@pytest.mark.parametrize(
    ("q", "text", "snippet"),
    [("fox", "a <i>fox</i> & more", "a &lt;i&gt;<mark>fox</mark>&lt;/i&gt; &amp; more"),
     ("fo*", "foxes fo", "<mark>foxes</mark> <mark>fo</mark>"),
     ("uber", "über alles", "<mark>über</mark> alles"),
     ('"a b"', "x a, b y", "x <mark>a, b</mark> y"),
     ("👍", "ok 👍 !", "ok <mark>👍</mark> !")],
)  # fmt: skip
def test_a_snippet_is_escaped_and_marks_what_fits(q, text, snippet):
    assert read_query(q).snippet(text) == snippet


def test_a_snippet_is_what_lies_around_the_first_place_that_fits():
    text = "word " * 100 + "the end " + "z" * 300
    assert read_query("end").snippet(text) == "…" + "word " * 11 + "the <mark>end</mark> " + "z" * 179 + "…"


def test_the_database_uses_its_index(room):
    """Triggers are lost when a later migration remakes a table on SQLite: that one has to make them again."""
    put("lobby", ADA, *SAID)
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN SELECT 1 FROM streams_message WHERE {search_index._FITS}", ["fox"])
            assert "streams_message_words" in str(cursor.fetchall())
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name")
            kinds = ("said", "said_anew", "unsaid")
            tables = ("streams_generation", "streams_message")
            assert [name for (name,) in cursor.fetchall()] == [f"{table}_{kind}" for table in tables for kind in kinds]
