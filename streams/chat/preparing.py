"""The prompt of an answer, ready to be sent: it fits the model, and its cost fits the limits."""

import logging
from functools import partial

from django.db import transaction

from streams.chat.budget import Asker, check_budget
from streams.chat.context import room_prompt, window
from streams.chat.context_window import NEAR, tokens_of_prompt
from streams.chat.provider import ModelProvider, Prompt
from streams.eventlog import Gateway
from streams.models import Generation
from streams.models.generation import OPEN

logger = logging.getLogger(__name__)


async def prepare(gateway: Gateway, provider: ModelProvider, generation: Generation) -> Prompt:
    """What to ask the model for an answer in a room; once, before the first attempt.

    Near the limit the vendor is asked to count, and what it counts more than was reckoned here is left out as well.
    Raises OverBudget, Unavailable.
    """
    facts = provider.catalogue.facts(generation.model)
    prompt = await gateway.run(room_prompt, generation, facts)
    limit, reckoned = window(facts, prompt.max_tokens), tokens_of_prompt(prompt)
    if reckoned > limit * NEAR and (exact := await provider.count_tokens(prompt)) is not None and exact > limit:
        logger.info("generation %s: %d tokens, %d were reckoned", generation.pk, exact, reckoned)
        prompt = await gateway.run(partial(room_prompt, generation, facts, scale=exact / reckoned))
    await gateway.run(_check, generation, prompt)
    return prompt


@transaction.atomic
def _check(generation: Generation, prompt: Prompt) -> None:
    room = None if generation.topic is None else generation.topic.room
    reserved = check_budget(room, Asker(generation.asked_by, generation.guest_at), generation.model, prompt)
    if reserved is not None:
        Generation.objects.filter(pk=generation.pk, status__in=OPEN).update(reserved_usd=reserved)
