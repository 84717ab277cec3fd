"""The prompt of an answer before it is sent: counted where the reckoning may be wrong, refused where it costs much."""

from decimal import Decimal

import pytest

from streams.chat.demo import DemoProvider
from streams.chat.model import check_model
from streams.chat.preparing import prepare
from streams.errors import InvalidInput, OverBudget
from streams.models import ModelPrice
from tests.chat.talking import Talk

pytestmark = pytest.mark.django_db(transaction=True)


def long_talk():
    talk = Talk()
    for number in range(20):
        talk.says(f"{number} " + "x" * 290)
    return talk, talk.asks("@claude ?")


async def test_near_the_limit_the_vendor_counts_and_its_count_decides(make_hub, make_claude, messages_api):
    hub = await make_hub(context_tokens=2_330)
    _, asked = await hub.gateway.run(long_talk)
    messages_api.tokens = 2_300
    whole = await prepare(hub.gateway, make_claude(), asked)
    assert whole.left_out == 0
    messages_api.tokens = 4_000
    less = await prepare(hub.gateway, make_claude(), asked)
    assert less.left_out > 10
    assert len(messages_api.requests) == 2


async def test_far_from_the_limit_and_where_nobody_counts_nothing_is_asked(make_hub, make_claude, messages_api):
    hub = await make_hub(context_tokens=50_000)
    _, asked = await hub.gateway.run(long_talk)
    assert (await prepare(hub.gateway, make_claude(), asked)).left_out == 0
    asked.model = "demo"
    hub = await make_hub(context_tokens=2_330)
    assert (await prepare(hub.gateway, DemoProvider(None), asked)).turns
    assert messages_api.requests == []


async def test_a_vendor_that_does_not_count_stops_nobody(make_hub, make_claude):
    hub = await make_hub(context_tokens=2_330)
    _, asked = await hub.gateway.run(long_talk)
    assert (await prepare(hub.gateway, make_claude("overloaded"), asked)).left_out == 0


async def test_an_answer_that_would_cost_too_much_is_not_begun(make_hub, make_claude, messages_api):
    hub = await make_hub(max_usd_per_room_day=0.01)
    _, asked = await hub.gateway.run(long_talk)
    await hub.gateway.run(
        ModelPrice.objects.create, model="claude-", input_usd=Decimal(10), output_usd=1, since="2026-01-01"
    )
    with pytest.raises(OverBudget) as refused:
        await prepare(hub.gateway, make_claude(), asked)
    assert (refused.value.kind, refused.value.retryable) == ("budget", False)
    assert "0 USD of 0.01 USD a day for this room" in str(refused.value)
    assert messages_api.requests == []


async def test_a_wanted_model_is_one_that_is_offered(make_claude):
    claude, demo = make_claude(), DemoProvider(None)
    assert await check_model(claude, "claude-opus-5-5") == "claude-opus-5-5"
    assert await check_model(claude, None) == await check_model(claude, "") == ""
    with pytest.raises(InvalidInput, match=r"no model 'gpt' here \(claude-opus-5-5, claude-sonnet-5-5, "):
        await check_model(claude, "gpt")
    with pytest.raises(InvalidInput, match=r"no model 'claude-opus-5-5' here \(demo\)"):
        await check_model(demo, "claude-opus-5-5")
