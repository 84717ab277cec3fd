"""What answers may cost: limits for a person's and a room's day and a room's month, looked at before the call.

A call is reckoned with the tokens of its prompt; what the answer adds is known only afterwards, so that the last answer
below a limit may pass it. Days and months are of UTC. Guests change names as they like, so that of them only the room's
limits tell.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from streams.chat.context_window import tokens_of_prompt
from streams.chat.provider import Prompt
from streams.conf import get_settings
from streams.errors import OverBudget
from streams.models import Generation, Room, Token
from streams.models.price import MILLION, GenerationQuerySet, price_of


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


def check_budget(room: Room | None, person: str, model: str, prompt: Prompt) -> None:
    """Raise OverBudget if this would pass a limit, or if its cost can't be reckoned.

    person: the Identity's id of who asks; the tokens of a user count as the user. Touches the database.
    """
    limits = list(limits_of(room, person))
    if not limits or model == "demo":
        return
    price = price_of(model, timezone.now().date())
    if price is None:
        raise OverBudget(
            f"{model} has no price here, so that the limit of {_usd(limits[0].usd)} {limits[0].whom} can't be kept"
        )
    asked = tokens_of_prompt(prompt) * float(price.input_usd) / MILLION
    for limit in limits:
        if (spent := limit.spent_usd) + asked > limit.usd:
            cost = "" if spent >= limit.usd else f", and this question alone costs about {_usd(asked)}"
            again = f"{limit.until:%Y-%m-%d %H:%M} UTC"
            raise OverBudget(
                f"{_usd(spent)} of {_usd(limit.usd)} {limit.whom} are spent{cost}; it begins anew on {again}"
            )


def limits_of(room: Room | None, person: str) -> Iterator[Limit]:
    """Those that hold."""
    settings = get_settings()
    today, tomorrow, month, next_month = days_of(timezone.now())
    if settings.max_usd_per_person_day:
        mine = Generation.objects.filter(asked_by__in=ids_of(person))
        yield Limit("a day for one person", settings.max_usd_per_person_day, mine, today, tomorrow)
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
