"""The models that may be asked: what the vendor lists, or, while it does not answer, the list that is shipped."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Literal

from streams.errors import InvalidInput, StreamsError

logger = logging.getLogger(__name__)

FRESH_S = 3_600.0  # models come and go by the month
AGAIN_S = 60.0  # after a failure
ASK_S = 30.0  # what the vendor may take, and the import of its SDK before it on a busy machine


class Thinking(StrEnum):
    """How a model is asked to think."""

    ALWAYS = "always"  # it decides how much, and can't be told not to
    ADAPTIVE = "adaptive"  # it decides how much, where it is asked to
    BUDGET = "budget"  # where it is asked to, with a bound in tokens
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of one model; sizes in tokens.

    disables: it takes ``{"type": "disabled"}`` for thinking, so that one that thinks by itself can be told not to.
    retires_on: from that day on it answers no more.
    """

    id: str
    name: str
    max_input_tokens: int
    max_tokens: int
    thinking: Thinking = Thinking.NONE
    disables: bool = False
    images: bool = True
    retires_on: date | None = None

    def as_json(self) -> dict[str, object]:
        """As ``GET /models`` has it."""
        return {
            "id": self.id,
            "name": self.name,
            "max_input_tokens": self.max_input_tokens,
            "max_tokens": self.max_tokens,
            "thinking": self.thinking,
            "images": self.images,
            "retires_at": self.retires_on.isoformat() if self.retires_on else None,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """The models on offer, and who says so; ``as_of``: when."""

    models: tuple[ModelFacts, ...]
    source: Literal["api", "shipped", "demo"]
    as_of: datetime

    def find(self, model: str) -> ModelFacts | None:
        """The model of that name."""
        return next((one for one in self.models if one.id == model), None)

    def check(self, model: object) -> str:
        """``model``, if it is offered; raises InvalidInput naming it and what there is."""
        if isinstance(model, str) and self.find(model) is not None:
            return model
        raise InvalidInput(f"no model {model!r:.100} here ({', '.join(one.id for one in self.models)})")


class Catalogue:
    """The list of one provider, asked for when it is wanted and kept for ``FRESH_S``.

    ask: the vendor's list, or a StreamsError; None: ``shipped`` is all there is. default: a model that is listed
    whatever the vendor says, since the operator chose it.
    """

    def __init__(
        self,
        shipped: Listing,
        *,
        default: str,
        ask: Callable[[], Awaitable[Iterable[ModelFacts]]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._default = default
        self._ask = ask
        self._clock = clock
        self._asking = asyncio.Lock()
        self._ask_at = clock()
        self._known = self._with_default(shipped)

    @property
    def known(self) -> Listing:
        """The list as it is known by now, without asking."""
        return self._known

    def facts(self, model: str) -> ModelFacts:
        """What is known of a model; of one that nobody knows, little is expected."""
        return self._known.find(model) or unknown_model(model)

    async def current(self) -> Listing:
        """The list, asked for again if it is old. Who asks meanwhile waits for the same answer, ``ASK_S`` at most."""
        async with self._asking:
            if self._ask is not None and self._clock() >= self._ask_at:
                await self._refresh(self._ask)
        return self._known

    async def _refresh(self, ask: Callable[[], Awaitable[Iterable[ModelFacts]]]) -> None:
        try:
            async with asyncio.timeout(ASK_S):
                models = tuple(await ask())
        except (StreamsError, TimeoutError) as error:
            self._ask_at = self._clock() + AGAIN_S
            why = str(error) or f"no answer within {ASK_S:g} s"
            logger.warning("the list of models stays the %s one: %s", self._known.source, why)
            return
        self._ask_at = self._clock() + FRESH_S
        self._known = self._with_default(Listing(models, "api", datetime.now(UTC)))

    def _with_default(self, listing: Listing) -> Listing:
        today = datetime.now(UTC).date()
        models = tuple(one for one in listing.models if one.retires_on is None or one.retires_on > today)
        if not any(one.id == self._default for one in models):
            models = (listing.find(self._default) or unknown_model(self._default), *models)
        return replace(listing, models=models)


def unknown_model(model: str) -> ModelFacts:
    """A model of which nothing is known but its name."""
    return ModelFacts(model, model, 200_000, 8_192)
