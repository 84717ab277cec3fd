"""The page that asks for a report; what it sends is a GET of ``/report``, with or without JavaScript."""

from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from streams.models import Room, Topic
from streams.publishing import Identity, identify
from streams.publishing.permissions import readable
from streams.reports.asked import FORMATS
from streams.reports.kinds import DEFAULT, KINDS
from streams.reports.report import Filter, Kind

MAX_SUGGESTED = 1_000


def reports_page(request: HttpRequest) -> HttpResponseBase:
    """The form of one kind (``?kind=``); those that are for staff are shown to nobody else."""
    who = identify(request.user, request.session, {})
    kinds = [kind for kind in KINDS.values() if who.staff or not kind.staff]
    asked = request.GET.get("kind", "")
    kind = next((one for one in kinds if one.name == asked), DEFAULT)
    suggested = _suggested(who, kind)
    context: dict[str, Any] = {
        "kinds": kinds,
        "kind": kind,
        "columns": kind.columns,
        "formats": FORMATS,
        "suggested": suggested,
        "subject": request.GET.get(kind.needs or "", "") or (suggested[0] if suggested else ""),
        "has_type": Filter.TYPE in kind.filters,
    }
    return render(request, "streams/reports/index.html", context)


def _suggested(who: Identity, kind: Kind) -> list[str]:
    """Names that ``who`` may ask for: of topics, or of rooms."""
    if kind.needs is Filter.TOPIC:
        return [
            topic.name
            for topic in islice(readable(who=who, topics=Topic.objects.filter(owner="").iterator()), MAX_SUGGESTED)
        ]
    if kind.needs is Filter.ROOM:
        slugs = dict(Room.objects.values_list("topic_id", "slug")[:MAX_SUGGESTED])
        topics = Topic.objects.filter(room__isnull=False)[:MAX_SUGGESTED]
        return sorted(slugs[topic.pk] for topic in readable(who=who, topics=topics) if topic.pk in slugs)
    return []
