"""What a process knows of itself: the numbers that its row, ``/metrics`` and the topic ``system`` are made of."""

import asyncio
import logging
import os
import weakref
from typing import Any

import psutil

from streams.connections.connection import latency
from streams.connections.latency import quantile_ms
from streams.connections.registry import registry
from streams.hub import Hub

TECHNIQUES = ("sse", "websocket", "ndjson", "longpoll", "chat", "report", "file")
BUSIEST = 20  # topics that a process tells of


_latest: "weakref.WeakKeyDictionary[Hub, tuple[float, dict[str, Any]]]" = weakref.WeakKeyDictionary()


def latest_signs(hub: Hub) -> tuple[float, dict[str, Any]] | None:
    """The loop's time at which this process's signs were read last, and the signs; None before the first beat."""
    return _latest.get(hub)


class ErrorCount(logging.Handler):
    """Counts what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """One more."""
        self.count += 1


class VitalSigns:
    """Reads the signs; rates, and counts without ``counters``, are over the time since the last reading.

    Counts the errors that are logged from ``open`` to ``close``.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._process = psutil.Process()
        self._process.cpu_percent()  # the first call only begins the measurement
        self._errors = ErrorCount()
        self._read_at = hub.loop.time()
        self._before = self._counters()
        self._traffic = self._hub.traffic()

    def open(self) -> None:
        """Begin to count errors."""
        logging.getLogger().addHandler(self._errors)

    def close(self) -> None:
        """Count no more errors."""
        logging.getLogger().removeHandler(self._errors)

    def _counters(self) -> dict[str, Any]:
        """What only grows while the process lives."""
        return {
            "events_in": self._hub.events_in,
            "events_out": self._hub.events_out,
            "bytes_out": registry.bytes_gone + sum(one.bytes_out for one in registry),
            "opened": dict(registry.opened_by_technique),
            "closed": dict(registry.closed_by_reason),
            "refused": dict(registry.refused_by_code),
            "errors": self._errors.count,
            "latency": latency.as_json(),
        }

    def read(self, *, loop_lag_s: float) -> dict[str, Any]:
        """``{numbers with their units in the names, "connections": {technique: n}, "delays", "topics", "counters"}``.

        delays: deliveries since the last reading, by the buckets of ``connections.latency``. topics: ``[{"topic",
        "events_per_s", "deliveries_per_s", "readers"}, …]``, the busiest. counters: since the process began.
        """
        hub, now, before = self._hub, self._hub.loop.time(), self._before
        seconds = max(now - self._read_at, 0.001)
        counters = self._counters()
        buckets = zip(counters["latency"]["counts"], before["latency"]["counts"], strict=True)
        delays = [after - then for after, then in buckets]
        signs: dict[str, Any] = {
            "cpu_percent": round(self._process.cpu_percent(), 1),
            "cpu_seconds": round(sum(self._process.cpu_times()[:2]), 2),
            "resident_bytes": self._process.memory_info().rss,
            "load_1m": round(os.getloadavg()[0], 2),
            "connections": dict.fromkeys(TECHNIQUES, 0) | registry.by_technique(),
            "tasks": len(asyncio.all_tasks(hub.loop)),
            "topics_followed": len(hub.readers()),
            "events_in_per_s": round((counters["events_in"] - before["events_in"]) / seconds, 1),
            "events_out_per_s": round((counters["events_out"] - before["events_out"]) / seconds, 1),
            "bytes_out_per_s": round((counters["bytes_out"] - before["bytes_out"]) / seconds),
            "latency_p50_ms": quantile_ms(delays, 0.5),
            "latency_p99_ms": quantile_ms(delays, 0.99),
            "lag_max": max((one.lag for one in registry), default=0),
            "waiting_bytes": sum(one.peer.waiting_bytes for one in registry),
            "ring_bytes": hub.ring_bytes,
            "loop_lag_ms": round(loop_lag_s * 1000, 1),
            "errors": counters["errors"] - before["errors"],
            "refused": sum(counters["refused"].values()) - sum(before["refused"].values()),
            "delays": delays,
            "topics": self._busiest(seconds),
            "counters": counters,
        }
        self._read_at, self._before = now, counters
        _latest[hub] = now, signs
        return signs

    def _busiest(self, seconds: float) -> list[dict[str, Any]]:
        before, self._traffic = self._traffic, self._hub.traffic()
        topics: list[dict[str, Any]] = [
            {
                "topic": name,
                "events_per_s": round(max(0, now.head - before.get(name, now).head) / seconds, 1),
                "deliveries_per_s": round(max(0, now.events_out - before.get(name, now).events_out) / seconds, 1),
                "readers": now.readers,
            }
            for name, now in self._traffic.items()
        ]
        return sorted(topics, key=lambda one: (-one["deliveries_per_s"], -one["events_per_s"]))[:BUSIEST]


async def sleep_and_watch(seconds: float, *, probe_s: float = 0.1) -> float:
    """Sleep in steps of ``probe_s``; by how many seconds the worst of them was late.

    That is how long the loop kept others waiting.
    """
    loop = asyncio.get_running_loop()
    until, worst_s = loop.time() + seconds, 0.0
    while (now := loop.time()) < until:
        step_s = min(probe_s, until - now)
        await asyncio.sleep(step_s)
        worst_s = max(worst_s, loop.time() - now - step_s)
    return worst_s
