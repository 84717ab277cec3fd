"""The Django app."""

import os
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import autodiscover_modules

from streams.conf import MAX_HEARTBEAT_S, get_settings, unknown_settings


class StreamsConfig(AppConfig):
    """Topics, rooms and everything that streams."""

    name = "streams"
    verbose_name = "Streams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse bad settings at once, let ``manage.py check`` tell of misspelt ones, find the jobs of all apps."""
        get_settings()
        checks.register(check_settings)
        autodiscover_modules("jobs")


def check_settings(**_: Any) -> list[checks.CheckMessage]:
    """A warning for each variable that no setting reads, and for heartbeats that clients would not wait for."""
    warnings: list[checks.CheckMessage] = [
        checks.Warning(f"{name} is no setting", hint="docs/operate.md lists them all.", id="streams.W001")
        for name in unknown_settings(os.environ)
    ]
    heartbeat_s = get_settings().heartbeat_s
    if heartbeat_s > MAX_HEARTBEAT_S:
        text = f"STREAMS_HEARTBEAT_S is {heartbeat_s:g} (should be at most {MAX_HEARTBEAT_S:g})"
        hint = "Clients take 45 s of silence for a dead connection: idle streams would break all the time."
        warnings.append(checks.Warning(text, hint=hint, id="streams.W002"))
    return warnings
