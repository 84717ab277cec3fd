"""``manage.py setup``: what ``runserver`` does at its first start, for every database; run it again at will."""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, call_command

from streams.setup import set_up


class Command(BaseCommand):
    """Migrations, the room lobby, the topic system, a superuser; in production the static files too."""

    help = "Prepares an installation: migrations, first room and topics, a superuser. Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say what was made."""
        password = set_up()
        if password is not None:
            self.stdout.write(f"Created the superuser admin. Its password is shown this once: {password}")
        if not settings.DEBUG:
            call_command("collectstatic", interactive=False, verbosity=0)
        self.stdout.write("Ready.")
