"""``manage.py publish``: events from the shell, beside a running server or without one."""

import sys
from collections.abc import Iterator
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import reset_queries

from streams.conf import get_settings
from streams.errors import InvalidJSON, StreamsError
from streams.publishing import new_event, publish_events
from streams.wire.event import NewEvent
from streams.wire.jsontext import decode_json
from streams.wire.names import ROOM, room_refusal

BATCH = 100  # events of one transaction
READ_BYTES = 65_536


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
        if options["topic"].startswith(ROOM):
            raise CommandError(room_refusal(options["topic"]))
        if data is None and key is not None:
            raise CommandError("--key goes with one event, not with standard input")
        batches = iter([[data]]) if data is not None else read_batches(sys.stdin.buffer)
        try:
            for batch in batches:
                events = [self._event(text, options["type"], key) for text in batch]
                for event_id in publish_events(options["topic"], events).ids:
                    self.stdout.write(event_id)
                self.stdout.flush()
                reset_queries()
        except StreamsError as error:
            raise CommandError(str(error)) from None

    @staticmethod
    def _event(text: str, event_type: str, key: str | None) -> NewEvent:
        try:
            value = decode_json(text, max_depth=get_settings().max_json_depth)
        except InvalidJSON:
            value = text
        return new_event(value, type=event_type, key=key)


def read_batches(source: Any) -> Iterator[list[str]]:
    """The lines of a binary file that are there, up to BATCH at once; blank ones are passed over.

    Bytes that are no UTF-8 become U+FFFD: one of them must not end a pipe.
    """
    rest = b""
    while chunk := source.read1(READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from _batches(lines)
    yield from _batches([rest])


def _batches(lines: list[bytes]) -> Iterator[list[str]]:
    texts = [text for line in lines if (text := line.decode(errors="replace").rstrip("\r"))]
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]
