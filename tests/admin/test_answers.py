"""What answers cost: by the price of their model and day, summed by person, room and model."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from streams.chat.rooms import ensure_room
from streams.models import Generation, ModelPrice

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/admin/streams/generation/"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def prices():
    ModelPrice.objects.all().delete()
    for model, cost, since in [
        ("claude", 1, date(2026, 1, 1)),
        ("claude-opus", 10, date(2026, 1, 1)),
        ("claude-opus", 4, date(2026, 11, 24)),
    ]:
        ModelPrice.objects.create(model=model, input_usd=Decimal(cost), output_usd=Decimal(cost) * 5, since=since)


def answer(model="claude-opus-5-5", at=NOON, tokens=(1_000_000, 100_000), **fields):
    given = {"asked_by": "u:1", "question": "?", "label": "Claude", "status": "done", **fields}
    made = Generation.objects.create(model=model, input_tokens=tokens[0], output_tokens=tokens[1], **given)
    Generation.objects.filter(pk=made.pk).update(created_at=at)
    return made


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({}, 6.0),
        ({"at": NOON - timedelta(days=1)}, 15.0),
        ({"at": datetime(2026, 11, 24, tzinfo=UTC)}, 6.0),
        ({"at": datetime(2020, 1, 1, tzinfo=UTC)}, 15.0),
        ({"model": "claude-haiku-4-5"}, 1.5),
        ({"model": "other"}, None),
        ({"model": "claude-opus-5-5", "demo": True}, 0.0),
        ({"tokens": (None, None)}, 0.0),
    ],
    ids=["newest", "the day before", "its first second", "before all prices", "prefix", "unknown", "demo", "no tokens"],
)
def test_an_answer_costs_what_its_model_cost_on_its_day(fields, cost):
    answer(**fields)
    assert Generation.objects.priced().get().cost_usd == (None if cost is None else pytest.approx(cost))


def test_sums_are_over_a_time_and_leave_out_what_has_no_price():
    answer()
    answer(at=NOON - timedelta(days=2))
    answer(model="other")
    rows = Generation.objects.asked_between(NOON - timedelta(days=1), NOON + timedelta(days=1))
    sums = rows.spent()
    assert sums["spend_usd"] == pytest.approx(6.0)
    assert (sums["answers"], sums["unpriced"], sums["input_tokens"]) == (2, 1, 2_000_000)
    assert Generation.objects.none().spent()["spend_usd"] == 0


def test_the_page_shows_who_which_room_and_which_model_spent_most(root):
    room = ensure_room("design", title="Design")
    now = timezone.now()
    answer(at=now, topic=room.topic)
    answer(at=now, model="claude-haiku-4-5", asked_by="g:abc")
    answer(at=now - timedelta(days=40), asked_by="u:99")
    spent = root.get(LIST).context["spent"]
    assert spent["total"]["spend"] == "$7.50"
    names = {table["title"]: [row["name"] for row in table["rows"]] for table in spent["tables"]}
    assert names["Person"][1] == "g:abc"
    assert names["Room"] == ["Design", "POST /chat"]
    assert names["Model"] == ["claude-opus-5-5", "claude-haiku-4-5"]
    assert root.get(LIST, {"period": "all"}).context["spent"]["total"]["answers"] == "3"
    assert root.get(LIST, {"model": "claude-haiku-4-5"}).context["spent"]["total"]["spend"] == "$1.50"
    assert "$6.00" in root.get("/admin/streams/room/").content.decode()


def test_the_page_of_one_shows_its_text_as_text(root):
    made = answer(text="<b>bold</b>")
    page = root.get(f"{LIST}{made.pk}/change/").content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page and "$6.00" in page
