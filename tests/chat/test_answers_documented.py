"""Every field that a room's answers have stands in docs/wire.md, and what stands there they have."""

import re
from pathlib import Path

import pytest

from streams.chat.budget import Asker
from streams.chat.catalogue_shipped import SHIPPED
from streams.chat.history import NEWEST, answer, everything, history
from streams.chat.message_rows import mark_read, react
from streams.chat.presence import present_in
from streams.chat.search import search
from streams.chat.spend import spend_of
from streams.models import Topic
from streams.publishing import Identity
from tests.chat.talking import Talk

WIRE = (Path(__file__).parents[2] / "docs/wire.md").read_text()
ROOMS = WIRE[WIRE.index("## Rooms: WebSocket") : WIRE.index("## POST /chat")]
ANN = Identity("user", "u:7", "Ann", by_cookie=True)
pytestmark = pytest.mark.django_db(transaction=True)


def fields_of(value):
    """The names of all fields, at any depth."""
    if isinstance(value, list):
        return {name for one in value for name in fields_of(one)}
    return set(value).union(*map(fields_of, value.values())) if isinstance(value, dict) else set()


def told_of(begin, end):
    """The names that the page has in quotes, from ``begin`` to ``end``."""
    start = ROOMS.index(begin)
    return set(re.findall(r'"([a-z_0-9]+)"', ROOMS[start : ROOMS.index(end, start)]))


@pytest.fixture
def room(streams_settings):
    streams_settings(max_usd_per_person_day=1)
    talk = Talk()
    said = talk.says("@claude why?", files=[{"name": "a.txt", "size": 1, "content_type": "text/plain"}])
    talk.answers("because", to=said, end_seq=3, input_tokens=1, output_tokens=1)
    Topic.objects.filter(pk=talk.room.topic_id).update(head=10)
    react(talk.room, ANN, said.seq, "👍", on=True)
    mark_read(talk.room, ANN, 1)
    return talk.room


def test_history_and_its_items(room):
    page = history(room, NEWEST, who=ANN) | {"present": present_in(room.slug)}
    items = {item["kind"]: item for item in page.pop("items")}
    head = told_of("`GET /rooms/<slug>/history` answers", "An item is a message")
    assert set(page) | {"items", *page["room"], *page["present"]} == head - {"id", "name", "kind"}
    told = told_of("An item is a message", "or an answer")
    assert fields_of(items["message"]) == told - {"message"} | {"size", "content_type"}
    told = told_of("or an answer, at the place", "all of the chosen version")
    assert set(items["generation"]) | set(items["generation"]["timing"]) == told
    assert set(items["generation"]["usage"]) <= told_of("| `generation.end`", "| `generation.chosen`")
    one = answer(room, items["generation"]["generation"])
    assert set(one) == set(items["generation"]) | {"position"}


def test_export_search_and_money(room):
    items, _ = everything(Topic.objects.get(pk=room.topic_id), 0, 10)
    assert {"answers"} == {name for item in items for name in item} - fields_of(history(room)["items"])
    found = search([room], "because")
    told = told_of("`GET /rooms/<slug>/search?q=` finds", "`GET /rooms/<slug>/export")
    assert fields_of(found) == told - {"model"}
    spend = spend_of(room, Asker("u:1"))
    assert fields_of(spend) == told_of("`GET /rooms/<slug>/spend` answers", "| `error.type`")


def test_models():
    told = told_of("`GET /models` answers", "`source`: `api`")
    assert set(SHIPPED.models[0].as_json()) | {"price", "models", "default", "source", "as_of"} == told
