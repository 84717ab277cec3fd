"""The first page of the admin: what its script has to know; everything that moves comes over the topics."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from streams.conf import get_settings
from streams.connections import vitals
from streams.wire.names import OPERATION

MAY_SEE_PEOPLE = "streams.view_liveconnection"


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """``context`` with ``dashboard``, for unfold's ``DASHBOARD_CALLBACK``."""
    return context | {"dashboard": dashboard_data(request.user)}


def dashboard_data(user: Any) -> dict[str, Any]:
    """What the page is told as JSON.

    stream: what it reads. people: whether that tells of people's connections, which takes the permission to see these.
    beat_s: seconds from one reading of the vital signs to the next. connection: the address of a connection's page with
    ``ID`` in place of the id, or None for who may not see them. reader: shares a stream with this person's other tabs,
    and with nobody else's.
    """
    people = user.has_perm(MAY_SEE_PEOPLE)
    topics = [vitals.TOPIC, *([OPERATION] if people else [])]
    return {
        "stream": f"{reverse('events-of-many')}?{urlencode({'topic': topics}, doseq=True)}",
        "people": people,
        "beat_s": get_settings().vitals_every_s,
        "connection": reverse("admin:streams_liveconnection_change", args=["ID"]) if people else None,
        "topic": reverse("topic", args=["NAME"]),
        "reader": f"u:{user.pk}",
    }
