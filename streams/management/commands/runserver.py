"""``manage.py runserver``: the streaming server, and on a fresh clone everything that it needs."""

import io
import sys
from typing import Any

from daphne.management.commands.runserver import Command as DaphneCommand
from django.conf import settings

from project.server import StreamingServer
from streams.models.schema import migrations_missing
from streams.setup import set_up


class Command(DaphneCommand):
    """Daphne's command with our server."""

    help = "Serves the site; sets up a fresh embedded database first."
    server_cls = StreamingServer

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Set up if this is the first start, say where everything is, and serve."""
        if isinstance(sys.stdout, io.TextIOWrapper):  # into a file or a pipe too, where a password is shown this once
            sys.stdout.reconfigure(line_buffering=True)
        if settings.DEBUG and settings.EMBEDDED_DATABASE and (missing := migrations_missing()):
            self._first_start(missing)
        host = "localhost" if self.addr in ("127.0.0.1", "::1", "0.0.0.0", "::") else self.addr  # noqa: S104
        site = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.stdout.write(f"  Chat    {site}/\n  Topics  {site}/topics/\n  Admin   {site}/admin/\n\n")
        super().inner_run(*args, **options)

    def get_application(self, options: dict[str, Any]) -> Any:
        """Our application serves static files itself."""
        return super().get_application(options | {"use_static_handler": False})

    def _first_start(self, missing: int) -> None:
        self.stdout.write(f"First start: applying {missing} migrations, creating the room lobby and the topic system.")
        password = set_up()
        if password is not None:
            self.stdout.write(
                f"Created the superuser admin. Its password is shown this once: {self.style.SUCCESS(password)}\n"
            )
