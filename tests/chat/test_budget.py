"""What may be spent: by a person, in a room, in a day and a month; and who may see it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from streams.chat.budget import Asker, check_budget, days_of, guest_at
from streams.chat.generation_rows import Outcome, end_generation, server_stopped
from streams.chat.preparing import prepare
from streams.chat.provider import Prompt, Turn
from streams.errors import OverBudget
from streams.models import Generation, ModelPrice
from streams.models.generation import GenerationStatus
from streams.models.price import price_of
from streams.publishing import Identity, create_token
from tests.chat.talking import Talk

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = "m-1"
PROMPT = Prompt((Turn("user", "x" * 3_000),), "", MODEL, 100)  # 1,004 and 4 tokens


@pytest.fixture(autouse=True)
def price():
    return ModelPrice.objects.create(model="m-", input_usd=Decimal(10), output_usd=Decimal(100), since="2026-01-01")


@pytest.fixture
def talk():
    return Talk()


def spend(talk, usd, *, person="u:1", ago=timedelta(0), **fields):
    """An answer that cost so much, in output."""
    one = talk.answers(
        "text", to=talk.says("@claude ?", person=person), model=MODEL, output_tokens=usd * 10_000, **fields
    )
    Generation.objects.filter(pk=one.pk).update(created_at=timezone.now() - ago)
    return one


def test_without_limits_anything_may_be_spent(talk):
    spend(talk, 1_000)
    check_budget(talk.room, Asker("u:1"), "a model without a price", PROMPT)


def test_a_persons_day_counts_their_tokens_and_nobody_elses(talk, streams_settings):
    streams_settings(max_usd_per_person_day=5)
    user = User.objects.create_user("ann")
    token, _ = create_token(name="ann's", chat=True, user=user)
    person = f"u:{user.pk}"
    spend(talk, 4, person=person)
    spend(talk, 100, person="u:999")
    spend(talk, 100, person=person, ago=timedelta(days=1, seconds=1))
    check_budget(None, Asker(person), MODEL, PROMPT)
    spend(talk, 1, person=f"t:{token.pk}")
    for one in (person, f"t:{token.pk}"):
        with pytest.raises(
            OverBudget, match=r"5\.00 USD of 5\.00 USD a day for one person are spent; it begins anew on "
        ):
            check_budget(talk.room, Asker(one), MODEL, PROMPT)
    check_budget(talk.room, Asker("u:998"), MODEL, PROMPT)


def test_the_question_itself_counts(talk, streams_settings):
    streams_settings(max_usd_per_room_day=5)
    spend(talk, 4)
    check_budget(talk.room, Asker("u:1"), MODEL, PROMPT)
    large = Prompt((Turn("user", "x" * 300_000),), "", MODEL, 100)
    with pytest.raises(
        OverBudget, match=r"4\.00 USD of 5\.00 USD a day for this room are spent, and this answer may cost 1\.26 USD;"
    ):
        check_budget(talk.room, Asker("u:1"), MODEL, large)


def test_all_that_an_answer_may_say_has_to_fit_and_is_reserved_until_its_end(talk, streams_settings):
    streams_settings(max_usd_per_person_day=1)
    asked = replace(PROMPT, max_tokens=4_000)  # 0.40 USD, and 0.01 for the question
    reserved = check_budget(None, Asker("u:1"), MODEL, asked)
    assert reserved == pytest.approx(0.4 + 1_008 * 12.5 / 1e6)
    first, second = (talk.asks("@claude ?", person="u:1") for _ in range(2))
    Generation.objects.filter(pk__in=[first.pk, second.pk]).update(reserved_usd=reserved)
    with pytest.raises(
        OverBudget, match=r"^0\.00 USD .* spent, 0\.83 USD reserved for answers that are being .* may cost 0\.41 USD;"
    ):
        check_budget(None, Asker("u:1"), MODEL, asked)
    check_budget(None, Asker("u:2"), MODEL, asked)
    end_generation(first.pk, None, Outcome(GenerationStatus.INTERRUPTED, "a word", error=server_stopped()))
    check_budget(None, Asker("u:1"), MODEL, asked)


async def test_questions_asked_at_once_do_not_share_the_last_dollar(hub, make_hub, make_claude, streams_settings):
    """Each fits alone; of two processes, one at a time."""
    hub = await make_hub(max_usd_per_person_day=0.6)
    rooms = [await hub.gateway.run(Talk, slug) for slug in ("one", "two", "three", "four")]
    asked = [await hub.gateway.run(partial(one.asks, "@claude ?", person="u:1")) for one in rooms]
    await hub.gateway.run(lambda: Generation.objects.update(model=MODEL))
    asked = await hub.gateway.run(lambda: list(Generation.objects.select_related("topic__room")))
    provider = make_claude()
    results = await asyncio.gather(*(prepare(hub.gateway, provider, one) for one in asked), return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["OverBudget"] * 3 + ["Prompt"]


def test_another_name_does_not_give_a_guest_another_limit(talk, streams_settings):
    streams_settings(max_usd_per_person_day=1)
    ada, eve = (Identity("guest", f"g:{name}", name, by_cookie=True) for name in ("ada", "eve"))
    spend(talk, 1, person=ada.id, guest_at=guest_at(ada, "192.0.2.7"))
    with pytest.raises(OverBudget, match=r"1\.00 USD of 1\.00 USD a day for the guests of one address are spent;"):
        check_budget(None, Asker(eve.id, guest_at(eve, "192.0.2.7")), MODEL, PROMPT)
    check_budget(None, Asker(eve.id, guest_at(eve, "192.0.2.8")), MODEL, PROMPT)
    assert guest_at(ada, "2001:db8::1") == guest_at(eve, "2001:db8::f:2") != guest_at(eve, "2001:db8:0:1::1")
    assert guest_at(ada, "") != guest_at(ada, "192.0.2.7")
    assert guest_at(Identity("user", "u:1", "ann"), "192.0.2.7") == ""


def test_a_rooms_month_is_its_own(talk):
    talk.room.budget_usd = Decimal("10")
    *_, month, next_month = days_of(timezone.now())
    spend(talk, 20, ago=timezone.now() - month + timedelta(seconds=1))
    check_budget(talk.room, Asker("u:1"), MODEL, PROMPT)
    spend(talk, 10)
    with pytest.raises(
        OverBudget, match=f"a month for this room are spent; it begins anew on {next_month:%Y-%m-%d} 00:00 UTC"
    ):
        check_budget(talk.room, Asker("u:2"), MODEL, PROMPT)
    check_budget(Talk("other").room, Asker("u:2"), MODEL, PROMPT)
    check_budget(talk.room, Asker("u:2"), "demo", PROMPT)


def test_a_limit_that_cannot_be_reckoned_refuses(talk, streams_settings):
    streams_settings(max_usd_per_person_day=5)
    with pytest.raises(
        OverBudget, match=r"nonesuch has no price here, so that the limit of 5\.00 USD a day for one person"
    ):
        check_budget(talk.room, Asker("u:1"), "nonesuch", PROMPT)


def test_months_and_days_are_of_utc():
    moment = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert [f"{one:%m-%d}" for one in days_of(moment)] == ["12-31", "01-01", "12-01", "01-01"]


def test_what_went_through_the_cache_costs_its_own_price(talk, price):
    one = spend(talk, 0, input_tokens=3_000_000, cache_read_tokens=1_000_000, cache_write_tokens=1_000_000)
    assert Generation.objects.priced().get(pk=one.pk).cost_usd == pytest.approx(10 + 1 + 12.5)
    price.cache_read_usd, price.cache_write_usd = Decimal("0.5"), Decimal("20")
    price.save()
    assert Generation.objects.priced().get(pk=one.pk).cost_usd == pytest.approx(10 + 0.5 + 20)


def test_the_longest_name_and_the_newest_price_of_a_day_count():
    ModelPrice.objects.create(model="m-1", input_usd=1, output_usd=1, since="2026-03-01")
    ModelPrice.objects.create(model="m-1", input_usd=2, output_usd=2, since="2026-05-01")
    found = [
        price_of(model, day.date())
        for model, day in [
            ("m-12", datetime(2026, 1, 1)),
            ("m-12", datetime(2026, 5, 1)),
            ("m-2", datetime(2026, 5, 1)),
        ]
    ]
    assert [float(one.input_usd) for one in found] == [1, 2, 10]
    assert price_of("x", datetime(2026, 1, 1).date()) is None


def test_a_rooms_members_see_what_it_costs(client, talk, streams_settings):
    streams_settings(max_usd_per_room_day=50)
    spend(talk, 3, person="u:1")
    spend(talk, 1, person="u:2")
    spend(talk, 5, person="u:2", ago=timedelta(days=40))
    talk.asks("@claude ?", person="u:3")
    Generation.objects.filter(status="running").update(reserved_usd=0.5, asked_by="u:2")
    assert client.get("/rooms/lobby/spend").status_code in (401, 404)
    client.force_login(User.objects.create_user("ann"))
    value = client.get("/rooms/lobby/spend").json()
    assert (value["today"]["spend_usd"], value["today"]["answers"]) == (4, 3)
    assert [(one["id"], one["spend_usd"]) for one in value["today"]["people"]] == [("u:1", 3), ("u:2", 1)]
    assert value["month"]["spend_usd"] == 4
    assert [{**one, "until": ""} for one in value["limits"]] == [
        {"whom": "a day for this room", "usd": 50, "spent_usd": 4, "reserved_usd": 0.5, "until": ""}
    ]
    assert client.get("/rooms/nowhere/spend").status_code == 404
