"""``manage.py tail``: follow a topic in the shell; it reads the log itself, so it needs no server and resumes alone."""

import asyncio
import contextlib
import json
from contextlib import aclosing
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.core.management.color import Style

from streams.errors import NoSuchTopic, StreamClosed, Unavailable
from streams.hub import Hub, close_hub, current_hub, follow, open_reader
from streams.wire.event import LogEvent, format_time
from streams.wire.last_event_id import parse_last_event_id

RETRY_S = 1.0


class Command(BaseCommand):
    """One line an event: time, id, type, data."""

    help = "Prints a topic's events as they come."

    def add_arguments(self, parser: CommandParser) -> None:
        """Topic and where to begin."""
        parser.add_argument("topic")
        parser.add_argument("--from", dest="wish", default="-10", help="earliest, -N, or an event id (default: -10)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until interrupted."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self._run(options["topic"], options["wish"], as_json=options["json"]))

    async def _run(self, topic: str, wish: str, *, as_json: bool) -> None:
        """Follow for ever; a database that goes away is waited for, from the position reached."""
        hub = await current_hub()
        self._last_event_id = ""
        try:
            while True:
                try:
                    await self._print(hub, topic, wish, as_json=as_json)
                except (NoSuchTopic, StreamClosed) as error:
                    raise CommandError(str(error)) from None
                except Unavailable as error:
                    self.stderr.write(f"{error}; again in {RETRY_S:g} s")
                    await asyncio.sleep(RETRY_S)
        finally:
            await close_hub()

    async def _print(self, hub: Hub, topic: str, wish: str, *, as_json: bool) -> None:
        async with open_reader(hub) as reader:
            await reader.subscribe(topic, parse_last_event_id(self._last_event_id or wish))
            async with aclosing(follow(reader)) as batches:
                async for batch in batches:
                    if batch.gap is not None:
                        self.stderr.write(f"gap: {batch.gap.reason}, lost {batch.gap.lost}")
                    for event in batch.events:
                        self.stdout.write(format_event(event, self.style, as_json=as_json))
                        self._last_event_id = event.id
                    self.stdout.flush()  # a pipe would hold lines back


def format_event(event: LogEvent, style: Style, *, as_json: bool) -> str:
    """The line of one event: JSON with ``id``, ``type``, ``time`` and ``data``, or coloured columns."""
    time = format_time(event.created_at)
    if as_json:
        head = json.dumps({"id": event.id, "type": event.type, "time": time})[:-1]
        return f'{head}, "data": {event.data}}}'
    return f"{style.HTTP_NOT_MODIFIED(time)} {style.HTTP_INFO(event.id)} {style.HTTP_SUCCESS(event.type)} {event.data}"
