"""``manage.py publish``: events from the shell, beside a running server or without one."""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from streams.conf import get_settings
from streams.errors import InvalidJSON, StreamsError
from streams.publishing import new_event, publish_events
from streams.wire.event import NewEvent
from streams.wire.jsontext import decode_json

BATCH = 100


class Command(BaseCommand):
    """Data is JSON if it reads as JSON, else a string."""

    help = "Publishes an event, or every line of standard input, to a topic."

    def add_arguments(self, parser: CommandParser) -> None:
        """Topic, and the data or standard input."""
        parser.add_argument("topic")
        parser.add_argument("data", nargs="?", help="JSON or plain text; left out: one event a line of standard input")
        parser.add_argument("--type", default="message")
        parser.add_argument("--key", help="idempotency key (for one event)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish and print the ids."""
        data, key = options["data"], options["key"]
        if data is None and key is not None:
            raise CommandError("--key goes with one event, not with standard input")
        lines: Iterable[str] = [data] if data is not None else (line.rstrip("\r\n") for line in sys.stdin)
        events = (self._event(line, options["type"], key) for line in lines if line or data is not None)
        try:
            for batch in self._batches(events, lively=sys.stdin.isatty()):
                for event_id in publish_events(options["topic"], batch).ids:
                    self.stdout.write(event_id)
        except StreamsError as error:
            raise CommandError(str(error)) from None

    @staticmethod
    def _event(text: str, event_type: str, key: str | None) -> NewEvent:
        try:
            value = decode_json(text, max_depth=get_settings().max_json_depth)
        except InvalidJSON:
            value = text
        return new_event(value, type=event_type, key=key)

    @staticmethod
    def _batches(events: Iterator[NewEvent], *, lively: bool) -> Iterator[list[NewEvent]]:
        """Up to BATCH events a transaction; from a terminal each at once."""
        while batch := list(islice(events, 1 if lively else BATCH)):
            yield batch
