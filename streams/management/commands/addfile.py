"""``manage.py addfile``: a file of this machine, for those who may have it."""

from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from streams.errors import StreamsError
from streams.models import Visibility
from streams.publishing import Identity
from streams.storage import add_file

OPERATOR = Identity("nobody", "", "the operator", may_upload=True)


class Command(BaseCommand):
    """Copies each file in, and prints where it can be had."""

    help = "Adds files of this machine to the files of the site."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who may have them is members unless it is said."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a regular file")
        parser.add_argument("--name", help="what it is to be called (of one PATH)")
        parser.add_argument("--visibility", choices=Visibility.values, default=Visibility.MEMBERS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Copy and print."""
        paths, name = options["paths"], options["name"]
        if name and len(paths) > 1:
            raise CommandError(f"--name is for one file, and these are {len(paths)}")
        for path in paths:
            try:
                file = add_file(OPERATOR, path, name, visibility=options["visibility"])
            except StreamsError as error:
                raise CommandError(f"{path}: {error}") from None
            self.stdout.write(file.url)
