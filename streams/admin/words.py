"""How the admin writes numbers, sizes, times and money."""

import re
from datetime import datetime, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

UNITS = ("B", "KB", "MB", "GB", "TB")
SPANS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
NOTHING = "-"


def number(value: float | None) -> str:
    """``10,000,000``; a dash for nothing."""
    return NOTHING if value is None else intcomma(value if isinstance(value, int) else f"{value:g}")


def size(value: float | None) -> str:
    """``1.5 MB``, by thousands."""
    if value is None:
        return NOTHING
    unit = 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value, unit = value / 1_000, unit + 1
    return f"{value:.0f} {UNITS[unit]}" if unit == 0 or value >= 99.5 else f"{value:.1f} {UNITS[unit]}"


def lasting(seconds: float) -> str:
    """``3 d 4 h``, ``12 min 3 s``, ``0 s``: the two largest units."""
    rest = int(max(seconds, 0))
    parts: list[str] = []
    for unit, span in SPANS:
        count, rest = divmod(rest, span)
        if count or parts:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def duration(seconds: float | None) -> str:
    """``2 min 5 s``; of little more than nothing ``0.4 s``."""
    if seconds is None:
        return NOTHING
    return f"{seconds:.1f} s" if 0 < seconds < 9.95 else re.sub(r" 0 \w+$", "", lasting(seconds))


def ago(moment: datetime | None, now: datetime | None = None) -> SafeString | str:
    """How long ago, with the moment itself for those who point at it."""
    if moment is None:
        return NOTHING
    seconds = ((now or timezone.now()) - moment) / timedelta(seconds=1)
    told = "now" if -2 < seconds < 1 else f"{lasting(seconds)} ago" if seconds > 0 else f"in {lasting(-seconds)}"
    iso = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return format_html('<time datetime="{}" title="{}" class="whitespace-nowrap">{}</time>', iso, exact(moment), told)


def exact(moment: datetime | None) -> str:
    """``2026-11-23 14:05:07 UTC``."""
    return NOTHING if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def money(usd: float | None) -> str:
    """``$1.25``, and of small sums as many places as say something."""
    if usd is None:
        return NOTHING
    return f"${usd:,.2f}" if usd == 0 or usd >= 1 else f"${usd:.4f}"


def mono(text: Any) -> SafeString:
    """A name or an id, in letters of one width."""
    return format_html('<code class="mono">{}</code>', text)


def link(url: str, text: Any) -> SafeString:
    """A link within the admin's tables."""
    return format_html('<a class="link" href="{}">{}</a>', url, text)
