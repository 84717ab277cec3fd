"""The beat of a process: its vital signs into its row, and those of all processes, summed, on the topic ``system``.

What only the staff may see (who is slow, who has just left) goes to the private topic ``system:operation``.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from streams.connections.lease import claim_lease, release_lease
from streams.connections.own_topics import ensure_own_topics
from streams.connections.signs import VitalSigns, sleep_and_watch
from streams.connections.sums import public_signs, sum_signs, sum_topics
from streams.connections.sweep import delete_old, end_the_dead
from streams.connections.written import Writer, end_process, renew_process
from streams.hub import Hub
from streams.models import Generation, LiveConnection, Process
from streams.models.generation import WRITTEN
from streams.publishing import apublish
from streams.wire.names import OPERATION, VITALS

TOPIC = VITALS
LEASE = "vitals"
OPERATION_EVERY = 2  # beats
SWEEP_EVERY = 10  # beats
CLAUDE_EVERY = 5  # beats: its sums are over a day
SHOWN = 10  # of the slowest, the busiest and those that left last
ATTENTION_BYTES = 16_384  # waiting for a socket: below that a connection is not slow


async def publish_vitals(hub: Hub, server: str = "") -> None:
    """Beat every ``vitals_every_s`` seconds, for ever; one process, which holds the lease, publishes for all.

    Raises Unavailable (run it supervised). Cancellation gives the leases back.
    """
    signs, writer = VitalSigns(hub), Writer(hub)
    started_at, beats = datetime.now(UTC), 0
    claude: dict[str, Any] = {}
    signs.open()
    try:
        await hub.gateway.run(ensure_own_topics)
        while True:
            lag_s = await sleep_and_watch(hub.settings.vitals_every_s)
            mine = signs.read(loop_lag_s=lag_s)
            draining = hub.draining
            known = await hub.gateway.run(renew_process, server, started_at, draining, mine, hub.settings.lease_s)
            if not known:
                writer.forget()
            await writer.write()
            if await hub.gateway.run(claim_lease, LEASE, seconds=hub.settings.lease_s):
                if beats % CLAUDE_EVERY == 0:
                    claude = await hub.gateway.run(_claude)
                beats += 1
                await hub.gateway.run(end_the_dead)
                await _tell(hub, claude, with_operation=beats % OPERATION_EVERY == 0)
                if beats % SWEEP_EVERY == 0:
                    await hub.gateway.run(delete_old)
    finally:
        signs.close()
        await asyncio.shield(_leave(hub, writer))


async def _leave(hub: Hub, writer: Writer) -> None:
    await writer.write(everything=True)
    await hub.gateway.run(end_process)
    await hub.gateway.run(release_lease, LEASE)


async def _tell(hub: Hub, claude: dict[str, Any], *, with_operation: bool) -> None:
    processes = await hub.gateway.run(_processes)
    vitals = sum_signs([one.signs for one in processes]) | {"claude": claude}
    now = datetime.now(UTC)
    vitals["processes"] = [
        {
            "name": short_name(one.name),
            "state": "draining" if one.draining else "serving",
            "age_s": round((now - one.started_at).total_seconds()),
            **public_signs(one.signs),
        }
        for one in processes
    ]
    await apublish(TOPIC, vitals, type="vitals")
    if with_operation:
        await apublish(OPERATION, await hub.gateway.run(_operation, processes), type="operation")


def short_name(name: str) -> str:
    """What members see of a process's name: neither host nor process id."""
    return name.rsplit(":", 1)[-1]


def _processes() -> list[Process]:
    return [one for one in Process.objects.alive(timezone.now()) if one.signs]


def _claude() -> dict[str, Any]:
    """Answers that run, and today's (UTC) with their tokens and what they cost."""
    now = timezone.now()
    spent = Generation.objects.asked_between(now.replace(hour=0, minute=0, second=0, microsecond=0), now).spent()
    spent["spend_usd"] = round(spent["spend_usd"] or 0, 4)
    return {"running": Generation.objects.filter(status__in=WRITTEN).count()} | spent


def _operation(processes: Sequence[Process]) -> dict[str, Any]:
    """``{"slowest", "busiest", "closes"}``: ten of each at most. Touches the database."""
    live = LiveConnection.objects.live(timezone.now())
    behind = live.filter(lag__gt=0).order_by("-lag")[:SHOWN]
    waiting = live.filter(lag=0, waiting_bytes__gte=ATTENTION_BYTES).order_by("-waiting_bytes")[:SHOWN]
    slowest = [
        {
            **_of(one),
            "topic": max(one.cursors, key=lambda name: one.cursors[name]["lag"], default=""),
            "lag": one.lag,
            "waiting_bytes": one.waiting_bytes,
            "process": one.process_id,
        }
        for one in [*behind, *waiting][:SHOWN]
    ]
    closes = [
        {
            **_of(one),
            "reason": one.close_reason,
            "time": one.closed_at.timestamp(),
            "seconds": round((one.closed_at - one.opened_at).total_seconds(), 1),
        }
        for one in LiveConnection.objects.closed().exclude(technique="longpoll", close_reason="ended")[:SHOWN]
        if one.closed_at is not None
    ]
    return {"slowest": slowest, "busiest": sum_topics([one.signs for one in processes], most=SHOWN), "closes": closes}


def _of(connection: LiveConnection) -> dict[str, Any]:
    who = connection.who_name or connection.who_id or "nobody known"
    return {"connection": connection.id, "who": who, "technique": connection.technique}
