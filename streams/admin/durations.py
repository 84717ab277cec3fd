"""Times as a person reads them in a table."""

from datetime import datetime

from django.utils import timezone

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def lasting(seconds: float) -> str:
    """``3 d 4 h``, ``12 min 3 s``, ``0 s``: the two largest units."""
    rest = int(max(seconds, 0))
    parts: list[str] = []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def ago(moment: datetime | None) -> str:
    """``3 s ago``; ``never``."""
    return "never" if moment is None else f"{lasting((timezone.now() - moment).total_seconds())} ago"
