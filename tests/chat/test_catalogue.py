"""The list of models: the vendor's while it answers, the shipped one else."""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest

from streams.chat.catalogue import AGAIN_S, FRESH_S, Catalogue, Listing, ModelFacts, Thinking
from streams.chat.catalogue_shipped import SHIPPED
from streams.errors import GenerationFailed, InvalidInput
from tests.chat.conftest import MakeClaude
from tests.fakes.messages_api import FakeMessagesAPI
from tests.fakes.messages_models import MODELS, RETIRING

OURS = Listing((ModelFacts("ours", "Ours", 1_000, 100),), "shipped", datetime(2026, 11, 23, tzinfo=UTC))


class Vendor:
    """A clock and a list that can be made to fail."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.fails = False

    async def ask(self) -> Iterable[ModelFacts]:
        self.asked += 1
        if self.fails:
            raise GenerationFailed("unreachable", "Claude's API can't be reached from this server", retryable=True)
        return [ModelFacts("theirs", "Theirs", 1_000, 100)]

    def catalogue(self, shipped: Listing = OURS, default: str = "ours") -> Catalogue:
        return Catalogue(shipped, default=default, ask=self.ask, clock=lambda: self.now)


async def test_all_pages_of_the_vendors_list_are_read(make_claude: MakeClaude, messages_api: FakeMessagesAPI) -> None:
    messages_api.models_page = 3
    listing = await make_claude().catalogue.current()
    assert [one.id for one in listing.models] == list(MODELS)
    assert len(messages_api.requests) == 3
    assert listing.source == "api"
    found = {one.id: one for one in listing.models}
    assert found["claude-opus-5-5"].thinking == Thinking.ALWAYS
    assert found["claude-haiku-4-5"].thinking == Thinking.BUDGET
    assert found["claude-plain-1"].as_json()["thinking"] == "none"
    assert not found["claude-plain-1"].images
    assert found[RETIRING].as_json()["retires_at"] == "2126-11-30"


async def test_the_list_is_kept_for_an_hour() -> None:
    vendor = Vendor()
    catalogue = vendor.catalogue()
    assert catalogue.known.source == "shipped"
    for _ in range(2):
        assert [one.id for one in (await catalogue.current()).models] == ["ours", "theirs"]  # the default stays listed
    assert vendor.asked == 1
    vendor.now = FRESH_S
    await catalogue.current()
    assert vendor.asked == 2


async def test_while_the_vendor_fails_the_last_list_holds_and_it_is_asked_again_after_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    vendor = Vendor()
    vendor.fails = True
    catalogue = vendor.catalogue()
    for _ in range(2):
        assert (await catalogue.current()).source == "shipped"
    assert vendor.asked == 1
    assert [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING] == [
        "the list of models stays the shipped one: Claude's API can't be reached from this server"
    ]
    vendor.now, vendor.fails = AGAIN_S, False
    assert (await catalogue.current()).source == "api"
    vendor.now, vendor.fails = AGAIN_S + FRESH_S, True
    assert (await catalogue.current()).source == "api"


async def test_a_vendor_that_refuses_leaves_the_shipped_list(make_claude: MakeClaude) -> None:
    listing = await make_claude("bad-key").catalogue.current()
    assert (listing.source, listing.find("claude-sonnet-4-6") is not None) == ("shipped", True)


def test_a_model_that_has_retired_is_not_offered_and_a_default_that_nobody_knows_is() -> None:
    today = datetime.now(UTC).date()
    models = tuple(
        ModelFacts(name, name, 1, 1, retires_on=today + timedelta(days=days))
        for name, days in {"over": 0, "soon": 1}.items()
    )
    known = Vendor().catalogue(Listing(models, "shipped", OURS.as_of), default="house-model").known
    assert [one.id for one in known.models] == ["house-model", "soon"]


def test_a_model_that_is_not_offered_is_refused_with_what_there_is() -> None:
    assert OURS.check("ours") == "ours"
    for wrong in ("nonesuch", 7, None):
        with pytest.raises(InvalidInput, match=r"no model .* here \(ours\)"):
            OURS.check(wrong)


def test_models_that_need_a_verified_account_are_not_shipped() -> None:
    assert not [one.id for one in SHIPPED.models if "mythos" in one.id]
    assert SHIPPED.find("claude-sonnet-4-5").retires_on == date(2026, 11, 30)  # type: ignore[union-attr]
