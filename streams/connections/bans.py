"""The bans that hold, in memory: asked at every opening, so the database is not."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from streams.errors import Banned
from streams.models import Ban, BanKind


class BanList:
    """What was last loaded; a ban that has run out bans nobody, even if nothing was loaded since."""

    def __init__(self) -> None:
        self._bans: dict[tuple[str, str], Ban] = {}

    def __len__(self) -> int:
        return len(self._bans)

    def hold(self, bans: Iterable[Ban]) -> None:
        """Let these be all; of several for the same the longest counts."""
        self._bans = {(ban.kind, ban.value): ban for ban in sorted(bans, key=lambda ban: ban.until)}

    def check(self, ids: Iterable[str], address: str) -> None:
        """Raise Banned, with the time and the reason, if one of the ids or the address is banned now."""
        if not self._bans:
            return
        now = timezone.now()
        for key in (*((BanKind.WHO.value, one) for one in ids), (BanKind.ADDRESS.value, address)):
            ban = self._bans.get(key)
            if ban is not None and ban.until > now:
                raise Banned(_told(ban, now), retry_after_s=(ban.until - now).total_seconds())


def _told(ban: Ban, now: datetime) -> str:
    until = f"{ban.until:%H:%M} UTC" if ban.until.date() == now.date() else f"{ban.until:%Y-%m-%d %H:%M} UTC"
    what = "you are" if ban.kind == BanKind.WHO else f"the address {ban.value} is"
    return f"{what} banned here until {until}" + (f": {ban.reason}" if ban.reason else "")


def load_bans() -> list[Ban]:
    """Those that hold. Touches the database."""
    return list(Ban.objects.active(timezone.now()))
