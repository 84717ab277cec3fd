"""Trim: what a topic need not keep is deleted in bounded batches, oldest first."""

import time
from datetime import UTC, datetime, timedelta
from math import inf

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from streams.conf import get_settings
from streams.models import Event, Topic

TOPICS_AT_ONCE = 500


def trim(topic: Topic, *, keep: int | None = None, until: float = inf) -> int:
    """Delete what the topic's retention no longer covers, or all but the newest ``keep``; the number of events deleted.

    What is kept is counted by numbers: of a log that was compacted, fewer events. Each batch is a transaction of its
    own, so that appends wait for one batch at most; none is begun after ``until`` (by the monotonic clock).
    """
    settings = get_settings()
    if keep is None:
        keep = settings.retain_events if topic.retain_events is None else topic.retain_events
        keep_s = settings.retain_s if topic.retain_s is None else topic.retain_s
        oldest = timezone.now() - timedelta(seconds=keep_s)
    else:
        oldest = datetime.min.replace(tzinfo=UTC)
    deleted = 0
    while batch := _trim_batch(topic.pk, keep, oldest, settings.trim_batch):
        deleted += batch
        if time.monotonic() > until:
            break
    return deleted


@transaction.atomic
def _trim_batch(topic_id: int, keep: int, oldest: object, size: int) -> int:
    """Delete the run of expired events within the ``size`` oldest: nothing goes missing behind the first that is kept.

    Under the topic's lock: a log that were reset in between would lose events of its new life.
    """
    events = Event.objects.filter(topic_id=topic_id)
    head = Topic.objects.select_for_update().filter(pk=topic_id).values_list("head", flat=True).first()
    first = events.aggregate(first=Min("seq"))["first"]
    if head is None or first is None:
        return 0
    fresh = events.filter(seq__lt=first + size, created_at__gte=oldest).aggregate(first=Min("seq"))["first"]
    end = min(max(head - keep + 1, first + size if fresh is None else fresh), first + size)
    return events.filter(seq__lt=end).delete()[0] if end > first else 0


def trim_some(after: int, *, seconds: float) -> tuple[int, int | None]:
    """Trim the topics behind the key ``after`` for about ``seconds``, since others wait for the thread.

    The number of events deleted, and the key to go on behind; None when all are done.
    """
    until, deleted = time.monotonic() + seconds, 0
    for topic in Topic.objects.filter(pk__gt=after).order_by("pk")[:TOPICS_AT_ONCE]:
        some = trim(topic, until=until)
        deleted += some
        after = topic.pk
        if time.monotonic() > until:
            return deleted, after - 1 if some else after  # there may be more of it
    return deleted, after if Topic.objects.filter(pk__gt=after).exists() else None
