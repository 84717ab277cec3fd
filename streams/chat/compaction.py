"""Answers that ended are put together in their rooms' logs: one event has the whole, its pieces are deleted.

A page of 50 answers would else be read by thousands of events. A reader that stood in the middle gets the end, with all
of the text; one that reads later gets the start and the end. It is done some time after the end, so that hardly a
reader has still to go back for the pieces; those that the rings of the processes hold are read from there.
"""

import asyncio
import hashlib
import json
import logging
import time
from contextlib import suppress
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from streams.connections import claim_lease
from streams.errors import TooLarge
from streams.eventlog.compact import compact, find_pieces
from streams.hub import Hub
from streams.models import Event, Generation
from streams.publishing import new_event

logger = logging.getLogger(__name__)
PIECES = ("generation.state", "generation.thinking", "generation.delta", "generation.block")
EVERY_S = 15.0
TURN_S = 0.5  # at the database, whose threads others wait for too
AT_ONCE = 50


async def keep_compacted(hub: Hub) -> None:
    """Compact what ended ``compact_after_s`` ago, by the one process that holds the lease, for ever.

    Raises Unavailable (run it supervised).
    """
    after_s = hub.settings.compact_after_s
    every_s = min(EVERY_S, after_s)
    while True:
        await asyncio.sleep(every_s)
        compacted = 0
        while await hub.gateway.run(claim_lease, "compaction", seconds=3 * every_s):
            some, more = await hub.gateway.run(partial(compact_some, after_s=after_s, seconds=TURN_S))
            compacted += some
            if not more:
                break
        if compacted:
            logger.info("compacted %d answers", compacted)


def compact_some(*, after_s: float, seconds: float) -> tuple[int, bool]:
    """Compact for about ``seconds`` what ended ``after_s`` ago: how many answers, and whether there may be more."""
    until = time.monotonic() + seconds
    ended = Generation.objects.filter(
        compacted_at=None, end_seq__isnull=False, ended_at__lt=timezone.now() - timedelta(seconds=after_s)
    )
    compacted = 0
    for generation in ended.order_by("ended_at").select_related("topic")[:AT_ONCE]:
        compact_answer(generation)
        compacted += 1
        if time.monotonic() > until:
            return compacted, True
    return compacted, compacted == AT_ONCE


def compact_answer(generation: Generation) -> bool:
    """Compact one answer that ended; whether there was something to do. It is not looked at again.

    What its event and its row say must be the same, else the pieces stay: they are what people have read.
    """
    ends = Event.objects.filter(topic=generation.topic, type="generation.end")
    end = ends.filter(seq=generation.end_seq or 0).first()
    data = None if end is None else _compacted(generation, end)
    done = False
    with transaction.atomic():
        if end is not None and data is not None:
            done = compact(end, data, _pieces(generation, end))
        Generation.objects.filter(pk=generation.pk, compacted_at=None).update(compacted_at=timezone.now())
    return done


def _pieces(generation: Generation, end: Event) -> list[int]:
    ours = str(generation.pk)
    return find_pieces(
        end.topic_id,
        after=generation.start_seq or 0,
        before=end.seq,
        types=PIECES,
        belongs=lambda data: isinstance(data, dict) and data.get("generation") == ours,
    )


def _compacted(generation: Generation, end: Event) -> str | None:
    """The data of the end with all of the text and the HTML; without where that is more than an event holds, or the
    HTML shows a part of it: then it is read from the room. None for the event of another life of the log.
    """
    data = json.loads(end.data)
    if not isinstance(data, dict) or data.get("generation") != str(generation.pk):
        return None
    if data.get("sha256") != hashlib.sha256(generation.text.encode()).hexdigest():
        logger.error("answer %s is not compacted: its row has another text than its event", generation.pk)
        return None
    if generation.html_chars >= len(generation.text):
        with suppress(TooLarge):
            whole = {"text": generation.text, "html": generation.html or None}
            return new_event(data | whole, type=end.type).data
    return new_event(data | {"text": None}, type=end.type).data
