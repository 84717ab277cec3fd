"""``manage.py worker``: runs jobs in a process of its own, beside servers or without one; several may run."""

import asyncio
import signal
from typing import Any

from django.core.management import BaseCommand, CommandParser

from streams.conf import get_settings
from streams.hub import Hub, close_hub, current_hub
from streams.jobs.runner import close_jobs
from streams.process import begin_jobs


class Command(BaseCommand):
    """Ends by SIGTERM or Ctrl-C: what runs is given back to the others, or ended as interrupted."""

    help = "Runs jobs until it is told to end."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many at once."""
        limit = get_settings().jobs_at_once
        parser.add_argument("--at-once", type=int, default=limit, help=f"jobs running at once (default: {limit})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal."""
        asyncio.run(self._run(max(1, options["at_once"])))

    async def _run(self, at_once: int) -> None:
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        hub: Hub = await current_hub()
        try:
            await begin_jobs(hub, at_once=at_once)
            self.stdout.write(f"Running jobs, {at_once} at once.")
            self.stdout.flush()
            await told.wait()
        finally:
            await close_jobs(hub)
            await close_hub()
        self.stdout.write("Ended.")
