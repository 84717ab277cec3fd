"""The list of topics and the live page of one; the events themselves come from ``/events/<topic>``."""

from itertools import islice
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from streams.conf import get_settings
from streams.errors import InvalidTopicName, NoSuchTopic, NotSignedIn
from streams.http.errors import page_not_found
from streams.models import Event, LiveConnection, SlowReaders, Topic
from streams.publishing import identify, topic_to_read
from streams.publishing.permissions import may_publish, readable
from streams.wire.names import check_topic_name

MAX_LISTED = 1_000


def topic_list(request: HttpRequest) -> HttpResponseBase:
    """The topics that the visitor may read."""
    who = identify(request.user, request.session, {})
    newest = Event.objects.filter(topic=OuterRef("pk")).order_by("-seq").values("created_at")[:1]
    shared = Topic.objects.filter(owner="")  # those of one person have pages of their own
    topics = shared.annotate(last_event_at=Subquery(newest)).iterator()
    readers = LiveConnection.objects.readers(timezone.now())
    listed = [
        {
            "name": topic.name,
            "description": topic.description,
            "head": topic.head,
            "visibility": topic.visibility,
            "last_event_at": topic.last_event_at,  # type: ignore[attr-defined]  # annotated above
            "readers": readers.get(topic.name, 0),
        }
        for topic in islice(readable(who=who, topics=topics), MAX_LISTED)
    ]
    return render(request, "streams/topics/index.html", {"topics": listed})


def topic_page(request: HttpRequest, name: str) -> HttpResponseBase:
    """One topic, live."""
    who = identify(request.user, request.session, {})
    try:
        topic = topic_to_read(who, check_topic_name(name))
    except NotSignedIn:
        return redirect_to_login(request.get_full_path())
    except (NoSuchTopic, InvalidTopicName) as error:
        return page_not_found(request, error)
    context: dict[str, Any] = {
        "name": topic.name,
        "description": topic.description,
        "head": topic.head,
        "visibility": topic.visibility,
        "may_publish": may_publish(who=who, name=topic.name),
        "events_url": f"/events/{topic.name}",
        "feed_url": f"/events?topic={topic.name}",  # envelopes: with the times of the events
        "reader": str(request.user.pk or "guest"),  # the tabs of one reader share a connection
        "retention": _retention(topic),
        "slow_readers": _slow_readers(topic),
    }
    return render(request, "streams/topics/topic.html", {"topic": context})


def _slow_readers(topic: Topic) -> str:
    """What becomes of them, after "Slow readers": ``skip to the newest event when 500 behind``."""
    what = {
        SlowReaders.REPLAY: "are served from the log",
        SlowReaders.SKIP: "skip to the newest event",
        SlowReaders.DISCONNECT: "are disconnected, and resume",
    }[SlowReaders(topic.slow_readers)]
    if topic.slow_readers == SlowReaders.REPLAY or topic.max_lag is None:
        return what
    return f"{what} when {topic.max_lag:,} behind"


def _retention(topic: Topic) -> str:
    """``100,000 events, at most 7 days``."""
    settings = get_settings()
    events = settings.retain_events if topic.retain_events is None else topic.retain_events
    seconds = settings.retain_s if topic.retain_s is None else topic.retain_s
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    unit, size = next((one for one in units if seconds >= one[1]), units[-1])
    count = round(seconds / size)
    return f"{events:,} event{'' if events == 1 else 's'}, at most {count} {unit}{'' if count == 1 else 's'}"
