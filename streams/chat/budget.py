"""What answers may cost: limits for a person's and a room's day and a room's month, looked at before the call.

An answer is begun only if the most that it may cost still fits: the tokens of its prompt, as they are reckoned, and all
of its ``max_tokens``. So much is reserved in its row until its end, when what it did cost takes the place of that:
answers that are written at the same time can't pass a limit together. Days and months are of UTC. Guests take other
names as they like, so that all of one address share the limit of one person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.crypto import salted_hmac

from streams.chat.context_window import tokens_of_prompt
from streams.chat.provider import Prompt
from streams.conf import get_settings
from streams.connections import network_of
from streams.errors import OverBudget
from streams.models import Generation, ModelPrice, Room, Token
from streams.models.price import MILLION, GenerationQuerySet, price_of
from streams.publishing import Identity


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, by the Identity's id, and of a guest from where; the tokens of a user count as the user."""

    id: str
    guest_at: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many USD for ``whom`` from ``since`` to ``until``."""

    whom: str
    usd: float
    answers: GenerationQuerySet
    since: datetime
    until: datetime

    @property
    def spent_usd(self) -> float:
        """What is spent by now. Asks the database."""
        return float(self.answers.filter(created_at__gte=self.since).spent()["spend_usd"])

    @property
    def reserved_usd(self) -> float:
        """What the answers that have not ended may cost at most. Asks the database."""
        open_answers = self.answers.filter(created_at__gte=self.since, reserved_usd__isnull=False)
        return float(open_answers.aggregate(usd=Sum("reserved_usd", default=0.0))["usd"])


def guest_at(who: Identity, address: str) -> str:
    """By what the answers of all guests of an address are found again, which does not tell it; empty of others."""
    if who.kind != "guest":
        return ""
    return salted_hmac("streams.guest_at", network_of(address), algorithm="sha256").hexdigest()[:32]


@transaction.atomic
def check_budget(room: Room | None, asker: Asker, model: str, prompt: Prompt) -> float | None:
    """The USD to reserve in the answer's row, in the caller's transaction; None where no limit holds.

    Raises OverBudget if that would pass a limit, or can't be reckoned. One at a time, by a lock of the prices: two that
    look at once would both find the last dollar. Touches the database.
    """
    limits = list(limits_of(room, asker))
    if not limits or model == "demo":
        return None
    list(ModelPrice.objects.select_for_update().order_by("pk").values_list("pk"))
    price = price_of(model, timezone.now().date())
    if price is None:
        raise OverBudget(
            f"{model} has no price here, so that the limit of {_usd(limits[0].usd)} {limits[0].whom} can't be kept"
        )
    input_usd = max(price.input_usd, price.cache_write)
    most = (tokens_of_prompt(prompt) * float(input_usd) + prompt.max_tokens * float(price.output_usd)) / MILLION
    for limit in limits:
        _check_fits(limit, most)
    return most


def _check_fits(limit: Limit, most: float) -> None:
    spent, reserved = limit.spent_usd, limit.reserved_usd
    if spent + reserved + most <= limit.usd:
        return
    text = f"{_usd(spent)} of {_usd(limit.usd)} {limit.whom} are spent"
    if spent < limit.usd:
        text += f", {_usd(reserved)} reserved for answers that are being written" if reserved else ""
        text += f", and this answer may cost {_usd(most)}"
    raise OverBudget(f"{text}; it begins anew on {limit.until:%Y-%m-%d %H:%M} UTC")


def limits_of(room: Room | None, asker: Asker) -> Iterator[Limit]:
    """Those that hold."""
    settings = get_settings()
    today, tomorrow, month, next_month = days_of(timezone.now())
    if settings.max_usd_per_person_day:
        mine, whom = Generation.objects.filter(asked_by__in=ids_of(asker.id)), "a day for one person"
        if asker.guest_at:
            mine, whom = Generation.objects.filter(guest_at=asker.guest_at), "a day for the guests of one address"
        yield Limit(whom, settings.max_usd_per_person_day, mine, today, tomorrow)
    if room is None:
        return
    answers = Generation.objects.filter(topic_id=room.topic_id)
    if settings.max_usd_per_room_day:
        yield Limit("a day for this room", settings.max_usd_per_room_day, answers, today, tomorrow)
    if room.budget_usd is not None:
        yield Limit("a month for this room", float(room.budget_usd), answers, month, next_month)


def days_of(now: datetime) -> tuple[datetime, datetime, datetime, datetime]:
    """When today, tomorrow, this month and the next begin."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month = today.replace(day=1)
    return today, today + timedelta(days=1), month, (month + timedelta(days=32)).replace(day=1)


def ids_of(person: str) -> list[str]:
    """The person and their tokens, or those of the user whose token this is."""
    kind, _, key = person.partition(":")
    if kind == "t" and key.isdigit():
        user_id = Token.objects.filter(pk=int(key)).values_list("user_id", flat=True).first()
        return ids_of(f"u:{user_id}") if user_id is not None else [person]
    if kind != "u" or not key.isdigit():
        return [person]
    return [person, *(f"t:{pk}" for pk in Token.objects.filter(user_id=int(key)).values_list("pk", flat=True))]


def _usd(value: float) -> str:
    return f"{value:.2f} USD" if value >= 0.01 or not value else f"{value:.4f} USD"
