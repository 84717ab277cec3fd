"""``manage.py createtoken``: a bearer token for a program, printed once."""

from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from streams.errors import StreamsError
from streams.publishing import create_token


class Command(BaseCommand):
    """Prints the token alone on standard output, so that a script can take it."""

    help = "Creates a bearer token and prints it once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Scopes are patterns of topic names; ``*`` is any run of characters."""
        parser.add_argument("name", help="what the token is for")
        parser.add_argument("--publish", action="append", metavar="PATTERN", help="may publish to topics like this")
        parser.add_argument("--read", action="append", metavar="PATTERN", help="may read topics like this")
        parser.add_argument("--chat", action="store_true", help="may ask the model by POST /chat")
        parser.add_argument("--files", action="store_true", help="may download, and upload files of its own")
        parser.add_argument("--days", type=int, help="expires after so many days (default: never)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create and print."""
        days = options["days"]
        try:
            _, text = create_token(
                name=options["name"],
                publish=options["publish"],
                read=options["read"],
                chat=options["chat"],
                files=options["files"],
                expires_at=None if days is None else timezone.now() + timedelta(days=days),
            )
        except StreamsError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(text)
