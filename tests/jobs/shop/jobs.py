"""Found by its name when Django starts."""

import asyncio
from collections.abc import AsyncGenerator

from streams.errors import Forbidden
from streams.jobs import JobContext, Parameter, Progress, Type, job
from streams.publishing import Identity

ITEMS = [Parameter("items", Type.WHOLE, "How many", default=2_000, least=1)]


def check_bakers(who: Identity, **_: object) -> None:
    """Every program may bake."""
    if who.token is None:
        raise Forbidden("only programs bake")


async def bake(context: JobContext, *, items: int) -> AsyncGenerator[Progress, None]:
    """Bakes slowly: a hundred a second."""
    for number in range(context.resume_at.done, items):
        await asyncio.sleep(0.01)
        yield Progress(number + 1, items, {"baked": number + 1})


job("bake", title="Bake", check=check_bakers, parameters=ITEMS)(bake)
job("bake.on", title="Bake on", check=check_bakers, parameters=ITEMS, resumable=True)(bake)
