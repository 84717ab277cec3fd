"""Operations of a room as tests ask for them."""

from streams.chat.here import Here
from streams.chat.operations import OPERATIONS


async def do(runner, room, who, op, **fields):
    """What the ack of an operation holds."""
    return await OPERATIONS[op](Here(runner, room, who, who.id), fields)


async def say(runner, room, who, *, text, client_id):
    """The event's id, and why no answer was begun."""
    ack = await do(runner, room, who, "say", text=text, client_id=client_id)
    return ack["id"], ack.get("refused")
