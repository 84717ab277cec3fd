"""The dashboard: what its page is given; the numbers come by the site's own stream."""

from typing import Any

from django.http import HttpRequest


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the template needs."""
    return context
