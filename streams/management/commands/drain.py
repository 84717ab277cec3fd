"""``manage.py drain``: ends one process of the site, whose readers are told and go on at the others."""

import time
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from streams.connections.operate import drain_process
from streams.models import Process

TIMEOUT_S = 60.0
LOOK_S = 0.1


class Command(BaseCommand):
    """What SIGTERM to the process would do, from any machine that reaches the database."""

    help = "Lets one process tell its readers that it ends, and end; lists the processes where it is not clear which."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one, and how long to wait."""
        parser.add_argument("process", nargs="?", help="its name, or the beginning or the end of it")
        parser.add_argument(
            "--timeout", type=float, default=TIMEOUT_S, metavar="S", help=f"wait so long (default: {TIMEOUT_S:g} s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask it to, and watch it end."""
        alive = list(Process.objects.alive(timezone.now()))
        process = self._chosen(alive, options["process"])
        if len(alive) == 1:
            self.stderr.write("No other process serves this site: its readers come back when one does.")
        drain_process(None, process)
        begun = time.monotonic()
        told = False
        while (now := Process.objects.alive(timezone.now()).filter(pk=process.pk).first()) is not None:
            if now.draining and not told:
                told = True
                self.stdout.write(f"{process} drains.")
                self.stdout.flush()
            if time.monotonic() - begun > options["timeout"]:
                state = "drains still" if told else "has not said that it drains"
                raise CommandError(f"{process} {state} after {options['timeout']:g} s.")
            time.sleep(LOOK_S)
        self.stdout.write(f"{process} has ended after {time.monotonic() - begun:.1f} s.")

    def _chosen(self, alive: list[Process], name: str | None) -> Process:
        """The one that is meant; raises CommandError with the list where that is not one."""
        found = [one for one in alive if name is None or one.name.startswith(name) or one.name.endswith(name)]
        exact = [one for one in found if one.name == name]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if not alive:
            raise CommandError("No process serves this site.")
        why = "Which one?" if name is None else f"{len(found)} processes are called {name!r:.100}."
        lines = [
            f"  {one.name}  {one.server}, {'draining' if one.draining else 'serving'},"
            f" since {one.started_at:%Y-%m-%d %H:%M} UTC, {_streams(one)} streams"
            for one in alive
        ]
        raise CommandError("\n".join([why, *lines]))


def _streams(process: Process) -> int:
    return sum(process.signs.get("connections", {}).values())
