"""Operations of a room as tests ask for them."""

from itertools import count

from streams.chat.here import Here
from streams.chat.message_rows import new_message
from streams.chat.operations import OPERATIONS
from streams.chat.words import Draft
from streams.eventlog import AppendRequest, append_many
from streams.models import Room

_numbers = count()


async def do(runner, room, who, op, **fields):
    """What the ack of an operation holds."""
    return await OPERATIONS[op](Here(runner, room, who, who.id), fields)


async def say(runner, room, who, *, text, client_id):
    """The event's id, and why no answer was begun."""
    ack = await do(runner, room, who, "say", text=text, client_id=client_id)
    return ack["id"], ack.get("refused")


def put(slug, who, *texts):
    """Say this at once, with no server; the numbers of the messages."""
    room = Room.objects.get(slug=slug)
    said = [new_message(room, who, Draft(text, f"put-{next(_numbers)}")) for text in texts]
    append_many([AppendRequest(f"room:{slug}", (one.event,), one.rows) for one in said])
    return [one.row.seq for one in said]
