"""The processes that died, and the connections that ended long ago: swept by the one process that holds the lease."""

from datetime import timedelta

from django.utils import timezone

from streams.conf import get_settings
from streams.models import Ban, LiveConnection, Process

AT_ONCE = 2_000  # rows of one deleting statement
BAN_KEPT = timedelta(days=90)  # after its end


def end_the_dead() -> int:
    """Close the connections of processes that died; how many. Touches the database."""
    now = timezone.now()
    open_rows = LiveConnection.objects.filter(process__in=Process.objects.dead(now), closed_at=None)
    return open_rows.update(closed_at=now, close_reason="died")


def delete_old() -> int:
    """Delete rows of what ended more than ``connections_keep_s`` ago; how many. Touches the database."""
    now = timezone.now()
    before = now - timedelta(seconds=get_settings().connections_keep_s)
    old = LiveConnection.objects.filter(closed_at__lt=before).order_by("closed_at").values_list("pk", flat=True)
    deleted, _ = LiveConnection.objects.filter(pk__in=list(old[:AT_ONCE])).delete()
    for process in Process.objects.filter(expires_at__lt=before)[:AT_ONCE]:
        if not process.connections.exists():
            process.delete()
    Ban.objects.filter(until__lt=now - BAN_KEPT).delete()
    return deleted
