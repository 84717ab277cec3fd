"""The server's own vital signs, once a second on the topic ``system``."""

import asyncio
import os

import psutil

from streams.connections.lease import claim_lease, release_lease
from streams.connections.registry import registry
from streams.hub import Hub
from streams.publishing import apublish

TOPIC = "system"
LEASE = "vitals"
LAG_PROBE_S = 0.1


class VitalSigns:
    """Reads the signs; rates are over the time since the last reading."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._process = psutil.Process()
        self._process.cpu_percent()  # the first call only begins the measurement
        self._read_at = hub.loop.time()
        self._in, self._out = hub.events_in, hub.events_out

    def read(self, *, loop_lag_s: float) -> dict[str, object]:
        """One event's data; units are in the names, ``connections`` by technique."""
        hub, now = self._hub, self._hub.loop.time()
        seconds = max(now - self._read_at, 0.001)
        signs: dict[str, object] = {
            "cpu_percent": round(self._process.cpu_percent(), 1),
            "resident_bytes": self._process.memory_info().rss,
            "load_1m": round(os.getloadavg()[0], 2),
            "connections": {"sse": 0, "websocket": 0, "ndjson": 0, "longpoll": 0, "chat": 0} | registry.by_technique(),
            "tasks": len(asyncio.all_tasks(hub.loop)),
            "events_in_per_s": round((hub.events_in - self._in) / seconds, 1),
            "events_out_per_s": round((hub.events_out - self._out) / seconds, 1),
            "loop_lag_ms": round(loop_lag_s * 1000, 1),
        }
        self._read_at, self._in, self._out = now, hub.events_in, hub.events_out
        return signs


async def _sleep(seconds: float) -> float:
    """Sleep in short steps; by how much the worst of them was late: that is how long the loop kept others waiting."""
    loop = asyncio.get_running_loop()
    until, worst_s = loop.time() + seconds, 0.0
    while (now := loop.time()) < until:
        step_s = min(LAG_PROBE_S, until - now)
        await asyncio.sleep(step_s)
        worst_s = max(worst_s, loop.time() - now - step_s)
    return worst_s


async def publish_vitals(hub: Hub) -> None:
    """Publish every ``vitals_every_s`` seconds, for ever, while this process holds the lease.

    Raises Unavailable (run it supervised). Cancellation gives the lease back.
    """
    signs = VitalSigns(hub)
    try:
        while True:
            lag_s = await _sleep(hub.settings.vitals_every_s)
            if await hub.gateway.run(claim_lease, LEASE, seconds=hub.settings.lease_s):
                await apublish(TOPIC, signs.read(loop_lag_s=lag_s), type="vitals")
    finally:
        await asyncio.shield(hub.gateway.run(release_lease, LEASE))
