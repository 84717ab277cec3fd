"""The topics that the server itself writes; nobody else may publish to them (``wire.names.is_own``)."""

from streams.models import Topic, Visibility
from streams.wire.names import COMMANDS, OPERATION, VITALS

RETAIN_S = 3_600
ABOUT = {
    VITALS: ("The server's own vital signs, once a second", Visibility.MEMBERS),
    OPERATION: ("Who is slow, which topics are busy and who has left: for the staff", Visibility.PRIVATE),
    COMMANDS: ("What one process asks of the others", Visibility.PRIVATE),
}


def ensure_own_topics() -> None:
    """Make those that are missing; what somebody has changed of the others stays. Touches the database."""
    known = set(Topic.objects.filter(name__in=ABOUT).values_list("name", flat=True))
    for name in ABOUT.keys() - known:
        description, visibility = ABOUT[name]
        defaults = {"description": description, "visibility": visibility, "retain_s": RETAIN_S}
        Topic.objects.get_or_create(name=name, defaults=defaults)
