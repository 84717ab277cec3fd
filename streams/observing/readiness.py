"""Whether this process may have traffic: its database, its tables, its loop, the doorbell, and that it does not end.

However many ask, one looks, once a second; and of each thing that is slow at most one question is under way, so that
probes take no thread from the streams while the database hangs.
"""

import asyncio
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connection

from streams.connections.signs import latest_signs, sleep_and_watch
from streams.errors import Unavailable
from streams.hub import Hub
from streams.models.schema import migrations_missing

FRESH_S = 1.0  # an answer this young is everybody's
WATCH_S = 0.1
BEATS = 3  # after so many, what the last beat saw of the loop is history

Ask = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Check:
    """What was found of one thing. needed: whether there can be no traffic without it; error: in words."""

    ok: bool
    ms: float
    error: str | None = None
    needed: bool = True

    def as_json(self) -> dict[str, Any]:
        """``{"ok", "ms", "error"?, "needed"?}``."""
        told: dict[str, Any] = {"ok": self.ok, "ms": self.ms}
        if self.error is not None:
            told["error"] = self.error
        return told if self.needed else told | {"needed": False}


def why_draining(hub: Hub) -> str | None:
    """Why this process takes no new traffic; None if it does."""
    return f"this process ends: {hub.closing or 'told to'}" if hub.draining else None


def _ping() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


class Readiness:
    """The checks of one process."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._checks: dict[str, Check] = {}
        self._seen_at = -FRESH_S
        self._looking: asyncio.Task[None] | None = None
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._asked_at: dict[str, float] = {}
        self._found: dict[str, str | None] = {}
        self._migrated = False

    async def checks(self) -> dict[str, Check]:
        """The state of each thing, a second old at most. Raises Unavailable when the process has all but ended."""
        if self._hub.loop.time() - self._seen_at >= FRESH_S:
            if self._looking is None or self._looking.done():
                self._looking = self._hub.tasks.run("readiness", self._look)
            await asyncio.wait([self._looking])
        return self._checks

    async def _look(self) -> None:
        hub = self._hub
        layer_needed = False  # without it events arrive by the comparison of heads, a quarter of a second late
        found = await asyncio.gather(
            self._check("database", self._database),
            self._check("channel_layer", self._channel_layer, needed=layer_needed),
            self._check("loop", self._loop),
        )
        checks = dict(zip(("database", "channel_layer", "loop"), found, strict=True))
        if checks["database"].ok:
            checks["migrations"] = await self._check("migrations", self._migrations)
        else:
            checks["migrations"] = Check(False, 0.0, "unknown: the database does not answer")
        self._checks, self._seen_at = checks, hub.loop.time()

    async def _check(self, name: str, ask: Ask, *, needed: bool = True) -> Check:
        """Ask, unless the last question is still unanswered; wait for the answer for ``ready_timeout_s``."""
        loop, limit_s = self._hub.loop, self._hub.settings.ready_timeout_s
        started = loop.time()
        if name not in self._asking or self._asking[name].done():
            self._asked_at[name] = started
            self._asking[name] = self._hub.tasks.run(f"readiness: {name}", partial(self._ask, name, ask))
        answered, _ = await asyncio.wait([self._asking[name]], timeout=limit_s)
        now = loop.time()
        error = self._found.get(name) if answered else f"no answer for {now - self._asked_at[name]:.1f} s"
        return Check(error is None, round((now - started) * 1000, 1), error, needed)

    async def _ask(self, name: str, ask: Ask) -> None:
        try:
            self._found[name] = await ask()
        except Unavailable as error:
            self._found[name] = str(error)
        except Exception as error:  # whatever a driver raises: it is what is wrong
            self._found[name] = f"{type(error).__name__}: {error}"[:300]

    async def _database(self) -> None:
        await self._hub.gateway.run(_ping)

    async def _migrations(self) -> str | None:
        """Asked until none is missing: looking is dear, and none goes missing again."""
        if not self._migrated:
            if missing := await self._hub.gateway.run(migrations_missing):
                return f"the database lacks {missing} migrations: run manage.py setup"
            self._migrated = True
        return None

    async def _channel_layer(self) -> None:
        if self._hub.doorbell.reaches_others:
            async with asyncio.timeout(self._hub.settings.ready_timeout_s):  # a ring may be lost: then ask anew
                await self._hub.doorbell.try_out()

    async def _loop(self) -> str | None:
        lag_s = await sleep_and_watch(WATCH_S, probe_s=WATCH_S / 4)
        latest, settings = latest_signs(self._hub), self._hub.settings
        if latest is not None and self._hub.loop.time() - latest[0] < BEATS * settings.vitals_every_s:
            lag_s = max(lag_s, latest[1]["loop_lag_ms"] / 1000)
        if lag_s > settings.ready_lag_s:
            return f"the event loop kept others waiting for {lag_s:.1f} s (limit {settings.ready_lag_s:g} s)"
        return None


_of: "weakref.WeakKeyDictionary[Hub, Readiness]" = weakref.WeakKeyDictionary()


def readiness_of(hub: Hub) -> Readiness:
    """The one that looks for all who ask."""
    return _of.setdefault(hub, Readiness(hub))
