"""Answers of a room as tests look at them."""

import json
from contextlib import asynccontextmanager

from streams.chat.generations import GenerationRunner
from streams.models import Event, Generation
from tests.chat.saying import do
from tests.harness.waiting import aeventually


@asynccontextmanager
async def running(hub, *providers):
    """A runner for each provider, as so many processes have them; what is open at the end of the block is ended."""
    runners = [GenerationRunner(hub, provider) for provider in providers]
    try:
        yield runners
    finally:
        for runner in runners:
            await runner.end_all()


async def ask(runner, room, who, text, client_id):
    """Say it; the id of the answer that was begun or queued, or the refusal."""
    ack = await do(runner, room, who, "say", text=f"@claude {text}", client_id=client_id)
    return ack.get("generation") or ack["refused"]


def log_of(room):
    """``(type, data, seq)`` of everything in the room's log."""
    rows = Event.objects.filter(topic=room.topic).order_by("seq")
    return [(row.type, json.loads(row.data), row.seq) for row in rows]


def told_of(room, generation):
    """The log of one answer: ``(type without its prefix, data)``."""
    return [
        (kind.removeprefix("generation."), data)
        for kind, data, _ in log_of(room)
        if isinstance(data, dict) and data.get("generation") == str(generation)
    ]


async def has_told(hub, room, generation, kind, **fields):
    """Wait until the log has an event of that kind about an answer, with these fields; its data."""

    async def found():
        told = await hub.gateway.run(told_of, room, generation)
        return [data for one, data in told if one == kind and fields.items() <= data.items()]

    return (await aeventually(found))[0]


def row(generation):
    """The row of an answer as it is now."""
    return Generation.objects.get(pk=generation)
