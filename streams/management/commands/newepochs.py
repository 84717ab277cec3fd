"""``manage.py newepochs``: what follows the restore of a backup, before the site is started again."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from streams.eventlog.epochs import renew_epochs
from streams.models import Topic


class Command(BaseCommand):
    """A backup is behind what clients have seen: without this they would take new events for those that they know."""

    help = "Gives topics a new epoch: clients that come back are told of the gap, and get everything that is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """All, or some by name."""
        parser.add_argument("topic", nargs="*", help="only these")
        parser.add_argument("--all", action="store_true", help="every topic there is")

    def handle(self, *args: Any, **options: Any) -> None:
        """Renew, and say how many."""
        names = options["topic"]
        if bool(names) == options["all"]:
            raise CommandError("name topics, or say --all")
        known = set(Topic.objects.filter(name__in=names).values_list("name", flat=True))
        if missing := sorted(set(names) - known):
            raise CommandError(f"no topic {', '.join(map(repr, missing))}; nothing was changed")
        self.stdout.write(f"{renew_epochs(None if options['all'] else names)} topics have a new epoch.")
