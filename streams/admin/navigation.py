"""The sidebar, in the order in which an operator asks: what is live, what is kept, what works, who may."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

GROUPS: list[tuple[str, list[tuple[str, str, str, str]]]] = [
    (
        "Live",
        [
            ("Dashboard", "monitoring", "index", ""),
            ("Connections", "cable", "streams_liveconnection_changelist", "streams.view_liveconnection"),
            ("Processes", "memory", "streams_process_changelist", "streams.view_process"),
        ],
    ),
    (
        "Content",
        [
            ("Topics", "list_alt", "streams_topic_changelist", "streams.view_topic"),
            ("Events", "data_object", "streams_event_changelist", "streams.view_event"),
            ("Rooms", "forum", "streams_room_changelist", "streams.view_room"),
            ("Files", "draft", "streams_file_changelist", "streams.view_file"),
        ],
    ),
    (
        "Work",
        [
            ("Jobs", "task", "streams_job_changelist", "streams.view_job"),
            ("Answers", "smart_toy", "streams_generation_changelist", "streams.view_generation"),
            ("Prices", "payments", "streams_modelprice_changelist", "streams.view_modelprice"),
        ],
    ),
    (
        "Access",
        [
            ("Users", "person", "auth_user_changelist", "auth.view_user"),
            ("Groups", "group", "auth_group_changelist", "auth.view_group"),
            ("Tokens", "key", "streams_token_changelist", "streams.view_token"),
            ("Bans", "block", "streams_ban_changelist", "streams.view_ban"),
        ],
    ),
    ("Record", [("Audit log", "history", "admin_logentry_changelist", "admin.view_logentry")]),
]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with what this person may see of them, and the way back to the site."""
    groups = [
        {
            "title": title,
            "separator": title != GROUPS[0][0],
            "items": [
                {"title": name, "icon": icon, "link": reverse(f"admin:{view}")}
                for name, icon, view, permission in items
                if not permission or request.user.has_perm(permission)
            ],
        }
        for title, items in GROUPS
    ]
    site = {"title": "Back to the site", "icon": "arrow_back", "link": reverse("chat"), "active": False}
    return [group for group in groups if group["items"]] + [{"title": "", "separator": True, "items": [site]}]


def environment(request: HttpRequest) -> list[str] | None:
    """A label in debug, where others may look on."""
    return ["Debug", "warning"] if settings.DEBUG else None
